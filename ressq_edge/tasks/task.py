"""What a network learns to give, as all others know it: targets, loss, metric, and what is told of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from rich.table import Table
from torch import Tensor

from ressq_edge.findings.metric import Metric

if TYPE_CHECKING:
    from ressq_edge.data.augment import Geometry


@dataclass(frozen=True)
class Asked:
    """A validation sample and what the best weights make of it.

    pixels: uint8 (H, W, 3) RGB, as the network sees it.
    target: its own, of the task's kind.
    outputs: (1, ...).
    """

    pixels: Tensor
    target: Any
    outputs: Tensor


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
    def asked_at_once(self) -> int:
        """Validation samples that the network is asked together."""

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

    def keep(self, outputs: Tensor, targets: Sequence[Any]) -> Tensor:
        """What is kept of some validation samples, a row each: outputs of all of them may not fit the memory."""

    def val_loss(self, kept: Tensor) -> float:
        """The loss that the best epoch is chosen by, of what was kept of all validation samples."""

    def credit(self, outputs: Tensor, targets: Tensor) -> float:
        """The metric's sum over these samples: credit / samples is what a training epoch shows."""

    def measure(self, kept: Tensor) -> float:
        """The metric over all validation samples."""

    def introduce(self) -> Table:
        """What there is to learn from, for the screen."""

    def find(self, kept: Tensor, folder: Path, ask: Callable[[int], Asked] | None) -> Findings:
        """What is told of the validation samples; plots are drawn into the run folder.

        ask: a validation sample by its number; None: no sample is to be shown.

        Raises:
            OutputError: a plot cannot be written.
        """
