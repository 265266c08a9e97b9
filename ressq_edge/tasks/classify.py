"""Classify: a sample's target is the index of its class."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F  # noqa: N812 - PyTorch's own name for it
from rich.table import Table
from rich.text import Text
from torch import Tensor

from ressq_edge.charts.run import draw_confusion
from ressq_edge.data.split import PARTS
from ressq_edge.findings.intervals import share_interval
from ressq_edge.findings.metric import Metric
from ressq_edge.findings.unanswered import tell_unanswered
from ressq_edge.tasks.task import Asked, Findings

if TYPE_CHECKING:
    from ressq_edge.config import Config
    from ressq_edge.data.augment import Geometry
    from ressq_edge.data.split import Split


class Classify:
    """One class a sample, by the largest of its logits; rare classes weigh more in the loss.

    Fields: class_weights, float32 (classes,); see also `tasks.Task`.
    """

    metric = Metric("top1", "top-1")
    asked_at_once = 64
    checks_labels = True

    def __init__(self, split: Split, config: Config) -> None:
        self._split, self._config = split, config

    @cached_property
    def class_weights(self) -> Tensor:
        """float32 (classes,): the loss weight of each class."""
        return class_weights(self._split.counts("train"), self._config.balance)

    @cached_property
    def _truths(self) -> Tensor:
        """int64 (N,): of the validation samples."""
        return self.to_tensor([label for _, label in self._split.val])

    def view_target(self, target: int, _: Geometry) -> int:
        """The class of the whole picture."""
        return target

    def to_tensor(self, targets: Sequence[int]) -> Tensor:
        """int64 (N,)."""
        return torch.tensor(targets, dtype=torch.int64)

    def weigh(self, targets: Sequence[int]) -> float:
        """The sum of the weights of their classes."""
        return sum(self.class_weights[target].item() for target in targets)

    def train_loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Cross entropy of float32 (N, classes) logits, weighted by class, with smoothed labels."""
        weights = self.class_weights.to(outputs.device)
        return F.cross_entropy(outputs, targets, weights, label_smoothing=self._config.label_smoothing)

    def keep(self, outputs: Tensor, _: Sequence[int]) -> Tensor:
        """The logits themselves."""
        return outputs

    def val_loss(self, kept: Tensor) -> float:
        """Plain cross entropy, nats."""
        return F.cross_entropy(kept, self._truths).item()

    def credit(self, outputs: Tensor, targets: Tensor) -> float:
        """Samples whose largest logit is their class's."""
        return int((outputs.argmax(1) == targets).sum())

    def measure(self, kept: Tensor) -> float:
        """Top-1, a share."""
        return (kept.argmax(1) == self._truths).double().mean().item()

    def introduce(self) -> Table:
        """Pictures or windows of each class in each part, and the loss weight that balances them."""
        split = self._split
        counts = {part: split.counts(part) for part in PARTS if split.samples(part)}
        return class_table(split.labels, counts, self.class_weights.tolist())

    def find(self, kept: Tensor, folder: Path, _: Callable[[int], Asked] | None) -> Findings:
        """Top-1 with its interval, classes that are never answered rightly, and the confusion matrix."""
        split = self._split
        called, truths = kept.argmax(1), self._truths
        confusion = confusion_matrix(called, truths, len(split.labels))
        draw_confusion(folder / "confusion.png", confusion.tolist(), split.labels)
        grouped = self._config.group_by is not None
        return Findings(
            tell_share((called == truths).tolist(), split.groups_of("val"), grouped, split.noun),
            tell_unanswered(split.labels, confusion.sum(1).tolist(), confusion.diag().tolist()),
            [("confusion matrix", "confusion.png")],
            self._rows(confusion),
        )

    def _rows(self, confusion: Tensor) -> list[str]:
        split, weights = self._split, self.class_weights.tolist()
        counts = [split.counts(part) for part in PARTS]
        rows = ["| class | train | val | test | loss weight | val recall |", "|---|---:|---:|---:|---:|---:|"]
        for index, label in enumerate(split.labels):
            shown = label.replace("|", "\\|")
            numbers = " | ".join(str(found[index]) for found in counts)
            recall = int(confusion[index, index]) / int(confusion[index].sum())
            rows.append(f"| {shown} | {numbers} | {weights[index]:.2f} | {recall:.1%} |")
        total = " | ".join(f"**{sum(found)}**" for found in counts)
        return [*rows, f"| **all** | {total} | | |"]


def confusion_matrix(predicted: Tensor, labels: Tensor, classes: int) -> Tensor:
    """int64 (classes, classes): how many pictures of the row's class were called the column's."""
    return torch.bincount(labels * classes + predicted, minlength=classes**2).view(classes, classes)


def tell_share(right: Sequence[bool], groups: Sequence[int], grouped: bool, noun: str = "picture") -> str:
    """How many validation pictures are right, and how sure that is.

    Args:
        right: of each picture.
        groups: the group of each picture, where they are known.
        grouped: pictures hang together, known how or not.
        noun: what one of them is called.
    """
    low, high = share_interval(right, groups)
    count, sure = len(set(groups)), f"95 % interval {low:.1%} to {high:.1%}"
    if count == 1:
        sure = "no interval can be had: one group tells nothing of others"
    elif count:
        sure += " over groups"
    elif grouped:
        sure += ", too narrow: pictures of one group count as independent, as the run began before groups were kept"
    of = f" of {count} group{'s'[: count > 1]}" if count else ""
    return f"**{sum(right) / len(right):.1%} of {len(right)} validation {noun}s{of} right** (top-1; {sure})"


def class_table(labels: tuple[str, ...], counts: dict[str, list[int]], weights: list[float]) -> Table:
    """Pictures of each class in each part, and the loss weight that balances them."""
    table = Table(title="Classes", title_justify="left", caption_justify="left")
    table.add_column("class")
    for part in counts:
        table.add_column(part, justify="right")
    table.add_column("loss weight", justify="right")
    for index, label in enumerate(labels):
        numbers = (str(found[index]) for found in counts.values())
        table.add_row(Text(label), *numbers, f"{weights[index]:.2f}")
    table.add_section()
    table.add_row("all", *(str(sum(found)) for found in counts.values()), "")
    return table


def class_weights(counts: Sequence[int], power: float) -> Tensor:
    """float32 (classes,): n ** -power for a class of n samples, scaled so that samples weigh 1 on average.

    power: 0 leaves every sample at 1, 1 lets every class weigh the same. Between them (0.5) a class
    of ten samples is heard without a handful of odd ones steering the network.
    """
    samples = torch.tensor(counts, dtype=torch.float32)
    weights = samples**-power
    return weights * (samples.sum() / (weights * samples).sum())
