"""One set of pictures with masks in a certificate: figures of each file, classes, changed pixels, worst pictures."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ressq_export.measurement.boundaries import boundary_fs, count_changed
from ressq_export.measurement.class_map import gather_cells
from ressq_export.measurement.confidence import Reliability, measure_reliability
from ressq_export.measurement.pixel_counts import Counts, class_f1s, class_ious, mean_iou, mean_known
from ressq_export.measurement.pixel_paired import measure_pixel_drop, same_pixels
from ressq_export.measurement.scores import COMPARED, INT8, TORCH, PictureSet, Scored

if TYPE_CHECKING:
    from ressq_export.tasks.segment import Overlap

MOST_WORST = 6  # pictures that are shown; each is five


def count_all(scored: Scored, name: str, classes: int) -> Counts:
    """(pictures, 3, classes): `pixel_counts.count` of each picture by one scorer."""
    pairs = zip(scored.scores[name], scored.targets, strict=True)
    return np.stack([answer.count(truth, classes) for answer, truth in pairs])


def describe_set(
    pictures: PictureSet, labels: Sequence[str], measured: Mapping[str, Overlap], *, named: bool
) -> dict[str, Any]:
    """An entry of `sets` in docs/certificate.md; without `named` no picture's name is in it."""
    scored, classes = pictures.scored, len(labels)
    boundaries = {name: _measure_boundaries(scored, name, classes) for name in scored.scores}
    reliability = {name: _measure_reliability(scored, name) for name in scored.scores}
    exact = scored.scores[TORCH]
    return {
        "name": pictures.name,
        "n": len(scored.targets),
        "unreadable": len(scored.faults),
        "groups": len(set(scored.groups)) or None,
        "figures": {name: _figures(found, boundaries[name], reliability[name]) for name, found in measured.items()},
        "paired": {
            name: asdict(measure_pixel_drop(exact, scored.scores[name], scored.targets, classes, scored.groups))
            for name in INT8
        },
        "classes": _classes(scored, labels, boundaries),
        "changed": {name: _changed(scored, name) for name in INT8},
        "worst": [_worst(pictures, index, classes, named) for index in list_worst(scored)],
        "reliability": {name: asdict(sure) for name in COMPARED if (sure := reliability[name])},
    }


def list_worst(scored: Scored) -> list[int]:
    """Indices of the pictures that int8.tflite answers least as torch does, the worst first."""
    same = [same_pixels(*pair) for pair in zip(scored.scores[TORCH], scored.scores[INT8[0]], strict=True)]
    return [int(index) for index in np.argsort(same, kind="stable")[:MOST_WORST]]


def _measure_boundaries(scored: Scored, name: str, classes: int) -> NDArray[np.float64]:
    """(pictures, classes): boundary F, NaN where a picture has no boundary of the class."""
    pairs = zip(scored.scores[name], scored.targets, strict=True)
    return np.stack([boundary_fs(answer.classes.unpack(), truth.unpack(), classes) for answer, truth in pairs])


def _measure_reliability(scored: Scored, name: str) -> Reliability | None:
    cells, truths = gather_cells(scored.scores[name], scored.targets)
    return measure_reliability(cells, truths) if len(truths) else None


def _figures(found: Overlap, boundaries: NDArray[np.float64], sure: Reliability | None) -> dict[str, object]:
    shares = {key: _known(getattr(found, key)) for key in ("miou", "miou_low", "miou_high")}
    of_pictures = mean_known(boundaries)  # (pictures,)
    return {
        **shares,
        "boundary_f": _known(float(mean_known(of_pictures))),
        "agreement": found.agreement,
        "agreement_worst": found.agreement_worst,
        "nll": sure and sure.nll,
        "ece": sure and sure.ece,
    }


def _classes(
    scored: Scored, labels: Sequence[str], boundaries: Mapping[str, NDArray[np.float64]]
) -> list[dict[str, object]]:
    """IoU, F1 and boundary F of each class by each of COMPARED; null where a class is absent."""
    totals = {name: count_all(scored, name, len(labels)).sum(0) for name in COMPARED}
    iou = {name: class_ious(total) for name, total in totals.items()}
    f1 = {name: class_f1s(total) for name, total in totals.items()}
    edge = {name: mean_known(boundaries[name].T) for name in COMPARED}
    wanted = totals[TORCH][1]
    return [
        {
            "label": label,
            "pixels": int(wanted[index]),
            "share": int(wanted[index]) / max(1, int(wanted.sum())),
            "iou": {name: _known(iou[name][index]) for name in COMPARED},
            "f1": {name: _known(f1[name][index]) for name in COMPARED},
            "boundary_f": {name: _known(edge[name][index]) for name in COMPARED},
        }
        for index, label in enumerate(labels)
    ]


def _changed(scored: Scored, name: str) -> dict[str, object]:
    """How many pixels changed, and where they lie."""
    rows = zip(scored.scores[TORCH], scored.scores[name], scored.targets, strict=True)
    counts = [
        count_changed(*(one.unpack() for one in (before.classes, after.classes, truth)))
        for before, after, truth in rows
    ]
    changed, near, all_near = np.sum(counts, axis=0).tolist()
    pixels = sum(math.prod(answer.classes.shape) for answer in scored.scores[TORCH])
    return {
        "pixels": pixels,
        "changed": changed,
        "near": near / changed if changed else None,
        "near_all": all_near / pixels,
    }


def _worst(pictures: PictureSet, index: int, classes: int, named: bool) -> dict[str, object]:
    scored = pictures.scored
    truth, exact = scored.targets[index], scored.scores[TORCH][index]
    return {
        "picture": scored.paths[index].relative_to(pictures.root).as_posix() if named else None,
        "agreement": {name: same_pixels(exact, scored.scores[name][index]) for name in INT8},
        "miou": {name: _known(float(mean_iou(scored.scores[name][index].count(truth, classes)))) for name in COMPARED},
    }


def _known(value: float) -> float | None:
    """JSON has no NaN; what is absent is null."""
    return None if math.isnan(value) else float(value)
