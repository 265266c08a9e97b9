"""When to give no answer, and when to warn: two thresholds for each artefact, chosen on validation pictures."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from ressq_edge.findings.intervals import share_interval
from ressq_export.measurement.scores import TORCH, Scored
from ressq_runtime.tasks.thresholds import list_points

# Share of the validation pictures that is to be answered: at least, or as nearly as equal probabilities allow.
COVERAGE = 0.95
# Probabilities nearer to each other are equal: another CPU's rounding must carry no picture over a threshold.
_EQUAL = 2e-6
# Share of the validation pictures that may be called unlike the training pictures, at most.
FALSE_ALARMS = 0.05
# Validation pictures: of fewer, none may be given up or called unlike, and so there is no threshold.
FEWEST = math.ceil(1 / min(FALSE_ALARMS, 1 - COVERAGE) - 1e-9)


@dataclass(frozen=True)
class Abstention:
    """A threshold, and what it does on the pictures that it was chosen on; shares 0..1.

    threshold: answered is what has at least this probability; 0 where fewer than 20 pictures leave none to give up.
    n: pictures.
    coverage: share that is answered.
    top1: share of those answered that is right.
    """

    threshold: float
    n: int
    coverage: float
    top1: float

    def to_json(self, split: str) -> dict[str, object]:
        """The card's `abstention`."""
        shares = {"coverage": round(self.coverage, 6), "top1": round(self.top1, 6)}
        return {"threshold": self.threshold, "split": split, "n": self.n, **shares}


def choose_threshold(scores: NDArray[np.float64], truths: NDArray[np.int64]) -> Abstention:
    """The threshold at which COVERAGE of the pictures is answered.

    Of equal probabilities all are answered or none, whichever is nearer to COVERAGE: int8 has so few steps that more
    pictures than may be given up can have the lowest one.

    Args:
        scores: probabilities (pictures, classes) of the artefact that the threshold is for.
        truths: label index of each picture.
    """
    sure = scores.max(1)
    threshold = 0.0
    given_up = _nearest_gap(np.sort(sure), int(len(sure) * (1 - COVERAGE) + 1e-9))
    if given_up:
        below, above = np.sort(sure)[given_up - 1 : given_up + 1]
        threshold = math.floor((below + above) / 2 * 1e6) / 1e6  # halfway, for other rounding
    answered = sure >= threshold
    right = (scores.argmax(1) == truths)[answered]
    return Abstention(threshold, len(sure), float(answered.mean()), float(right.mean()))


def _nearest_gap(ordered: NDArray[np.float64], wanted: int) -> int:
    """How many of the lowest can be told from the rest, nearest to `wanted`; of two as near, the fewer."""
    possible = [0, *(np.flatnonzero(np.diff(ordered) > _EQUAL) + 1).tolist()] if wanted else [0]
    return min(possible, key=lambda count: (abs(count - wanted), count))


def describe_thresholds(scored: Scored, own: Mapping[str, float]) -> dict[str, list[dict[str, object]]]:
    """`thresholds` of a set in docs/certificate.md; own: each file's threshold by its kind."""
    found = {}
    for name in sorted(set(scored.scores) - {TORCH}):
        scores = scored.scores[name]
        right = (scores.argmax(1) == scored.targets).tolist()

        def interval(some: Sequence[int], right: list[bool] = right) -> tuple[float, float]:
            groups = [scored.groups[index] for index in some] if scored.groups else ()
            return share_interval([right[index] for index in some], groups)

        points = list_points(scores.max(1).tolist(), right, own.get(name, 0.0), interval)
        found[name] = [asdict(point) for point in points]
    return found


@dataclass(frozen=True)
class OutOfDistribution:
    """A threshold on the out-of-distribution score, and its false alarms on validation pictures.

    threshold: from this score on a picture is called unlike the training pictures.
    n: pictures.
    false_alarms: share of them that is called so, 0..1.
    """

    threshold: float
    n: int
    false_alarms: float

    def to_json(self, split: str) -> dict[str, object]:
        """The card's `out_of_distribution`."""
        return {"threshold": self.threshold, "split": split, "n": self.n, "false_alarms": round(self.false_alarms, 6)}


def choose_limit(scores: NDArray[np.float64]) -> OutOfDistribution | None:
    """The lowest threshold that FALSE_ALARMS of the pictures reach at most; None for fewer than 20 pictures."""
    alarms = int(len(scores) * FALSE_ALARMS + 1e-9)
    if not alarms:
        return None
    above, below = np.sort(scores)[::-1][alarms - 1 : alarms + 1]
    # Halfway, as above; rounded up, so that of equal ones none is called unlike.
    threshold = math.ceil((below + above) / 2 * 1e6 + 1e-3) / 1e6
    return OutOfDistribution(threshold, len(scores), float((scores >= threshold).mean()))
