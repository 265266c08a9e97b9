"""IoU and F1 of classes, mIoU and its bootstrap, from three numbers a class and a picture.

A class that neither truth nor answer holds has no IoU, and counts in no mean.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ressq_edge.findings.intervals import t_quantile
from ressq_edge.findings.iou import IGNORED
from ressq_runtime.intervals import Z95

Counts = NDArray[np.int64]  # (..., 3, classes): pixels that are right, the truth's, the answer's
Floats = NDArray[np.float64]

DRAWS = 2000
_SEED = 0


def count(answer: NDArray[np.uint8], truth: NDArray[np.uint8], classes: int) -> Counts:
    """(3, classes): pixels of each class that are right, that the truth has, that the answer has; 255 is left out."""
    known = truth != IGNORED
    called, wanted = answer[known], truth[known]
    parts = (wanted[called == wanted], wanted, called)
    return np.array([np.bincount(part, minlength=classes) for part in parts], np.int64)


def count_pairs(answer: NDArray[np.uint8], truth: NDArray[np.uint8], classes: int) -> NDArray[np.int64]:
    """(classes, classes): pixels of the row's class that were called the column's; 255 is left out."""
    known = truth != IGNORED
    pairs = truth[known].astype(np.int64) * classes + answer[known]
    return np.bincount(pairs, minlength=classes**2).reshape(classes, classes)


def class_ious(counts: NDArray[np.generic]) -> Floats:
    """(..., classes), NaN where neither truth nor answer holds the class."""
    right, wanted, called = np.moveaxis(np.asarray(counts, np.float64), -2, 0)
    return _divide(right, wanted + called - right)


def class_f1s(counts: NDArray[np.generic]) -> Floats:
    """(..., classes), NaN where neither truth nor answer holds the class."""
    right, wanted, called = np.moveaxis(np.asarray(counts, np.float64), -2, 0)
    return _divide(2 * right, wanted + called)


def mean_known(values: Floats) -> Floats:
    """The mean over the last axis of what is a number; NaN where nothing is."""
    known = ~np.isnan(values)
    return _divide(np.where(known, values, 0.0).sum(-1), known.sum(-1).astype(np.float64))


def mean_iou(counts: NDArray[np.generic]) -> Floats:
    """The mean IoU of the classes that truth or answer holds; NaN where every pixel is ignored."""
    return mean_known(class_ious(counts))


def _divide(part: Floats, whole: Floats) -> Floats:
    found: Floats = np.divide(part, whole, out=np.full(np.shape(whole), np.nan), where=whole > 0)
    return found


def sum_groups(counts: Counts, groups: Sequence[int]) -> Counts:
    """(units, 3, classes): of pictures (pictures, 3, classes) the sums over each group; of no groups, as they are."""
    if not groups:
        return counts
    numbers, places = np.unique(np.array(groups), return_inverse=True)
    found = np.zeros((len(numbers), *counts.shape[1:]), np.int64)
    np.add.at(found, places, counts)
    return found


def draw(units: int) -> Floats:
    """(DRAWS, units): how often each unit is in each draw, with replacement; the same for equal numbers of units."""
    drawn = np.random.default_rng(_SEED).multinomial(units, np.full(units, 1 / units), DRAWS)
    return drawn.astype(np.float64)


def sum_draws(drawn: Floats, counts: Counts) -> Floats:
    """(DRAWS, 3, classes): the counts of each draw."""
    found: Floats = (drawn @ counts.reshape(len(counts), -1)).reshape(len(drawn), *counts.shape[1:])
    return found


def percentiles(estimate: float, values: Floats, units: int) -> tuple[float, float]:
    """The 95 % interval round an estimate, from its bootstrap values; what is no number is left out.

    Percentiles of few units are too narrow: they are stretched by Student's t, as a t interval is beside a normal one
    (Hesterberg, The American Statistician 69, 2015, 371-386).
    """
    known = values[~np.isnan(values)]
    if units < 2 or not len(known):
        return -np.inf, np.inf
    stretch = t_quantile(units - 1) / Z95 * (units / (units - 1)) ** 0.5
    low, high = np.quantile(known, [0.025, 0.975])
    return float(estimate - stretch * max(0.0, estimate - low)), float(estimate + stretch * max(0.0, high - estimate))


def mean_iou_interval(counts: Counts, groups: Sequence[int] = ()) -> tuple[float, float]:
    """95 % interval of the mIoU of pictures (pictures, 3, classes); (0, 1) for one picture, or one group."""
    units = sum_groups(counts, groups)
    values = mean_iou(sum_draws(draw(len(units)), units))
    low, high = percentiles(float(mean_iou(counts.sum(0))), values, len(units))
    return max(0.0, low), min(1.0, high)
