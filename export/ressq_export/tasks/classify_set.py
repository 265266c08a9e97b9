"""One set of labelled pictures in a certificate: figures of each file, classes, flips and reliability."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

import numpy as np

from ressq_edge.findings.intervals import share_interval
from ressq_export.measurement.abstention import describe_thresholds
from ressq_export.measurement.confidence import measure_reliability
from ressq_export.measurement.paired import measure_drop
from ressq_export.measurement.scores import COMPARED, INT8, TORCH, PictureSet, Scored
from ressq_runtime.artefact.card import read_threshold
from ressq_runtime.tasks.classify_evaluation import Evaluation, best_five, summarise

# With five classes or fewer the right one is always among the five best.
_FEWEST_FOR_TOP5 = 6
_TOP5 = ("top5", "top5_low", "top5_high")


def describe_set(
    pictures: PictureSet, labels: Sequence[str], cards: Mapping[str, dict[str, object]], *, named: bool
) -> dict[str, Any]:
    """An entry of `sets` in docs/certificate.md; without `named` no picture's name is in it.

    cards: of the published files, by kind.
    """
    scored = pictures.scored
    found = {name: _evaluate(name, scored, labels) for name in scored.scores}
    answers = {name: scores.argmax(1) for name, scores in scored.scores.items()}
    own = {kind: read_threshold(card, "abstention", kind) or 0.0 for kind, card in cards.items()}
    return {
        "name": pictures.name,
        "n": len(scored.targets),
        "unreadable": len(scored.faults),
        "groups": len(set(scored.groups)) or None,
        "figures": {name: _figures(name, scored, evaluation) for name, evaluation in found.items()},
        "paired": {name: asdict(measure_drop(answers[TORCH], answers[name], scored.targets)) for name in INT8},
        "classes": _classes(found, labels),
        "flips": [_flip(pictures, index, labels, named) for index in list_changed(scored)],
        "reliability": {name: asdict(measure_reliability(scored.scores[name], scored.targets)) for name in COMPARED},
        "thresholds": describe_thresholds(scored, own),
    }


def list_changed(scored: Scored) -> list[int]:
    """Indices of the pictures that an int8 file answers otherwise than torch: lost ones first, then gained."""
    answers = {name: scored.scores[name].argmax(1) for name in COMPARED}
    right = {name: found == scored.targets for name, found in answers.items()}
    changed = np.any([answers[name] != answers[TORCH] for name in INT8], axis=0)
    change = right[TORCH].astype(int) * len(INT8) - sum(right[name].astype(int) for name in INT8)
    indices = np.flatnonzero(changed)
    return [int(index) for index in indices[np.argsort(-change[indices], kind="stable")]]


def _flip(pictures: PictureSet, index: int, labels: Sequence[str], named: bool) -> dict[str, object]:
    scored, answers = pictures.scored, {}
    for name in COMPARED:
        best = int(scored.scores[name][index].argmax())
        answers[name] = {"label": labels[best], "probability": float(scored.scores[name][index][best])}
    picture = scored.paths[index].relative_to(pictures.root).as_posix() if named else None
    return {"picture": picture, "truth": labels[scored.targets[index]], "answers": answers}


def _evaluate(name: str, scored: Scored, labels: Sequence[str]) -> Evaluation:
    """By the function that `ressq-evaluate` counts with; it knows no groups."""
    orders, truths = [best_five(row) for row in scored.scores[name].tolist()], scored.targets.tolist()
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
    reliability = measure_reliability(scores, scored.targets)
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
