"""What thresholds on the probability do in a set of pictures: how many are answered, how many of those rightly."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any
from xml.etree.ElementTree import Element

from ressq_edge.findings.intervals import share_interval
from ressq_edge.pages.markup import Child, element
from ressq_edge.pages.sheet import table
from ressq_edge.pages.words import percent
from ressq_export.measurement.scores import TORCH, Scored
from ressq_runtime.thresholds import list_points

# The page shows the first of these files that was published.
_SHOWN = ("int8.tflite", "fp32.tflite")
_HEADS = ("threshold", "answered", "pictures", "right of those", "95 % interval")


def describe_thresholds(scored: Scored, own: Mapping[str, float]) -> dict[str, list[dict[str, object]]]:
    """`thresholds` of a set in docs/certificate.md; own: each file's threshold by its kind."""
    found = {}
    for name in sorted(set(scored.scores) - {TORCH}):
        scores = scored.scores[name]
        right = (scores.argmax(1) == scored.truths).tolist()

        def interval(some: Sequence[int], right: list[bool] = right) -> tuple[float, float]:
            groups = [scored.groups[index] for index in some] if scored.groups else ()
            return share_interval([right[index] for index in some], groups)

        points = list_points(scores.max(1).tolist(), right, own.get(name, 0.0), interval)
        found[name] = [asdict(point) for point in points]
    return found


def show_thresholds(document: Mapping[str, Any], pictures: Mapping[str, Any]) -> list[Element]:
    """The table of one file, from which a person chooses."""
    name = next(name for name in _SHOWN if name in document["files"])
    own = (document["files"][name]["abstention"] or {}).get("threshold", 0.0)
    rows = [_row(point, own) for point in pictures["thresholds"][name]]
    text = f"{name} answers where its best probability reaches the threshold. To take another than the file's own: "
    further = "."
    if pictures is document["sets"][0]:
        further += (
            " These pictures also chose the epoch, the temperature and the file's threshold, so new ones will do a "
            "little worse. Measure test pictures with ressq-evaluate."
        )
    return [
        element("h3", "Which threshold?"),
        element("p", text, element("code", "ressq-infer --abstain-below 0.8"), further, class_="quiet"),
        table(_HEADS, rows, "thresholds stack"),
    ]


def _row(point: Mapping[str, Any], own: float) -> list[Child]:
    threshold = point["threshold"]
    name: Child = f"{threshold:.2f}" if threshold else "none"
    if 0 < threshold == own:
        name = element("strong", f"{threshold:.3f}, the file's own")
    cells = [percent(point["coverage"]), f"{point['answered']:,}"]
    if point["top1"] is None:
        return [name, *cells, "–", "–"]
    return [name, *cells, percent(point["top1"]), f"{percent(point['top1_low'])} – {percent(point['top1_high'])}"]
