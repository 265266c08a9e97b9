"""A small real ONNX file for windows of two channels, with a card: which of them, or neither, is large on average."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from cards import golden_card
from ressq_runtime.artefact.container import attach_card
from ressq_runtime.inputs.series_spec import Channel, SeriesSpec

LABELS = ("ax", "rest", "wx")
SPEC = SeriesSpec(20, 50, 5, [Channel("ax", "g", 0, 1, -2, 2), Channel("wx", "rad/s", 0, 1, -2, 2)])


def mean_model(spec: SeriesSpec = SPEC) -> bytes:
    """float32 (1, length, 2) -> `scores`: softmax of ten times (mean of the first, 0.5, mean of the second)."""
    weights = np.array([[10, 0, 0], [0, 0, 10]], np.float32)
    bias = np.array([0, 5, 0], np.float32)
    nodes = [
        helper.make_node("ReduceMean", ["series"], ["means"], axes=[1], keepdims=0),
        helper.make_node("Gemm", ["means", "weights", "bias"], ["logits"]),
        helper.make_node("Softmax", ["logits"], ["scores"], axis=1),
    ]
    graph = helper.make_graph(
        nodes, "means",
        [helper.make_tensor_value_info("series", TensorProto.FLOAT, [1, spec.length, len(spec.channels)])],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, [1, 3])],
        [numpy_helper.from_array(weights, "weights"), numpy_helper.from_array(bias, "bias")],
    )  # fmt: skip
    return onnx.helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8).SerializeToString()


def series_card(spec: SeriesSpec = SPEC, **changes: Any) -> dict[str, Any]:
    """A card for `mean_model`, without a self-test."""
    output = {"activation": "softmax", "temperature": 1, "step": 0}
    return golden_card(name="means", labels=list(LABELS), input=spec.to_json(), self_test=[], output=output, **changes)


def write_model(path: Path, spec: SeriesSpec = SPEC, **changes: Any) -> Path:
    path.write_bytes(attach_card(mean_model(spec), series_card(spec, **changes), ".onnx"))
    return path


def write_recording(path: Path, rows: np.ndarray[Any, Any], *, rate: float = 50, start: float = 0.0) -> Path:
    """A CSV of time, ax, wx."""
    lines = [f"{start + number / rate:.4f},{ax:.4f},{wx:.4f}" for number, (ax, wx) in enumerate(rows)]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(["time,ax,wx", *lines]) + "\n")
    return path


def wave(seconds: float, large: str, seed: int = 0, rate: float = 50) -> np.ndarray[Any, Any]:
    """(samples, 2) of noise round 0, and 1 in the channel that is large."""
    noise = np.random.default_rng(seed).normal(0, 0.1, (round(seconds * rate), 2))
    noise[:, 0] += large == "ax"
    noise[:, 1] += large == "wx"
    return noise
