"""Do the probabilities mean something? A temperature fitted on validation pictures, and what it changed.

A trained network's probabilities are too high or, after label smoothing, too low. Dividing its logits by one
number, the temperature, mends most of that and changes no answer (Guo et al. 2017, arXiv:1706.04599).
"""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Labels = NDArray[np.int64]

# Of a reliability diagram, and of the calibration error; of equal width.
BIN_COUNT = 10
# Beyond these a temperature says that the validation pictures are odd, not that the network is.
LOWEST, HIGHEST = 0.25, 4.0
# How far from 1 a temperature is expected before any picture is seen: half or double is one standard deviation of
# its logarithm. Ten pictures that all happen to be right then don't make a network sure of everything.
_PRIOR = math.log(2)
_GOLDEN = (math.sqrt(5) - 1) / 2
# Halvings, nearly: the temperature is found to five digits.
_ROUNDS = 30
_SMALLEST = 1e-30  # a float32 softmax gives 0 for what is less probable


@dataclass(frozen=True)
class Bin:
    """The pictures whose best answer had a probability above `low` and up to `high`.

    n: how many; confidence: their mean probability; accuracy: the share that was right; both 0 for n = 0.
    """

    low: float
    high: float
    n: int
    confidence: float
    accuracy: float


@dataclass(frozen=True)
class Reliability:
    """How well probabilities tell how often a classifier is right.

    n: pictures.
    nll: mean negative log-likelihood of the true label, in nats; less is better.
    ece: expected calibration error, the mean distance of confidence and accuracy over the bins, 0..1.
    bins: a reliability diagram.
    """

    n: int
    nll: float
    ece: float
    bins: tuple[Bin, ...]


@dataclass(frozen=True)
class Confidence:
    """The temperature, and the reliability of the float network without it and with it, on the same pictures.

    temperature: divides the logits.
    note: why it is not the best one, where it is not; else empty.
    split: the pictures it was fitted on, and that before and after were measured on.
    """

    temperature: float
    note: str
    split: str
    before: Reliability
    after: Reliability
    unit: ClassVar[str] = "pictures"

    def to_json(self) -> dict[str, object]:
        """JSON-able."""
        return asdict(self)

    def __str__(self) -> str:
        """One line for a person."""
        before, after = self.before, self.after
        return (
            f"temperature {self.temperature:g}: loss {before.nll:.3f} -> {after.nll:.3f}, calibration error "
            f"{before.ece:.1%} -> {after.ece:.1%} on {after.n} {self.split} {self.unit}{self.note and '; ' + self.note}"
        )


@dataclass(frozen=True)
class PixelConfidence(Confidence):
    """The same of pixels."""

    unit: ClassVar[str] = "pixels"


def fit_confidence(
    logits: Floats, truths: Labels, split: str = "val", kind: type[Confidence] = Confidence
) -> Confidence:
    """The temperature of least negative log-likelihood, and what it changes.

    Args:
        logits: (pictures, classes), of the float network.
        truths: label index of each picture.
        split: what pictures these are.
        kind: of what the rows are.
    """
    best = _minimise(logits, truths)
    temperature, note = min(max(best, LOWEST), HIGHEST), ""
    if not LOWEST * 1.001 < best < HIGHEST / 1.001:
        note = f"the best temperature for these {len(truths)} {kind.unit} lies beyond {temperature:g}, which was taken"
    temperature = round(temperature, 4)
    before, after = (measure_reliability(softmax(logits / t), truths) for t in (1.0, temperature))
    return kind(temperature, note, split, before, after)


def _minimise(logits: Floats, truths: Labels) -> float:
    """The temperature in [LOWEST, HIGHEST] of least loss, by golden-section search over its logarithm."""

    def loss(log_t: float) -> float:
        scores = softmax(logits / math.exp(log_t))
        return float(_nll(scores, truths)) * len(truths) + (log_t / _PRIOR) ** 2 / 2

    low, high = math.log(LOWEST), math.log(HIGHEST)
    for _ in range(_ROUNDS):
        left, right = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
        if loss(left) < loss(right):
            high = right
        else:
            low = left
    return math.exp((low + high) / 2)


def measure_reliability(scores: Floats, truths: Labels) -> Reliability:
    """The reliability of probabilities (pictures, classes)."""
    sure, right = scores.max(1), scores.argmax(1) == truths
    edges = np.linspace(0, 1, BIN_COUNT + 1)
    place = np.clip(np.ceil(sure * BIN_COUNT).astype(int) - 1, 0, BIN_COUNT - 1)
    bins = [_bin(edges[i], edges[i + 1], sure[place == i], right[place == i]) for i in range(BIN_COUNT)]
    error = sum(b.n * abs(b.confidence - b.accuracy) for b in bins) / len(truths)
    return Reliability(len(truths), _nll(scores, truths), error, tuple(bins))


def _bin(low: float, high: float, sure: Floats, right: NDArray[np.bool_]) -> Bin:
    if not len(sure):
        return Bin(float(low), float(high), 0, 0.0, 0.0)
    return Bin(float(low), float(high), len(sure), float(sure.mean()), float(right.mean()))


def _nll(scores: Floats, truths: Labels) -> float:
    return float(-np.log(np.maximum(scores[np.arange(len(truths)), truths], _SMALLEST)).mean())


def softmax(logits: Sequence[Sequence[float]] | Floats) -> Floats:
    """Probabilities (pictures, classes) of logits."""
    array = np.asarray(logits, np.float64)
    powers: Floats = np.exp(array - array.max(1, keepdims=True))
    found: Floats = powers / powers.sum(1, keepdims=True)
    return found
