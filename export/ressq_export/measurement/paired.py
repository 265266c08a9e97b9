"""What int8 costs: both files answer the same pictures, so only those count that just one of them gets right.

The interval is Tango's score interval for a difference of paired proportions (Statistics in Medicine 17, 1998,
891-908): it holds its 95 % with few pictures and with none that differ, where the usual +- 1.96 standard
errors would be +- 0. Without discordant pictures it is Wilson's.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ressq_runtime.intervals import Z95

_HALVINGS = 50
_MOST = 10**9  # pictures; nobody labels more

Answers = NDArray[np.int64]


class Difference(Protocol):
    """What a metric, whatever it is, loses from one file to another on the same pictures: what the gate judges."""

    @property
    def n(self) -> int:
        """Pictures."""

    @property
    def drop(self) -> float:
        """What is lost, a share; negative where the second file is better."""

    @property
    def low(self) -> float:
        """Where its 95 % interval begins."""

    @property
    def high(self) -> float:
        """Where its 95 % interval ends."""

    @property
    def agreement(self) -> float:
        """Share of the answers that are the same."""

    def is_unsure(self, max_drop: float) -> bool:
        """Whether the pictures are too few to tell a drop of `max_drop` (a share) from none."""

    def exceeds(self, max_drop: float) -> bool:
        """Whether more than `max_drop` (a share) is lost; where that is unsure only if anything is lost for sure."""

    def pictures_needed(self, width: float) -> int:
        """How many pictures would make the interval no wider than this."""


@dataclass(frozen=True)
class Drop:
    """Of right answers, what was lost on the same pictures; shares 0..1, positive where the second answers worse.

    n: pictures.
    lost, gained: pictures that only the first, only the second, gets right.
    drop: (lost - gained) / n.
    low, high: its 95 % interval.
    agreement: share of the pictures with the same answer, right or wrong.
    """

    n: int
    lost: int
    gained: int
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
        """How many make the interval no wider than this, were as large a share discordant as was found."""
        enough = self.n
        while self._width_of(enough) > width and enough < _MOST:
            enough *= 2
        few = self.n - 1  # that one is not known to be too few does no harm
        while enough - few > 1:
            middle = (few + enough) // 2
            if self._width_of(middle) > width:
                few = middle
            else:
                enough = middle
        return enough

    def _width_of(self, n: int) -> float:
        low, high = drop_interval(n, self.lost * n / self.n, self.gained * n / self.n)
        return high - low


def measure_drop(before: Answers, after: Answers, truths: Answers) -> Drop:
    """From one classifier's top-1 answers to another's, label indices of the same pictures (at least one)."""
    n = len(truths)
    lost = int(((before == truths) & (after != truths)).sum())
    gained = int(((before != truths) & (after == truths)).sum())
    low, high = drop_interval(n, lost, gained)
    return Drop(n, lost, gained, (lost - gained) / n, low, high, float((before == after).mean()))


def drop_interval(n: float, lost: float, gained: float) -> tuple[float, float]:
    """The differences in accuracy that a two-sided 5 % score test does not reject.

    Args:
        n: pictures; this and the others need not be whole.
        lost: that only the first gets right.
        gained: that only the second gets right.
    """
    low = -_upper_limit(n, gained, lost)
    return low, _upper_limit(n, lost, gained)


def _upper_limit(n: float, lost: float, gained: float) -> float:
    """Where the score falls to -Z95; it falls all the way from the estimate to 1."""
    low, high = (lost - gained) / n, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if _score(n, lost, gained, middle) > -Z95:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _score(n: float, lost: float, gained: float, drop: float) -> float:
    """Standard errors between what was counted and a true drop, at that drop's most likely number of gains."""
    b = (2 * n - lost + gained) * drop - lost - gained
    c = -gained * drop * (1 - drop)
    share = (math.sqrt(max(b * b - 8 * n * c, 0.0)) - b) / (4 * n)
    variance = n * (2 * share + drop * (1 - drop))
    difference = lost - gained - n * drop
    return difference / math.sqrt(variance) if variance > 0 else -math.inf


def say_needed(drops: Iterable[Difference], max_drop: float, photos: int = 0) -> str:
    """How many pictures would tell a drop of `max_drop` (a share) from none, as words.

    Args:
        drops: what each file lost on the validation split.
        max_drop: a share.
        photos: of which the split is a part; 0 where that is not known.
    """
    found = list(drops)
    needed = max(drop.pictures_needed(2 * max_drop) for drop in found)
    in_all = f", {rounded_up(needed * photos // found[0].n):,} photos in all" if photos else ""
    return f"to tell {100 * max_drop:g} points takes about {rounded_up(needed):,} validation pictures{in_all}"


def rounded_up(number: int) -> int:
    """To two digits: 1336 -> 1400; no estimate is better than that."""
    step = int("1" + "0" * (len(str(number)) - 2))
    return -(-number // step) * step
