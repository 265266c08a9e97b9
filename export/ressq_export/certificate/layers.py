"""The layers of the int8 `.tflite`: the ranges that lie in the file, and what each keeps of its signal."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import ai_edge_litert.schema_py_generated as schema
import numpy as np

from ressq_export.certificate.snr import measure_snr
from ressq_export.network.tensor_names import operator_kind, read_flatbuffer

# A layer's noise hardly varies from picture to picture; the calibration set begins with the classes in turn.
SNR_COUNT = 32

_LOWEST, _HIGHEST = -128, 127
_WEIGHTED = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED")
_NAMES = {
    "CONV_2D": "convolution",
    "DEPTHWISE_CONV_2D": "depthwise convolution",
    "FULLY_CONNECTED": "matrix product",
    "CONCATENATION": "concatenation",
    "ADD": "sum",
    "SUB": "difference",
    "MAX_POOL_2D": "maximum",
    "MEAN": "mean",
}


def describe_layers(float_model: Path, int8_model: Path, pictures: Sequence[bytes]) -> list[dict[str, object]]:
    """One entry a layer, in the network's order: the `layers` of docs/certificate.md.

    Args:
        float_model: `.tflite`.
        int8_model: the `.tflite` made of it.
        pictures: training pictures, uint8 RGB pixels; the first SNR_COUNT are run.
    """
    layers = read_layers(int8_model.read_bytes())
    names = [str(layer["tensor"]) for layer in layers]
    ratios = measure_snr(float_model, int8_model, names, pictures[:SNR_COUNT])
    return [{**layer, "snr_db": ratios.get(name)} for name, layer in zip(names, layers, strict=True)]


def read_layers(model: bytes) -> list[dict[str, object]]:
    """Tensor, kind, activation range and weight range of each int8 layer, as they lie in the flatbuffer."""
    root, graph = read_flatbuffer(model)
    layers: list[dict[str, object]] = []
    for operator in graph.operators:
        kind = operator_kind(root, operator)
        output = graph.tensors[operator.outputs[0]]
        if kind not in _NAMES or output.type != schema.TensorType.INT8:
            continue
        scale, zero_point = float(output.quantization.scale[0]), int(output.quantization.zeroPoint[0])
        layers.append(
            {
                "tensor": output.name.decode(),
                "kind": _NAMES[kind],
                "low": (_LOWEST - zero_point) * scale,
                "high": (_HIGHEST - zero_point) * scale,
                "scale": scale,
                "zero_point": zero_point,
                "weights": _weight_range(root, graph.tensors[operator.inputs[1]]) if kind in _WEIGHTED else None,
            }
        )
    return layers


def _weight_range(root: "schema.ModelT", tensor: Any) -> dict[str, float]:
    """Extremes over the layer, and the largest magnitude of its narrowest and of its widest output channel."""
    scales = np.asarray(tensor.quantization.scale, np.float64)
    stored = np.frombuffer(bytes(root.buffers[tensor.buffer].data), np.int8).reshape(tensor.shape)
    stored = np.moveaxis(stored, tensor.quantization.quantizedDimension, 0).reshape(len(scales), -1)
    weights = stored * scales[:, None]
    channels = np.abs(weights).max(1)
    extremes = {"low": weights.min(), "high": weights.max(), "narrowest": channels.min(), "widest": channels.max()}
    return {key: float(value) for key, value in extremes.items()}
