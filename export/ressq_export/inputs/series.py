"""Recordings: a sample is one of their windows, called by the recording's path, `#` and its number from 0."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from ressq_export.errors import CalibrationError
from ressq_runtime.inputs.recording import read_recording, windows
from ressq_runtime.inputs.series_spec import SeriesSpec

_KEPT = 256  # recordings in memory: samples are drawn from all of them in turn


@dataclass(frozen=True)
class Series:
    """Windows as a network with this input takes them."""

    spec: SeriesSpec

    def read(self, sample: Path) -> bytes:
        """float32 values row by row, by the runtime's own functions."""
        recording, _, number = str(sample).rpartition("#")
        return _cut(recording, self.spec)[int(number)]

    def check_folder(self, folder: Path) -> None:
        """None is taken.

        Raises:
            CalibrationError: always.
        """
        raise CalibrationError(
            f"--calibration: found {folder}, wanted none: a model of recordings is calibrated on windows of its own "
            "training recordings; leave it out"
        )

    def check_calibration(self, samples: Sequence[bytes], folder: Path) -> None:
        """Training has refused channels that never change."""

    def draw(self, sample: Path) -> str:  # noqa: ARG002 - as Input has it
        """None: the window's name is shown."""
        return ""

    def describe_size(self) -> dict[str, object]:
        """`size`: samples of a window and channels."""
        return {"size": [self.spec.length, len(self.spec.channels)], "unit": "samples and channels"}

    def describe_onnx(self) -> dict[str, str]:
        """The channels and their rate."""
        return {"channels": str([*self.spec.names]), "rate": f"{self.spec.rate:g}"}

    def file_of(self, sample: Path) -> Path:
        """Its recording."""
        return Path(str(sample).rpartition("#")[0])

    def cut(self, samples: Sequence[tuple[Path, int]]) -> list[tuple[Path, int]]:
        """All windows of the recordings.

        Raises:
            RecordingError: one cannot be read.
        """
        return [
            (path.with_name(f"{path.name}#{number}"), label)
            for path, label in samples
            for number in range(len(_cut(str(path), self.spec)))
        ]


@lru_cache(_KEPT)
def _cut(path: str, spec: SeriesSpec) -> tuple[bytes, ...]:
    recording = read_recording(path, spec.names, spec.rate)
    return tuple(
        bytes(found) for _, _, found in windows(recording.stretches, len(spec.channels), spec.length, spec.hop)
    )
