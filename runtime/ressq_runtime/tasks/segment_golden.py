"""The self-test of a segmentation: what a class map and its scores were, so that another interpreter's are known."""

from __future__ import annotations

from ressq_runtime.artefact.card import SCORES
from ressq_runtime.errors import ArtefactError
from ressq_runtime.tasks.segment_counts import CLASSES, read_classes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from ressq_runtime.engines.tensor import Tensor
    from ressq_runtime.tasks.segment import Segment

POINTS = 16  # a side: so many are read of a class map, at even distances
# Kernels that round otherwise move the lines between classes, nowhere else; of noise there are many lines.
MOST_MOVED = 0.05  # share of the points
LARGEST_DRIFT = 0.02  # of a class's mean score


def make_golden(outputs: Mapping[str, Tensor], shape: tuple[int, int]) -> dict[str, object]:
    """`classes`, at POINTS x POINTS points of the class map, row by row, and `scores`, the mean score of each class."""
    return {CLASSES: _read_points(outputs, shape), SCORES: [round(mean, 7) for mean in _read_means(outputs)]}


def check_golden(task: Segment, case: Mapping[str, Any], outputs: Mapping[str, Tensor], by: str) -> None:
    """Compares outputs that `by` computed with a case of the card.

    Raises:
        ArtefactError: too many points have another class, or a mean score moved by more than rounding.
    """
    name, found, wanted = f"{task.path}: self-test {case['seed']}", _read_points(outputs, task.shape), case[CLASSES]
    if len(wanted) != len(found):
        raise ArtefactError(f"{name}: found {len(wanted)} points in the card, wanted {len(found)}; export it again")
    moved = sum(one != other for one, other in zip(found, wanted, strict=True)) / len(found)
    if moved > MOST_MOVED:
        raise ArtefactError(
            f"{name}: class maps differ (at {moved:.0%} of {len(found)} points, allowed {MOST_MOVED:.0%}); "
            f"{by} computes otherwise: try --engine"
        )
    for label, mean, before in zip(task.labels, _read_means(outputs), case[SCORES], strict=True):
        if not abs(mean - before) <= LARGEST_DRIFT:
            raise ArtefactError(
                f"{name}: scores differ (found {mean:.4g} for {label} on average, wanted {before:.4g}, allowed "
                f"{LARGEST_DRIFT:g} more or less); {by} computes otherwise: try --engine"
            )


def _read_points(outputs: Mapping[str, Tensor], shape: tuple[int, int]) -> list[int]:
    width = shape[1]
    rows, columns = ([(2 * n + 1) * side // (2 * POINTS) for n in range(POINTS)] for side in shape)
    classes = read_classes(outputs)
    return [classes[row * width + column] for row in rows for column in columns]


def _read_means(outputs: Mapping[str, Tensor]) -> list[float]:
    values, count = outputs[SCORES].values(), outputs[SCORES].shape[3]
    return [sum(values[index::count]) / (len(values) // count) for index in range(count)]
