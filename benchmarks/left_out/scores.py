"""Scores by which a picture may be called strange, the higher the stranger, and what they are worth.

The largest probability (Hendrycks and Gimpel 2017), energy (Liu et al. 2020), the largest logit (Hendrycks et al.
2022), Mahalanobis' distance from the nearest class (Lee et al. 2018), the same relative to that from all (Ren et al.
2021), the third nearest neighbour (Sun et al. 2022), the residual beside the logits (ViM; Wang et al. 2022).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from left_out.features import Floats, Seen
from ressq_export.out_of_distribution.training_statistics import COMPONENTS, Features, make_training_statistics

NEIGHBOUR = 3
SHRINKAGE = 0.1
TODAY, LOOK, CONTENT = "look and content: `distance`", "look alone: `distance` before", "content alone"


class Worth(NamedTuple):
    """What a score tells.

    auroc    chance that a stranger has more of it than a usual picture
    at_1, at_5   share of strangers flagged where 1 or 5 % of the usual ones are
    """

    auroc: float
    at_1: float
    at_5: float


def score_all(seen: Mapping[str, Seen], classes: NDArray[np.int64]) -> dict[str, dict[str, Floats]]:
    """Score's name -> part -> (pictures,).

    Args:
        seen: by part; "train" is what pictures are compared with, "val" what scales are taken from.
        classes: label index of each picture of "train".
    """
    train, held = (Features(seen[part].look, _unit(seen[part].pooled)) for part in ("train", "val"))
    statistics = make_training_statistics(train, held, "torch fp32")
    far = _measure_classes(train.content, classes)
    scores: dict[str, Callable[[Seen], Floats]] = {
        "largest probability": lambda s: -_softmax(s.logits).max(1),
        "largest logit": lambda s: -s.logits.max(1),
        "energy": lambda s: -_log_sum(s.logits),
        LOOK: lambda s: statistics.look.measure(np.log(s.look + statistics.floor)),
        CONTENT: lambda s: statistics.content.measure(_unit(s.pooled)),
        "content, Mahalanobis from the nearest class": lambda s: far(_unit(s.pooled))[0],
        "content, Mahalanobis relative to all classes": lambda s: np.subtract(*far(_unit(s.pooled))),
        "content, third neighbour": lambda s: _neighbour(_unit(s.pooled), train.content),
        "ViM": _vim(seen["train"]),
        TODAY: lambda s: np.maximum(
            statistics.look.measure(np.log(s.look + statistics.floor)), statistics.content.measure(_unit(s.pooled))
        ),
    }
    found = {name: {part: score(rows) for part, rows in seen.items()} for name, score in scores.items()}
    for one in ("largest probability", "energy"):
        found[f"content + {one}"] = _add(found[CONTENT], found[one])
    return found


def weigh(usual: Floats, strange: Floats) -> Worth:
    """What a score tells of strangers, its limits taken from these very usual pictures."""
    above = np.searchsorted(np.sort(usual), strange, "left") + np.searchsorted(np.sort(usual), strange, "right")
    limits = (np.quantile(usual, 1 - share) for share in (0.01, 0.05))
    return Worth(float(above.mean() / 2 / len(usual)), *(float((strange > limit).mean()) for limit in limits))


def _add(one: Mapping[str, Floats], other: Mapping[str, Floats]) -> dict[str, Floats]:
    """Their sum, each in units of its spread over validation pictures."""
    scales = []
    for score in (one, other):
        middle = np.median(score["val"])
        scales.append((middle, np.quantile(score["val"], 0.9) - middle))
    (a, b), (c, d) = scales
    return {part: (one[part] - a) / b + (other[part] - c) / d for part in one}


def _unit(pooled: Floats) -> Floats:
    found: Floats = pooled / np.maximum(np.linalg.norm(pooled, axis=1, keepdims=True), 1e-6)
    return found


def _softmax(logits: Floats) -> Floats:
    found: Floats = np.exp(logits - _log_sum(logits)[:, None])
    return found


def _log_sum(logits: Floats) -> Floats:
    most = logits.max(1)
    found: Floats = most + np.log(np.exp(logits - most[:, None]).sum(1))
    return found


def _neighbour(content: Floats, known: Floats) -> Floats:
    return -np.sort(content @ known.T, axis=1)[:, -NEIGHBOUR]


def _measure_classes(known: Floats, classes: NDArray[np.int64]) -> Callable[[Floats], tuple[Floats, Floats]]:
    """Squared distances (pictures,) from the nearest class and from the mean of all, by covariances with a ridge."""
    means = np.stack([known[classes == label].mean(0) for label in np.unique(classes)])
    inside = _form(known - means[np.searchsorted(np.unique(classes), classes)])
    whole = _form(known - known.mean(0))
    return lambda content: (
        np.min([inside(content - mean) for mean in means], axis=0), whole(content - known.mean(0)),
    )  # fmt: skip


def _form(centred: Floats) -> Callable[[Floats], Floats]:
    count, width = centred.shape
    _, size, components = np.linalg.svd(centred, full_matrices=False)
    k = min(COMPONENTS, count // 4, width // 2)
    variance = size**2 / count
    shrunk = SHRINKAGE * variance.sum() / width
    own = (1 - SHRINKAGE) * variance[:k] + shrunk
    rest = (1 - SHRINKAGE) * variance[k:].sum() / (width - k) + shrunk
    return lambda x: (x**2).sum(1) / rest + ((x @ components[:k].T) ** 2 * (1 / own - 1 / rest)).sum(1)


def _vim(train: Seen) -> Callable[[Seen], Floats]:
    mean = train.pooled.mean(0)
    k = min(4 * COMPONENTS, len(train.pooled) // 4)
    components = np.linalg.svd(train.pooled - mean, full_matrices=False)[2][:k]

    def residual(seen: Seen) -> Floats:
        x = seen.pooled - mean
        found: Floats = np.linalg.norm(x - x @ components.T @ components, axis=1)
        return found

    factor = train.logits.max(1).sum() / residual(train).sum()
    return lambda seen: factor * residual(seen) - _log_sum(seen.logits)
