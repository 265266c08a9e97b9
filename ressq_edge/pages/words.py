"""Figures as a reader wants them: one number of decimals a column, a real minus sign, no line break before a unit."""

import math
from collections.abc import Sequence

_THIN = "\u202f"  # a narrow space that does not break
_MINUS = "\N{MINUS SIGN}"
_DIGIT_SPACE, _POINT_SPACE = "\N{FIGURE SPACE}", "\N{PUNCTUATION SPACE}"
_SMALLEST = 0.0001


def percent(share: float, digits: int = 1) -> str:
    """0.874 -> 87.4 %."""
    return f"{100 * share:.{digits}f}{_THIN}%"


def points(share: float) -> str:
    """A share of pictures in points: 0.0031 -> 0.3 points."""
    return f"{100 * share:.1f} points"


def worse(drop: float, digits: int = 1, *, unit: bool = True) -> str:
    """What was lost, in words: 0.037 -> 3.7 points worse, -0.037 -> 3.7 points better, 0 -> as good."""
    value = f"{abs(100 * drop):.{digits}f}"
    if float(value) == 0:
        return "as good"
    return f"{value}{' points' if unit else ''} {'worse' if drop > 0 else 'better'}"


def worse_interval(low: float, high: float, digits: int = 1) -> str:
    """An interval of what was lost, in words: -0.011, 0.037 -> 1.1 better to 3.7 worse."""
    return f"{worse(low, digits, unit=False)} to {worse(high, digits, unit=False)}"


def count(change: int) -> str:
    """A change of a count: +2, 0, -1 with a real minus."""
    return "0" if change == 0 else f"{'+' if change > 0 else _MINUS}{abs(change)}"


def kilobytes(size: int) -> str:
    """826609 -> 827 kB."""
    return f"{size / 1000:,.0f}{_THIN}kB"


def short(value: float) -> str:
    """Three digits that count: 0.00307, 22.2, 404; what is smaller than that says so."""
    if 0 < abs(value) < _SMALLEST:
        return f"<{_SMALLEST}"
    digits = 2 - math.floor(math.log10(abs(value))) if value else 0
    return f"{value:.{max(0, digits)}f}".replace("-", _MINUS)


def align(values: Sequence[str]) -> list[str]:
    """The same numbers, filled up on the right with spaces as wide as digits, so that the points stand in one line."""
    tails = [len(value.partition(".")[2]) for value in values]
    most = max(tails, default=0)
    return [
        value + (_POINT_SPACE if "." not in value and most else "") + _DIGIT_SPACE * (most - tail)
        for value, tail in zip(values, tails, strict=True)
    ]
