"""Intervals of shares."""

from __future__ import annotations

import math

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
