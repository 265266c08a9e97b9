"""Figures of rounds: medians with their spread, ratios taken round by round, and drift."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from ressq_runtime.profiling.latency import percentile

# Rounds enough for a first and a last third that are more than one round's luck.
_FEWEST_FOR_DRIFT = 6


def spread(values: Sequence[float]) -> list[float]:
    """[median, 10th percentile, 90th percentile]."""
    return [round(percentile(values, percent), 4) for percent in (50, 10, 90)]


def ratio(numerators: Sequence[float], denominators: Sequence[float]) -> list[float]:
    """`spread` of the ratios, round by round: what slows the machine down for a while slows both down."""
    return spread([above / below for above, below in zip(numerators, denominators, strict=True)])


def find_drift(rounds: Sequence[float]) -> float | None:
    """By which share the last third of the rounds took longer than the first; None: too few rounds to tell."""
    third = len(rounds) // 3
    if len(rounds) < _FEWEST_FOR_DRIFT:
        return None
    return round(median(rounds[-third:]) / median(rounds[:third]) - 1, 4)


def show(value: Sequence[float]) -> str:
    """`2.91 [2.80-3.05]`."""
    return f"{value[0]:.2f} [{value[1]:.2f}-{value[2]:.2f}]"
