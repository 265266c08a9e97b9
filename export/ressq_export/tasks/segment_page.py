"""What the page shows of one set of pictures with masks, and the pictures on it; segment_set.html has the words."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ressq_edge.charts.masks import choose_unused
from ressq_edge.charts.reliability import draw_reliability
from ressq_edge.pages.words import percent
from ressq_export.measurement.scores import INT8, TORCH, PictureSet
from ressq_export.tasks.segment_set import list_worst
from ressq_runtime.inputs.picture import to_pixels
from ressq_runtime.inputs.picture_spec import PixelSpec

Document = Mapping[str, Any]

_WIDTH, _QUALITY = 240, 78
_MOST_BYTES = 24_000  # of a class map's PNG; a wild one is shown smaller
_SHORT = {TORCH: "float", "int8.tflite": "TFLite int8", "int8.onnx": "ONNX int8"}
_SAME, _OTHER = (238, 236, 230), (196, 40, 40)
KINDS = ("photo", "truth", "float", "int8.tflite", "difference")


def show_set(document: Document, pictures: Document, drawn: Mapping[int, Any]) -> Document:
    """The set, and what stands in its section besides."""
    first = pictures is document["sets"][0]
    known = {name: found for name, found in pictures["figures"].items() if found["miou"] is not None}
    edges = [found[key] for found in known.values() for key in ("miou_low", "miou_high")] or [0.0, 1.0]
    margin = max(0.01, 0.06 * (max(edges) - min(edges)))
    bins = [("before", document["confidence"]["before"]["bins"])] if first else []
    sure = pictures["reliability"].get(INT8[0])
    bins += [("after", sure["bins"])] if sure else []
    dots = {
        name: {f"top1{key[4:]}": found[key] for key in ("miou", "miou_low", "miou_high")}
        for name, found in known.items()
    }
    present = [one for one in pictures["classes"] if one["pixels"]]
    return {
        **pictures,
        "first": first,
        "edges": (min(edges) - margin, max(edges) + margin),
        "dots": dots,
        "drawn": drawn,
        "kinds": KINDS,
        "short": _SHORT,
        "curves": draw_reliability(bins) if bins else "",
        "present": present,
        "absent": [one["label"] for one in pictures["classes"] if not one["pixels"]],
        "ignored": _name_colour(choose_unused(document["colours"])),
        "colours": {
            label: _name_colour(colour) for label, colour in zip(document["labels"], document["colours"], strict=True)
        },
    }


def _name_colour(colour: Sequence[int]) -> str:
    return f"#{bytes(colour).hex()}"


def show_tiles(document: Document, shown: str) -> list[tuple[str, str, str]]:
    """mIoU of a file on the first set, and the share of pixels with float's class."""
    figures = document["sets"][0]["figures"]
    found, exact = figures[shown], figures[TORCH]
    compared = shown != "fp32.tflite"
    return [
        ("mIoU", _percent(found["miou"]), f"float {_percent(exact['miou'])}" if compared else shown),
        ("same class as float", percent(found["agreement"]), f"worst picture {percent(found['agreement_worst'])}"),
    ]


def _percent(share: float | None) -> str:
    return "–" if share is None else percent(share)


def draw_set(pictures: PictureSet, spec: PixelSpec, colours: Sequence[Sequence[int]]) -> dict[int, dict[str, str]]:
    """Data URIs of the worst pictures, each as KINDS, by their number in `worst`."""
    scored = pictures.scored
    return {
        number: _draw(
            to_pixels(scored.paths[index], spec),
            scored.targets[index].unpack(),
            scored.scores[TORCH][index].classes.unpack(),
            scored.scores[INT8[0]][index].classes.unpack(),
            colours,
        )
        for number, index in enumerate(list_worst(scored))
    }


def _draw(
    pixels: bytes,
    truth: NDArray[np.uint8],
    exact: NDArray[np.uint8],
    rounded: NDArray[np.uint8],
    colours: Sequence[Sequence[int]],
) -> dict[str, str]:
    height, width = truth.shape
    photo = Image.frombytes("RGB", (width, height), pixels)
    shown = photo.resize(_scale(photo.size, _WIDTH), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    shown.save(buffer, "JPEG", quality=_QUALITY, optimize=True)
    maps = [_draw_map(classes, colours) for classes in (truth, exact, rounded)]
    differs = _draw_map((exact != rounded).astype(np.uint8), (_SAME, _OTHER))
    return dict(zip(KINDS, [_address("jpeg", buffer.getvalue()), *maps, differs], strict=True))


def _scale(size: tuple[int, int], width: int) -> tuple[int, int]:
    return width, max(1, round(size[1] * width / size[0]))


def _draw_map(classes: NDArray[np.uint8], colours: Sequence[Sequence[int]]) -> str:
    """A palette PNG, ignored pixels grey; smaller where it would be a large file."""
    image = Image.fromarray(classes)
    palette = np.full((256, 3), choose_unused(colours), np.uint8)  # that of IGNORED, too
    palette[: len(colours)] = colours
    width, found = min(_WIDTH, image.width), b""
    while not found or (len(found) > _MOST_BYTES and width > 1):
        shown = image.resize(_scale(image.size, width), Image.Resampling.NEAREST)
        shown.putpalette(palette.tobytes())
        buffer = io.BytesIO()
        shown.save(buffer, "PNG", optimize=True)
        found, width = buffer.getvalue(), width // 2
    return _address("png", found)


def _address(kind: str, content: bytes) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(content).decode()}"
