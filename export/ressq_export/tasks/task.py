"""What a network answers, as all others know it: how files are compared and measured, and what is told of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from ressq_export.measurement.confidence import Confidence
from ressq_export.measurement.fidelity import Fidelity
from ressq_export.measurement.paired import Difference
from ressq_export.measurement.scores import PictureSet, Scored, Scores

if TYPE_CHECKING:
    from ressq_edge.data.split import Split
    from ressq_export.network.input_tensor import Spec
    from ressq_runtime.engines.tensor import Tensor as Output


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

    @property
    def counted(self) -> str:
        """What `count_confusion` counts, in a person's words."""

    @property
    def pairs_groups(self) -> bool:
        """Whether the interval of `measure_drop` is over groups, where they are known."""

    @property
    def tells_unlike(self) -> bool:
        """Whether its files have an out-of-distribution score."""

    def open_target(self, target: Any, data: Path, split: Split) -> Any:
        """A sample's target as the methods below take it, of what stands in the split of a run on `data`."""

    def read(self, outputs: Mapping[str, Output], pixels: bytes) -> Any:
        """The answer of a file to these pixels: what is kept of its outputs, as small as can be."""

    def read_logits(self, logits: Tensor, pixels: bytes, temperature: float) -> Any:
        """The same of the trained network's logits."""

    def stack(self, answers: Sequence[Any]) -> Scores:
        """The answers of one file to many pictures; a slice of it is one of the first pictures."""

    def keep_logits(self, logits: Tensor, pixels: bytes) -> Any:
        """What `fit_confidence` wants of the trained network's logits for one picture."""

    def fit_confidence(self, kept: Sequence[Any], targets: Any) -> Confidence:
        """The temperature of least loss on the validation pictures."""

    def list_samples(self, folder: Path, split: Split, spec: Spec | None = None) -> list[tuple[Path, Any]]:
        """(file, target) of each in a folder to evaluate on; split: of the run; spec: of the input, None: pictures.

        Raises:
            FolderError: the folder holds no samples of this task.
            RessqError: they can't be read, or are not of the run's classes.
        """

    def measure_drop(self, before: Scores, after: Scores, targets: Any, groups: Sequence[int] = ()) -> Difference:
        """What the metric loses from one file's scores to another's, of the same pictures and their groups."""

    def count_confusion(self, answers: Scores, targets: Any) -> NDArray[np.int64]:
        """(classes, classes): how often the row's class was called the column's."""

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
        self, document: Mapping[str, Any], described: Mapping[str, Any], drawn: Mapping[int, Any]
    ) -> Mapping[str, Any]:
        """What TASK_set.html shows of an entry of `sets`.

        Args:
            document: the certificate.
            described: the entry.
            drawn: what `draw_set` gives; empty where no picture may be shown.
        """

    def draw_set(self, pictures: PictureSet, spec: Spec) -> Mapping[int, Any]:
        """Small pictures, as data URIs, of those whose answers changed most, by their number in the entry of `sets`.

        Raises:
            PictureError: one can't be read.
        """

    def show_tiles(self, document: Mapping[str, Any], shown: str) -> list[tuple[str, str, str]]:
        """The two figures at the head of the page: name, value, what to compare with; shown: the file they are of."""

    def tell_drops(self, described: Mapping[str, Any]) -> list[str]:
        """A sentence on what each int8 file lost, of an entry of `sets`."""

    def tell(self, scored: Scored) -> list[str]:
        """Notes on the answers to the validation split: what the metric hides."""

    def tell_one_sided(self, here: Scores, usual: Scores) -> list[str]:
        """What tells calibration pictures from training pictures by fp32's scores, each as a clause about "them"."""
