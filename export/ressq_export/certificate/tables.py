"""One set of labelled pictures in a certificate: figures of each file, classes, flips and reliability."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from ressq_edge.findings.intervals import share_interval
from ressq_export.certificate.thresholds import describe_thresholds
from ressq_export.measurement.confidence import measure_reliability
from ressq_export.measurement.paired import measure_drop
from ressq_export.measurement.scores import TORCH, Scored
from ressq_runtime.tasks.classify_evaluation import Evaluation, best_five, summarise

INT8 = ("int8.tflite", "int8.onnx")
COMPARED = (TORCH, *INT8)

# With five classes or fewer the right one is always among the five best.
_FEWEST_FOR_TOP5 = 6
_TOP5 = ("top5", "top5_low", "top5_high")


@dataclass(frozen=True)
class PictureSet:
    """Labelled pictures, and what every file made of them.

    name: "validation split", or the folder's.
    root: what the pictures are named relative to.
    scored: the answers of torch and the files.
    """

    name: str
    root: Path
    scored: Scored


def describe_set(
    pictures: PictureSet, labels: Sequence[str], own: Mapping[str, float], *, named: bool
) -> dict[str, object]:
    """An entry of `sets` in docs/certificate.md; without `named` no picture's name is in it.

    own: each file's threshold by its kind.
    """
    scored = pictures.scored
    found = {name: _evaluate(name, scored, labels) for name in scored.scores}
    answers = {name: scores.argmax(1) for name, scores in scored.scores.items()}
    paired = {name: asdict(measure_drop(answers[TORCH], answers[name], scored.truths)) for name in INT8}
    return {
        "name": pictures.name,
        "n": len(scored.truths),
        "unreadable": len(scored.faults),
        "groups": len(set(scored.groups)) or None,
        "figures": {name: _figures(name, scored, evaluation) for name, evaluation in found.items()},
        "paired": paired,
        "classes": _classes(found, labels),
        "flips": _flips(pictures, labels, named),
        "reliability": {name: asdict(measure_reliability(scored.scores[name], scored.truths)) for name in COMPARED},
        "thresholds": describe_thresholds(scored, own),
    }


def _evaluate(name: str, scored: Scored, labels: Sequence[str]) -> Evaluation:
    """By the function that `ressq-evaluate` counts with; it knows no groups."""
    orders, truths = [best_five(row) for row in scored.scores[name].tolist()], scored.truths.tolist()
    found = summarise(name, "", "", labels, truths, orders, scored.faults)
    if not scored.groups:
        return found
    one, five = (
        share_interval([truth in order[:most] for truth, order in zip(truths, orders, strict=True)], scored.groups)
        for most in (1, 5)
    )
    return replace(found, top1_low=one[0], top1_high=one[1], top5_low=five[0], top5_high=five[1])


def _figures(name: str, scored: Scored, found: Evaluation) -> dict[str, object]:
    scores = scored.scores[name]
    reliability = measure_reliability(scores, scored.truths)
    shares = {key: getattr(found, key) for key in ("top1", "top1_low", "top1_high")}
    enough = len(found.labels) >= _FEWEST_FOR_TOP5
    shares.update({key: getattr(found, key) if enough else None for key in _TOP5})
    agreement = float((scores.argmax(1) == scored.scores[TORCH].argmax(1)).mean())
    return {**shares, "agreement": agreement, "nll": reliability.nll, "ece": reliability.ece}


def _classes(found: dict[str, Evaluation], labels: Sequence[str]) -> list[dict[str, object]]:
    """How many pictures of each class each file got right."""
    return [
        {
            "label": label,
            "n": sum(found[TORCH].confusion[index]),
            "right": {name: found[name].confusion[index][index] for name in COMPARED},
        }
        for index, label in enumerate(labels)
    ]


def flipped(scored: Scored) -> list[int]:
    """Indices of the pictures that an int8 file answers otherwise than torch: lost ones first, then gained."""
    answers = {name: scored.scores[name].argmax(1) for name in COMPARED}
    right = {name: found == scored.truths for name, found in answers.items()}
    changed = np.any([answers[name] != answers[TORCH] for name in INT8], axis=0)
    change = right[TORCH].astype(int) * len(INT8) - sum(right[name].astype(int) for name in INT8)
    indices = np.flatnonzero(changed)
    return [int(index) for index in indices[np.argsort(-change[indices], kind="stable")]]


def _flips(pictures: PictureSet, labels: Sequence[str], named: bool) -> list[dict[str, object]]:
    scored = pictures.scored
    found: list[dict[str, object]] = []
    for index in flipped(scored):
        answers = {}
        for name in COMPARED:
            best = int(scored.scores[name][index].argmax())
            answers[name] = {"label": labels[best], "probability": float(scored.scores[name][index][best])}
        picture = scored.paths[index].relative_to(pictures.root).as_posix() if named else None
        found.append({"picture": picture, "truth": labels[scored.truths[index]], "answers": answers})
    return found
