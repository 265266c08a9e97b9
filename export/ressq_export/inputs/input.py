"""What goes into a network, as all others know it: how samples are read, checked, described and shown."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol


class Input(Protocol):
    """A kind of samples, each known by a path: a picture's file, or a recording's and `#` and the window's number."""

    def read(self, sample: Path) -> bytes:
        """What the network takes of a sample.

        Raises:
            RessqError: it cannot be read.
        """

    def check_folder(self, folder: Path) -> None:
        """A folder that --calibration names can be calibrated on.

        Raises:
            CalibrationError: this kind takes none.
        """

    def check_calibration(self, samples: Sequence[bytes], folder: Path) -> None:
        """Samples tell something about the layers; folder: where they come from.

        Raises:
            CalibrationError: they do not.
        """

    def draw(self, sample: Path) -> str:
        """A small picture of it as a data URI; empty where a kind has none."""

    def describe_size(self) -> dict[str, object]:
        """The certificate's `model.size`, and what it counts."""

    def describe_onnx(self) -> dict[str, str]:
        """The properties that other ONNX tools read."""

    def file_of(self, sample: Path) -> Path:
        """The file that it is in."""

    def cut(self, samples: Sequence[tuple[Path, int]]) -> list[tuple[Path, int]]:
        """The samples in labelled files.

        Raises:
            RessqError: one cannot be read.
        """
