"""What a run tells of its validation masks: mIoU and how sure it is, the classes, the confusion, some answers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch.nn.functional as F  # noqa: N812 - PyTorch's own name for it
from torch import Tensor

from ressq_edge.charts.masks import Shown, draw_masks
from ressq_edge.charts.run import draw_confusion
from ressq_edge.data.split import PARTS
from ressq_edge.findings.iou import class_f1s, class_ious, mean_iou, mean_iou_interval
from ressq_edge.tasks.task import Asked, Findings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ressq_edge.data.split import Split

_SHOWN = 4  # pictures: the worst, the best, and two between
_MOST_NAMED = 10  # classes


def find_masks(
    confusions: Tensor,
    split: Split,
    weights: Sequence[float],
    folder: Path,
    ask: Callable[[int], Asked] | None,
) -> Findings:
    """What is told of the validation masks; plots are drawn into the run folder.

    Args:
        confusions: int64 (N, classes, classes), of each picture.
        split: which pictures they are.
        weights: of each class in the loss.
        folder: the run's.
        ask: a validation sample by its number; None: no picture is to be shown.

    Raises:
        OutputError: a plot cannot be written.
    """
    total = confusions.sum(0)
    draw_confusion(folder / "confusion.png", total.tolist(), split.labels, shares=True)
    plots = [("confusion matrix", "confusion.png")]
    if ask is not None:
        shown = [_show(ask(number), confusions[number]) for number in _choose(confusions)]
        draw_masks(folder / "masks.png", shown, split.colours or (), split.labels)
        plots.append(("validation pictures, their masks and the answers", "masks.png"))
    return Findings(_headline(confusions, split), _tell_unfound(total, split), plots, _rows(total, split, weights))


def _headline(confusions: Tensor, split: Split) -> str:
    groups = split.groups_of("val")
    count = len(set(groups))
    found = mean_iou(confusions.sum(0))
    if count == 1:
        sure = "no interval can be had: one group tells nothing of others"
    else:
        low, high = mean_iou_interval(confusions, groups)
        sure = f"95 % interval {low:.1%} to {high:.1%}" + (" over groups" if count else "")
    of = f" of {count} group{'s'[: count > 1]}" if count else ""
    return f"**mIoU {found:.1%} of the pixels of {len(confusions)} validation pictures**{of} ({sure})"


def _tell_unfound(total: Tensor, split: Split) -> list[str]:
    """A note on each class of whose pixels none is found."""
    pixels, right = total.sum(1).tolist(), total.diag().tolist()
    never = [(label, n) for label, n, hits in zip(split.labels, pixels, right, strict=True) if n and not hits]
    notes = [f"{label}: none of its {n:,} validation pixels found" for label, n in never[:_MOST_NAMED]]
    absent = [label for label, n in zip(split.labels, pixels, strict=True) if not n]
    if absent:
        named = ", ".join(absent[:_MOST_NAMED]) + (", ..." if len(absent) > _MOST_NAMED else "")
        notes.append(f"{named}: absent in validation, where nothing is measured of it")
    return notes


def _choose(confusions: Tensor) -> list[int]:
    """The pictures that are shown, from the worst mIoU to the best."""
    scores = [mean_iou(confusion) for confusion in confusions]
    known = sorted((score, number) for number, score in enumerate(scores) if score == score)
    places = np.linspace(0, len(known) - 1, min(_SHOWN, len(known))).round().astype(int)
    return [known[place][1] for place in places]


def _show(asked: Asked, confusion: Tensor) -> Shown:
    truth = np.asarray(asked.target)
    large = F.interpolate(asked.outputs.float(), truth.shape, mode="bilinear", align_corners=False)
    return Shown(asked.pixels.numpy(), truth, large.argmax(1)[0].numpy().astype(np.uint8), mean_iou(confusion))


def _rows(total: Tensor, split: Split, weights: Sequence[float]) -> list[str]:
    parts = [part for part in PARTS if split.samples(part)]
    counts = {part: split.pixel_counts(part)[:-1] for part in parts}
    head = " | ".join(f"{part} pixels" for part in parts)
    rows = [f"| class | {head} | loss weight | val IoU | val F1 |", "|---|" + "---:|" * (len(parts) + 3)]
    ious, f1s = class_ious(total).tolist(), class_f1s(total).tolist()
    for index, label in enumerate(split.labels):
        shares = " | ".join(_share(counts[part][index], sum(counts[part])) for part in parts)
        measured = " | ".join("absent" if value != value else f"{value:.1%}" for value in (ious[index], f1s[index]))
        shown = label.replace("|", "\\|")
        rows.append(f"| {shown} | {shares} | {weights[index]:.2f} | {measured} |")
    return rows


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.2%}" if part else "absent"
