"""What other thresholds would make of the same answers: the more is given up, the more of the rest is right."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

# To choose from, beside the file's own; 0 answers all. Finer ones would tell no more: the pictures are hundreds.
COMMON = (0.0, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99)


@dataclass(frozen=True)
class OperatingPoint:
    """A threshold and what it does to labelled pictures; shares 0..1.

    threshold   answered is what has at least this probability
    answered    pictures
    coverage    share of all pictures
    top1        share of those answered that is right; None where none is answered
    top1_low, top1_high   its 95 % interval
    """

    threshold: float
    answered: int
    coverage: float
    top1: float | None
    top1_low: float | None
    top1_high: float | None


def list_points(
    sure: Sequence[float],
    right: Sequence[bool],
    own: float,
    interval: Callable[[Sequence[int]], tuple[float, float]],
) -> tuple[OperatingPoint, ...]:
    """What the common thresholds and the file's own do, lowest first.

    Args:
        sure: probability of each picture's best answer; one or more.
        right: whether it is the right one.
        own: the file's threshold; 0: none.
        interval: 95 % interval of the share that is right among the pictures with these indices.
    """
    return tuple(_measure(threshold, sure, right, interval) for threshold in sorted({*COMMON, own}))


def _measure(
    threshold: float,
    sure: Sequence[float],
    right: Sequence[bool],
    interval: Callable[[Sequence[int]], tuple[float, float]],
) -> OperatingPoint:
    answered = [index for index, probability in enumerate(sure) if probability >= threshold]
    n = len(answered)
    if not n:
        return OperatingPoint(threshold, 0, 0.0, None, None, None)
    return OperatingPoint(threshold, n, n / len(sure), sum(right[index] for index in answered) / n, *interval(answered))
