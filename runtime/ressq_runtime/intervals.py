"""Intervals of shares."""

from __future__ import annotations

import math

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

# Two-sided 95 %: the 0.975 quantile of the normal distribution.
Z95 = 1.959963984540054


def wilson(hits: float, n: float) -> tuple[float, float]:
    """95 % interval of a share, as fractions (Wilson 1927); (0, 1) for n = 0.

    Unlike the normal approximation it stays inside 0..1 and holds at 0 and n hits.
    """
    if n == 0:
        return 0.0, 1.0
    share, square = hits / n, Z95 * Z95
    centre = (share + square / (2 * n)) / (1 + square / n)
    half = Z95 / (1 + square / n) * math.sqrt(share * (1 - share) / n + square / (4 * n * n))
    return max(0.0, centre - half), min(1.0, centre + half)


def share_over_groups(groups: Sequence[tuple[int, int]]) -> tuple[float, float]:
    """95 % interval of a share of things in groups, each (hits, things): things of a group hang together.

    Wilson's for as many independent things as the spread between groups is worth (Kish's design effect), at most all.
    """
    n, hits = sum(count for _, count in groups), sum(right for right, _ in groups)
    share = hits / n if n else 0.0
    spread = sum((right - share * count) ** 2 for right, count in groups)
    if len(groups) < 2 or not spread:
        return wilson(share * len(groups), len(groups))
    variance = spread * len(groups) / (len(groups) - 1) / n**2
    worth = min(float(n), share * (1 - share) / variance)
    return wilson(share * worth, worth)
