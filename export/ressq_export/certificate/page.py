"""The certificate as one HTML page that needs no network, of its JSON and of thumbnails; page.html has the words."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ressq_edge.charts.canvas import CONCAT, CONV, LINE, SUM
from ressq_edge.charts.layers import Column, draw_layers
from ressq_edge.pages.render import render
from ressq_edge.pages.words import align, kilobytes, short
from ressq_export.measurement.scores import TORCH
from ressq_export.network.tensor_names import find_block
from ressq_export.quantization.calibration_stability import CalibrationStability
from ressq_export.tasks import find_task
from ressq_export.tasks.task import Task

Document = Mapping[str, Any]

# The file that a Pi takes: the first of these that was published.
_SHOWN = ("int8.tflite", "fp32.tflite")
# A layer's kind -> its class; a class -> its colour, and the colour's words in the legend.
_KINDS = {
    "convolution": "conv",
    "depthwise convolution": "conv",
    "concatenation": "concat",
    "sum": "sum",
    "difference": "sum",
}
_COLOURS = {
    "conv": (CONV, "convolution"),
    "concat": (CONCAT, "concatenation"),
    "sum": (SUM, "sum of a bypass"),
    "other": (LINE, "other"),
}


def make_page(document: Document, drawn: Sequence[Mapping[int, Any]]) -> bytes:
    """The page, UTF-8.

    Args:
        document: docs/certificate.md.
        drawn: for each of `sets`, what `Task.draw_set` gives; empty where no picture may be shown.
    """
    layers, stability = document["layers"], document["calibration"]["stability"]
    task = find_task(document["task"], document["labels"], document.get("colours"))
    sets = [task.show_set(document, *found) for found in zip(document["sets"], drawn, strict=True)]
    return render(
        "page.html", Path(__file__).parent,
        document=document, sets=sets, tiles=_tiles(document, task), torch=TORCH,
        stability=CalibrationStability(**stability) if stability else None,
        worst={layer["tensor"]: layer["snr_db"] for layer in layers if layer["tensor"] in document["worst_layers"]},
        chart=draw_layers(list(_columns(document)), "signal to noise of each layer, dB"), legend=list_kinds(layers),
        ranges=_ranges(layers),
    )  # fmt: skip


def _tiles(document: Document, task: Task) -> list[tuple[str, str, str]]:
    shown = next(name for name in _SHOWN if name in document["files"])
    size, before = (document["files"][name]["size_bytes"] for name in (shown, "fp32.tflite"))
    took = document["latency"]["median_ms"]
    compared = shown != "fp32.tflite"  # which would stand beside itself
    return [
        *task.show_tiles(document, shown),
        ("size", kilobytes(size), f"float {kilobytes(before)}" if compared else shown),
        ("one inference here", f"{took[shown]:.2f} ms", f"float {took['fp32.tflite']:.2f} ms" if compared else shown),
    ]


def _columns(document: Document) -> Iterator[Column]:
    for layer in document["layers"]:
        tensor, kind, ratio = layer["tensor"], layer["kind"], layer["snr_db"]
        colour, _ = _COLOURS[_KINDS.get(kind, "other")]
        tip = "" if ratio is None else f"{tensor}, {kind}: {ratio:.1f} dB"
        yield Column(find_block(tensor), ratio, colour, tip, tensor in document["worst_layers"])


def list_kinds(layers: Sequence[Document]) -> dict[str, str]:
    """Class and words of each colour that is drawn."""
    drawn = {_KINDS.get(layer["kind"], "other") for layer in layers if layer["snr_db"] is not None}
    return {kind: words for kind, (_, words) in _COLOURS.items() if kind in drawn}


def _ranges(layers: Sequence[Document]) -> list[tuple[Any, ...]]:
    ratios = ["–" if layer["snr_db"] is None else f"{layer['snr_db']:.1f}" for layer in layers]
    columns = [align([short(layer[key]) for layer in layers]) for key in ("low", "high", "scale")]
    for key in ("low", "high", "narrowest", "widest"):
        columns.append(align([short(layer["weights"][key]) if layer["weights"] else "" for layer in layers]))
    names = [layer["tensor"] for layer in layers], [layer["kind"] for layer in layers]
    return list(zip(*names, ratios, *columns, strict=True))
