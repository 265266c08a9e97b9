"""What a network learns to give, as all others know it: targets, loss, metric, and what is told of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from rich.table import Table
from torch import Tensor

from ressq_edge.findings.metric import Metric

if TYPE_CHECKING:
    from ressq_edge.data.augment import Geometry


@dataclass(frozen=True)
class Findings:
    """What the best weights make of the validation samples, for summary.md.

    headline: the main figure and how sure it is.
    notes: what a person should know of the answers.
    plots: (title, file name) of pictures that were drawn into the run folder.
    table: rows of a Markdown table: the samples, and how each kind fared.
    """

    headline: str
    notes: Sequence[str]
    plots: Sequence[tuple[str, str]]
    table: Sequence[str]


class Task(Protocol):
    """What a network learns to give."""

    @property
    def metric(self) -> Metric:
        """What is measured besides the loss."""

    @property
    def checks_labels(self) -> bool:
        """Whether suspects.html is made: a sample's label can be doubted by itself."""

    def view_target(self, target: Any, geometry: Geometry) -> Any:
        """The target of a view that was cut out of the picture by this geometry."""

    def to_tensor(self, targets: Sequence[Any]) -> Tensor:
        """The targets of some samples, as the losses want them."""

    def weigh(self, targets: Sequence[Any]) -> float:
        """What the loss of these samples weighs against that of others."""

    def train_loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """The loss that the gradient follows: weighted and smoothed; a mean over the samples."""

    def val_loss(self, outputs: Tensor, targets: Tensor) -> float:
        """The loss that the best epoch is chosen by."""

    def credit(self, outputs: Tensor, targets: Tensor) -> float:
        """The metric's sum over these samples: credit / samples is what a training epoch shows."""

    def measure(self, outputs: Tensor, targets: Tensor) -> float:
        """The metric over all validation samples."""

    def introduce(self) -> Table:
        """What there is to learn from, for the screen."""

    def find(self, outputs: Tensor, folder: Path) -> Findings:
        """What is told of the validation samples' outputs; plots are drawn into the run folder.

        Raises:
            OutputError: a plot cannot be written.
        """
