"""What the page computes of one set of pictures; classify_set.html shows it."""

from collections.abc import Mapping
from typing import Any

from ressq_edge.charts.reliability import draw_reliability
from ressq_edge.pages.words import percent
from ressq_export.inputs import open_input
from ressq_export.measurement.scores import COMPARED, INT8, TORCH, PictureSet
from ressq_export.network.input_tensor import Spec
from ressq_export.tasks.classify_set import list_changed

Document = Mapping[str, Any]

# Pictures with changed answers: more would make a page of megabytes; the JSON lists all.
MOST_SHOWN = 48

# Of more classes only those that changed are listed.
_MOST_CLASSES = 30
_SHORT = {TORCH: "float", "int8.tflite": "TFLite int8", "int8.onnx": "ONNX int8"}
# Thresholds are those of the first of these files that was published.
_SHOWN = ("int8.tflite", "fp32.tflite")


def show_set(document: Document, pictures: Document, thumbnails: Mapping[int, str]) -> Document:
    """The set, and what stands in its section besides; thumbnails by the flip's number."""
    first = pictures is document["sets"][0]  # the temperature was fitted on it, so only there is there a before
    edges = [found[key] for found in pictures["figures"].values() for key in ("top1_low", "top1_high")]
    margin = max(0.01, 0.06 * (max(edges) - min(edges)))
    bins = [("before", document["confidence"]["before"]["bins"])] if first else []
    bins.append(("after", pictures["reliability"]["int8.tflite"]["bins"]))
    name = next(name for name in _SHOWN if name in document["files"])
    return {
        **pictures,
        **_classes(pictures),
        "first": first,
        "edges": (min(edges) - margin, max(edges) + margin),
        "flips": pictures["flips"][:MOST_SHOWN],
        "flip_count": len(pictures["flips"]),
        "thumbnails": thumbnails,
        "short": {name: _SHORT[name] for name in COMPARED},
        "curves": draw_reliability(bins),
        "file": name,
        "points": pictures["thresholds"][name],
        "own": (document["files"][name]["abstention"] or {}).get("threshold", 0.0),
    }


def _classes(pictures: Document) -> Document:
    """The classes that are listed, each with its changes, the largest of these, and how many are not listed."""
    classes = [
        {**found, "changes": {name: found["right"][name] - found["right"][TORCH] for name in INT8}}
        for found in pictures["classes"]
        if found["n"]
    ]
    listed = (
        classes if len(classes) <= _MOST_CLASSES else [found for found in classes if any(found["changes"].values())]
    )
    most = max((abs(change) for found in classes for change in found["changes"].values()), default=0)
    return {"classes": listed, "most": most, "unlisted": len(classes) - len(listed)}


def draw_flips(pictures: PictureSet, spec: Spec) -> dict[int, str]:
    """Thumbnails of the flips that the page shows, by the flip's number."""
    shown, given = list_changed(pictures.scored)[:MOST_SHOWN], open_input(spec)
    return {number: given.draw(pictures.scored.paths[index]) for number, index in enumerate(shown)}


def show_tiles(document: Document, shown: str) -> list[tuple[str, str, str]]:
    """Top-1 of a file on the first set, and the share of its answers that are float's."""
    figures = document["sets"][0]["figures"]
    beside = shown if shown == "fp32.tflite" else f"float {percent(figures[TORCH]['top1'])}"
    return [
        ("top-1", percent(figures[shown]["top1"]), beside),
        ("same answer as float", *_same(document, shown, figures[shown]["agreement"])),
    ]


def _same(document: Document, shown: str, agreement: float) -> tuple[str, str]:
    """The share of answers that are float's, and of which pictures: where there is such a record, of all."""
    step = document["quantization"]["step"]
    for row in document["quantization"]["attempts"]:
        if (row["step"], row["file"]) == (step, shown):
            return percent(1 - row["changed"] / row["compared"]), f"of {row['compared']:,} pictures"
    return percent(agreement), f"of {document['sets'][0]['n']:,} pictures"
