"""What a network answers, as all others know it: how files are compared and measured, and what is told of them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from ressq_export.measurement.fidelity import Fidelity
from ressq_export.measurement.paired import Difference
from ressq_export.measurement.scores import PictureSet, Scored, Scores

# Pictures with changed answers: more would make a page of megabytes; the JSON lists all.
MOST_SHOWN = 48


class Measured(Protocol):
    """A file's metric on some pictures, with its interval; a dataclass."""

    @property
    def n(self) -> int:
        """Pictures."""

    @property
    def columns(self) -> tuple[str, ...]:
        """The heads of its columns in a table."""

    def cells(self, *, reference: bool) -> tuple[str, ...]:
        """For its columns; the reference stands beside nothing."""

    def to_json(self) -> dict[str, object]:
        """For a row of `ressq-export --json`."""


class Task(Protocol):
    """What a network answers."""

    @property
    def metric(self) -> str:
        """What the gate judges, in a person's words; differences of it are in points."""

    def list_samples(self, folder: Path) -> list[tuple[Path, Any]]:
        """(picture, target) of each in a folder to evaluate on.

        Raises:
            FolderError: the folder holds no samples of this task.
        """

    def measure_drop(self, before: Scores, after: Scores, targets: Any) -> Difference:
        """What the metric loses from one file's scores to another's, of the same pictures."""

    def measure_fidelity(self, before: Scores, after: Scores) -> Fidelity:
        """How faithfully the second file answers as the first, on pictures whose targets need not be known."""

    def measure(self, scored: Scored) -> Mapping[str, Measured]:
        """The metric of each file, by its name."""

    def describe_card(self) -> dict[str, object]:
        """What the cards of all files say of the task: `task` and what belongs to it."""

    def describe_file(self, scored: Scored, kind: str) -> dict[str, object]:
        """What the card of one file says of its answers to the validation split."""

    def describe_onnx(self) -> dict[str, str]:
        """The properties that other ONNX tools read."""

    def describe_set(
        self, pictures: PictureSet, cards: Mapping[str, dict[str, object]], *, named: bool
    ) -> dict[str, Any]:
        """An entry of `sets` in docs/certificate.md; without `named` no picture's name is in it.

        cards: of the published files, by kind.
        """

    def show_set(
        self, document: Mapping[str, Any], described: Mapping[str, Any], thumbnails: Mapping[int, str]
    ) -> Mapping[str, Any]:
        """What TASK_set.html shows of an entry of `sets`.

        Args:
            document: the certificate.
            described: the entry.
            thumbnails: data URIs of the first MOST_SHOWN of `list_changed`, by their number there.
        """

    def list_changed(self, scored: Scored) -> list[int]:
        """Indices of the pictures that an int8 file answers otherwise than torch, those lost first."""

    def tell_drops(self, described: Mapping[str, Any]) -> list[str]:
        """A sentence on what each int8 file lost, of an entry of `sets`."""

    def tell(self, scored: Scored) -> list[str]:
        """Notes on the answers to the validation split: what the metric hides."""

    def tell_one_sided(self, here: Scores, usual: Scores) -> list[str]:
        """A note where calibration pictures are not of the kind that the training pictures are, by fp32's scores."""
