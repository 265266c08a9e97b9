"""Do two stages compute the same function? Compared are logits, relative to how much they vary.

Logits are read off the scores: log(score) is the logit but for a shift that is the same for all classes, so
both sides are centred. On a network whose logits hardly vary any comparison succeeds, so that comes first.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ressq_export.errors import ParityError

Logits = NDArray[np.float64]

# An untrained SqueezeNet's logits vary by 1e-5 to 1e-2 over pictures; one that has learnt anything, by 0.3.
SMALLEST_SPREAD = 0.05
# Largest deviation of a logit / spread. Float kernels that add in another order stay below 2e-5.
FLOAT_TOLERANCE = 1e-3
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


def centred_logits(scores: Iterable[Sequence[float]]) -> Logits:
    """(pictures, classes): the logarithm of each score less the mean over the classes."""
    logs: Logits = np.log(np.maximum(np.array(list(scores), np.float64), _SMALLEST))
    centred: Logits = logs - logs.mean(1, keepdims=True)
    return centred


def spread(logits: Logits) -> float:
    """How much a logit varies over the pictures: its standard deviation, averaged over the classes."""
    return float(logits.std(0).mean())


def check_spread(logits: Logits) -> None:
    """The logits vary enough over the pictures for a comparison to prove anything.

    Raises:
        ParityError: they hardly do.
    """
    found = spread(logits)
    if not found >= SMALLEST_SPREAD:
        raise ParityError(
            f"torch: found logits that vary by {found:.2g} over {len(logits)} pictures, wanted at least "
            f"{SMALLEST_SPREAD}; any two files would agree on such a network: train it first"
        )


def compare(name: str, wanted: Logits, found: Logits) -> StageComparison:
    """The deviation of `found` from `wanted`, both centred, as shares of the spread of `wanted`."""
    difference = np.abs(found - wanted) / spread(wanted)
    return StageComparison(name, float(difference.max()), float(np.sqrt((difference**2).mean())))


def check_float_stages(name: str, wanted: Logits, found: Logits) -> StageComparison:
    """Two float stages give the same logits, and so the same top-1 wherever that is not a tie.

    Raises:
        ParityError: a logit deviates by more than FLOAT_TOLERANCE.
    """
    comparison = compare(name, wanted, found)
    if not comparison.worst <= FLOAT_TOLERANCE:
        raise ParityError(
            f"{name}: found logits up to {comparison.worst:.2g} of their spread apart, wanted {FLOAT_TOLERANCE} at "
            "most; the files do not hold the same network"
        )
    return comparison
