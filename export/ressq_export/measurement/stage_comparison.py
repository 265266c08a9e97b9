"""Do two stages compute the same function? Compared are logits, relative to how much they vary.

Logits are read off the scores: log(score) is the logit but for a shift that is the same for all classes, so
both sides are centred. On a network whose logits hardly vary any comparison succeeds, so that comes first.
A network that answers for each pixel has logits of each cell, and a class map, which has to be the same as well.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ressq_export.errors import ParityError

Logits = NDArray[np.float64]  # (pictures, classes), or (cells of all pictures, classes)

# An untrained SqueezeNet's logits vary by 1e-5 to 1e-2 over pictures; one that has learnt anything, by 0.3.
SMALLEST_SPREAD = 0.05
# Largest deviation of a logit / spread. Float kernels that add in another order stay below 2e-5.
FLOAT_TOLERANCE = 1e-3
# Of each cell's logits: four heads stay below 3e-5, SegNet's mask takes most of that.
CELL_TOLERANCE = 1e-4
# Share of the pixels with the same class. Where two classes tie, float rounding decides.
SAME_PIXELS = 0.9999
# Below this a probability is 0 to a float32 softmax.
_SMALLEST = 1e-30


@dataclass(frozen=True)
class StageComparison:
    """How two stages differ, relative to the spread of the logits.

    name: the two stages.
    worst: largest deviation.
    rms: root mean square deviation.
    """

    name: str
    worst: float
    rms: float


@dataclass(frozen=True)
class Answers:
    """What a stage makes of some pictures.

    logits: centred.
    maps: int32 (pictures, H, W), the class of each pixel; None of a network that answers once a picture.
    """

    logits: Logits
    maps: NDArray[np.int32] | None = None


def centred_logits(scores: Iterable[Sequence[float]] | NDArray[Any]) -> Logits:
    """(pictures or cells, classes): the logarithm of each score less the mean over the classes."""
    rows = scores if isinstance(scores, np.ndarray) else list(scores)
    logs: Logits = np.log(np.maximum(np.array(rows, np.float64), _SMALLEST))
    centred: Logits = logs - logs.mean(1, keepdims=True)
    return centred


def spread(logits: Logits) -> float:
    """How much a logit varies over the pictures: its standard deviation, averaged over the classes."""
    return float(logits.std(0).mean())


def check_trained(answers: Answers) -> None:
    """The answers vary enough over the pictures, and over each picture, for a comparison to prove anything.

    Raises:
        ParityError: they hardly do.
    """
    check_spread(answers.logits, "pictures" if answers.maps is None else "cells")
    if answers.maps is not None and answers.maps.min() == answers.maps.max():
        raise ParityError(
            f"torch: found class {answers.maps.min()} at every pixel of {len(answers.maps)} pictures, wanted two "
            "classes or more; any two files would agree on such a network: train it first"
        )


def check_spread(logits: Logits, counted: str = "pictures") -> None:
    """The logits vary enough over what is counted for a comparison to prove anything.

    Raises:
        ParityError: they hardly do.
    """
    found = spread(logits)
    if not found >= SMALLEST_SPREAD:
        raise ParityError(
            f"torch: found logits that vary by {found:.2g} over {len(logits)} {counted}, wanted at least "
            f"{SMALLEST_SPREAD}; any two files would agree on such a network: train it first"
        )


def compare(name: str, wanted: Logits, found: Logits) -> StageComparison:
    """The deviation of `found` from `wanted`, both centred, as shares of the spread of `wanted`."""
    difference = np.abs(found - wanted)
    difference /= spread(wanted)
    return StageComparison(name, float(difference.max()), float(np.sqrt((difference**2).mean())))


def check_float_stages(name: str, wanted: Logits, found: Logits, tolerance: float = FLOAT_TOLERANCE) -> StageComparison:
    """Two float stages give the same logits, and so the same top-1 wherever that is not a tie.

    Raises:
        ParityError: a logit deviates by more than the tolerance.
    """
    comparison = compare(name, wanted, found)
    if not comparison.worst <= tolerance:
        raise ParityError(
            f"{name}: found logits up to {comparison.worst:.2g} of their spread apart, wanted {tolerance} at "
            "most; the files do not hold the same network"
        )
    return comparison


def check_float_answers(name: str, wanted: Answers, found: Answers) -> StageComparison:
    """Two float stages give the same logits and, of each pixel, the same class.

    Raises:
        ParityError: a logit deviates by more than FLOAT_TOLERANCE, one of a cell by more than CELL_TOLERANCE, or class
            maps differ at more pixels than SAME_PIXELS allows.
    """
    if wanted.maps is None or found.maps is None:
        return check_float_stages(name, wanted.logits, found.logits)
    comparison = check_float_stages(name, wanted.logits, found.logits, CELL_TOLERANCE)
    same = float((wanted.maps == found.maps).mean())
    if not same >= SAME_PIXELS:
        raise ParityError(
            f"{name}: found the same class at {same:.3%} of the pixels, wanted {SAME_PIXELS:.2%} at least; the files "
            "do not hold the same network"
        )
    return comparison
