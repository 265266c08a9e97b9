"""What int8 costs a class map: how much less the mIoU is than float's, on the same pictures (docs/decisions/0036)."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from ressq_export.measurement.class_map import PixelAnswer, Truth
from ressq_export.measurement.pixel_counts import (
    Counts,
    Floats,
    class_ious,
    draw,
    mean_known,
    percentiles,
    sum_draws,
    sum_groups,
)

_MOST = 10**9  # pictures; nobody labels more


@dataclass(frozen=True)
class PixelDrop:
    """Of mIoU, what was lost on the same pictures; shares 0..1, positive where the second answers worse.

    n: pictures.
    units: what was drawn anew for the interval: groups where they are known, else pictures.
    drop: the mean over the classes that the truth holds of the IoU of the first less that of the second.
    low, high: its 95 % interval, -1 and 1 for a single unit.
    agreement: share of the pixels with the same class, right or wrong.
    """

    n: int
    units: int
    drop: float
    low: float
    high: float
    agreement: float

    def is_unsure(self, max_drop: float) -> bool:
        """Whether the pictures are too few to tell a drop of `max_drop` (a share) from none."""
        return self.high - self.low > 2 * max_drop

    def exceeds(self, max_drop: float) -> bool:
        """Whether more than `max_drop` (a share) is lost; where that is unsure only if anything is lost for sure."""
        return self.drop > max_drop and not (self.is_unsure(max_drop) and self.low <= 0)

    def pictures_needed(self, width: float) -> int:
        """How many make the interval no wider than this: four times as many halve it."""
        return min(_MOST, max(self.n, math.ceil(self.n * ((self.high - self.low) / width) ** 2)))


def measure_pixel_drop(
    before: Sequence[PixelAnswer],
    after: Sequence[PixelAnswer],
    truths: Iterable[Truth],
    labels: int,
    groups: Sequence[int] = (),
) -> PixelDrop:
    """What one file's maps lose beside another's, with an interval by the bootstrap."""
    known = tuple(truths)
    counts = [
        np.stack([answer.count(truth, labels) for answer, truth in zip(answers, known, strict=True)])
        for answers in (before, after)
    ]
    return compare_counts(counts[0], counts[1], share_same(before, after), groups)


def compare_counts(before: Counts, after: Counts, agreement: float, groups: Sequence[int] = ()) -> PixelDrop:
    """The same from counts (pictures, 3, classes)."""
    n = len(before)
    units = [sum_groups(counts, groups) for counts in (before, after)]
    drawn = draw(len(units[0]))
    drop = float(_lost(before.sum(0), after.sum(0)))
    values = _lost(sum_draws(drawn, units[0]), sum_draws(drawn, units[1]))
    low, high = percentiles(drop, values, len(units[0]))
    return PixelDrop(n, len(units[0]), 0.0 if math.isnan(drop) else drop, max(-1.0, low), min(1.0, high), agreement)


def _lost(before: Counts | Floats, after: Counts | Floats) -> Floats:
    """The mean over the truth's classes: a class that only an answer holds takes its pixels from another's IoU."""
    lost = class_ious(before) - class_ious(after)
    return mean_known(np.where(np.asarray(before)[..., 1, :] > 0, lost, np.nan))


def share_same(before: Sequence[PixelAnswer], after: Sequence[PixelAnswer]) -> float:
    """Share of all pixels that have the same class in both."""
    return float(np.mean([same_pixels(*pair) for pair in zip(before, after, strict=True)]))


def same_pixels(before: PixelAnswer, after: PixelAnswer) -> float:
    """Share of a picture's pixels that have the same class in both."""
    return float((before.classes.unpack() == after.classes.unpack()).mean())
