"""Small real `.tflite` files that give each pixel a class by its colour, and photos whose classes are known."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import flatbuffers
import numpy as np
from PIL import Image

from cards import golden_card
from ressq_runtime import PixelSpec
from ressq_runtime.artefact.container import attach_card
from tiny_tflite import _add, _buffer, _signature, _tensor, schema

HEIGHT, WIDTH, STRIDE = 65, 81, 4
LABELS = ("red", "green", "blue")
COLOURS = ((200, 0, 0), (0, 200, 0), (0, 0, 200))
STEEP = 0.02  # a logit's growth with its colour: 4 of 255 more are 52 % against 48


def colour_model(classes: str = "int32", names: tuple[str, str] = ("classes", "scores"), shift: int = 0) -> bytes:
    """uint8 (1, HEIGHT, WIDTH, 3) -> `classes` (1, HEIGHT, WIDTH), `scores` float32 (1, h, w, 3) of red, green, blue.

    Args:
        classes: type of the class map.
        names: of the outputs.
        shift: added to every class.
    """
    kinds = schema.TensorType
    model = schema.ModelT()
    model.version, model.description = 3, b"colours"
    model.buffers = [schema.BufferT()]
    graph = schema.SubGraphT()
    graph.name, model.subgraphs, graph.operators = b"main", [graph], []
    rows, columns = -(-HEIGHT // STRIDE), -(-WIDTH // STRIDE)
    weights = (np.eye(3, dtype=np.float32) * STEEP).reshape(3, 1, 1, 3)
    kind = getattr(kinds, classes.upper())
    graph.tensors = [
        _tensor(b"pixels", (1, HEIGHT, WIDTH, 3), kinds.UINT8),
        _tensor(b"real", (1, HEIGHT, WIDTH, 3)),
        _tensor(b"logits", (1, rows, columns, 3)),
        _tensor(names[1].encode(), (1, rows, columns, 3)),
        _tensor(b"large", (1, HEIGHT, WIDTH, 3)),
        _tensor(b"best", (1, HEIGHT, WIDTH), kinds.INT32),
        _tensor(b"shifted", (1, HEIGHT, WIDTH), kinds.INT32),
        _tensor(names[0].encode(), (1, HEIGHT, WIDTH), kind),
        _tensor(b"weights", weights.shape, buffer=_buffer(model, weights)),
        _tensor(b"bias", (3,), buffer=_buffer(model, np.zeros(3, np.float32))),
        _tensor(b"size", (2,), kinds.INT32, _buffer(model, np.array([HEIGHT, WIDTH], np.int32))),
        _tensor(b"axis", (1,), kinds.INT32, _buffer(model, np.array([3], np.int32))),
        _tensor(b"shift", (1,), kinds.INT32, _buffer(model, np.array([shift], np.int32))),
    ]
    options = schema.BuiltinOptions
    convolution = schema.Conv2DOptionsT()
    convolution.padding, convolution.strideH, convolution.strideW = schema.Padding.SAME, STRIDE, STRIDE
    softmax, resize, best = schema.SoftmaxOptionsT(), schema.ResizeBilinearOptionsT(), schema.ArgMaxOptionsT()
    softmax.beta, resize.halfPixelCenters, best.outputType = 1.0, True, kinds.INT32
    _add(model, "CAST", [0], 1, options.CastOptions, schema.CastOptionsT())
    _add(model, "CONV_2D", [1, 8, 9], 2, options.Conv2DOptions, convolution)
    _add(model, "SOFTMAX", [2], 3, options.SoftmaxOptions, softmax)
    _add(model, "RESIZE_BILINEAR", [2, 10], 4, options.ResizeBilinearOptions, resize)
    _add(model, "ARG_MAX", [4, 11], 5, options.ArgMaxOptions, best)
    _add(model, "ADD", [5, 12], 6, options.AddOptions, schema.AddOptionsT())
    _add(model, "CAST", [6], 7, options.CastOptions, schema.CastOptionsT())
    graph.inputs, graph.outputs = [0], [7, 3]
    model.signatureDefs = [_signature(graph, "serving_default")]
    builder = flatbuffers.Builder(1 << 16)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def segment_card(**changes: Any) -> dict[str, Any]:
    """A card for `colour_model`, without a self-test."""
    card = golden_card(
        name="colours", task="segment", labels=list(LABELS), colours=[list(colour) for colour in COLOURS],
        input=PixelSpec.stretched(HEIGHT, WIDTH).to_json(), self_test=[],
        output={"activation": "softmax", "temperature": 1, "step": 0},
    )  # fmt: skip
    for key in ("abstention", "out_of_distribution", "accuracy", "sha256", "card_sha256"):
        card.pop(key, None)
    return {**card, **changes}


def write_model(path: Path, content: bytes | None = None, **changes: Any) -> Path:
    path.write_bytes(attach_card(colour_model() if content is None else content, segment_card(**changes), ".tflite"))
    return path


def stripes(size: tuple[int, int] = (324, 260)) -> Image.Image:
    """Red in the left half, green in the upper right quarter, blue below it: RGB."""
    width, height = size
    image = Image.new("RGB", size, (220, 20, 20))
    image.paste((20, 220, 20), (width // 2, 0, width, height // 2))
    image.paste((20, 20, 220), (width // 2, height // 2, width, height))
    return image


def truth(size: tuple[int, int] = (324, 260)) -> Image.Image:
    """The classes of `stripes`, mode L."""
    width, height = size
    image = Image.new("L", size, 0)
    image.paste(1, (width // 2, 0, width, height // 2))
    image.paste(2, (width // 2, height // 2, width, height))
    return image
