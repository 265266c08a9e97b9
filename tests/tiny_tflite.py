"""Small real `.tflite` files, written operator by operator, for what no exporter of ours would make."""

from __future__ import annotations

from typing import Any

import flatbuffers
import numpy as np

try:
    from ai_edge_litert import schema_py_generated as schema
except ImportError:  # a board with another interpreter has that module alone, beside pytest: tools/pi/pi.sh
    import tflite_schema as schema

SIZE, CLASSES = 32, 4
_INPUT, _REAL, _MAPS, _MEANS, _SCORES, _OTHER = 0, 1, 2, 3, 4, 5
_OPERATORS = {
    "CAST": schema.BuiltinOperator.CAST,
    "CONV_2D": schema.BuiltinOperator.CONV_2D,
    "MEAN": schema.BuiltinOperator.MEAN,
    "SOFTMAX": schema.BuiltinOperator.SOFTMAX,
    "QUANTIZE": schema.BuiltinOperator.QUANTIZE,
    "RESIZE_BILINEAR": schema.BuiltinOperator.RESIZE_BILINEAR,
    "ARG_MAX": schema.BuiltinOperator.ARG_MAX,
    "ADD": schema.BuiltinOperator.ADD,
}


def tiny_model(
    *,
    output: str = "float32",
    signatures: int = 1,
    dynamic: bool = False,
    outputs: int = 1,
    name: str = "scores",
    pixels: str = "uint8",
) -> bytes:
    """uint8 (1, 32, 32, 3) -> cast -> 3x3 convolution to 4 maps -> mean -> softmax -> `name` (1, 4).

    Args:
        output: float32, uint8 or int8 (quantised with scale 1/256).
        signatures: how many the file declares.
        dynamic: the batch size is left open.
        outputs: 2 makes the means an output as well, in front of the scores.
        name: of the output with the scores.
        pixels: type of the input.
    """
    random = np.random.default_rng(5)
    model = schema.ModelT()
    model.version, model.description = 3, b"tiny"
    model.buffers = [schema.BufferT()]
    graph = schema.SubGraphT()
    graph.name, model.subgraphs, graph.operators = b"main", [graph], []
    weights = random.normal(0, 0.001, (CLASSES, 3, 3, 3)).astype(np.float32)
    graph.tensors = [
        _tensor(b"pixels", (1, SIZE, SIZE, 3), getattr(schema.TensorType, pixels.upper())),
        _tensor(b"real", (1, SIZE, SIZE, 3)),
        _tensor(b"maps", (1, SIZE - 2, SIZE - 2, CLASSES)),
        _tensor(b"means", (1, CLASSES)),
        _tensor(name.encode() if output == "float32" else b"softmax", (1, CLASSES)),
        _tensor(b"weights", weights.shape, buffer=_buffer(model, weights)),
        _tensor(b"bias", (CLASSES,), buffer=_buffer(model, random.normal(0, 0.3, CLASSES).astype(np.float32))),
        _tensor(b"axes", (2,), schema.TensorType.INT32, _buffer(model, np.array([1, 2], np.int32))),
    ]
    if dynamic:
        graph.tensors[_INPUT].shapeSignature = [-1, SIZE, SIZE, 3]
    convolution = schema.Conv2DOptionsT()
    convolution.padding, convolution.strideH, convolution.strideW = schema.Padding.VALID, 1, 1
    softmax = schema.SoftmaxOptionsT()
    softmax.beta = 1.0
    _add(model, "CAST", [_INPUT], _REAL, schema.BuiltinOptions.CastOptions, schema.CastOptionsT())
    _add(model, "CONV_2D", [_REAL, 5, 6], _MAPS, schema.BuiltinOptions.Conv2DOptions, convolution)
    _add(model, "MEAN", [_MAPS, 7], _MEANS, schema.BuiltinOptions.ReducerOptions, schema.ReducerOptionsT())
    _add(model, "SOFTMAX", [_MEANS], _SCORES, schema.BuiltinOptions.SoftmaxOptions, softmax)
    last = _SCORES
    if output != "float32":
        last = len(graph.tensors)
        graph.tensors.append(_quantised(name, output))
        _add(model, "QUANTIZE", [_SCORES], last, schema.BuiltinOptions.QuantizeOptions, schema.QuantizeOptionsT())
    graph.inputs, graph.outputs = [_INPUT], [last] if outputs == 1 else [_MEANS, last]
    model.signatureDefs = [_signature(graph, f"signature{number}") for number in range(signatures)]
    builder = flatbuffers.Builder(1 << 16)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def _tensor(name: bytes, shape: tuple[int, ...], kind: int = schema.TensorType.FLOAT32, buffer: int = 0) -> Any:
    tensor = schema.TensorT()
    tensor.name, tensor.shape, tensor.type, tensor.buffer = name, list(shape), kind, buffer
    return tensor


def _quantised(name: str, dtype: str) -> Any:
    tensor = _tensor(name.encode(), (1, CLASSES), getattr(schema.TensorType, dtype.upper()))
    tensor.quantization = schema.QuantizationParametersT()
    tensor.quantization.scale, tensor.quantization.zeroPoint = [1 / 256], [-128 if dtype == "int8" else 0]
    return tensor


def _buffer(model: Any, values: Any) -> int:
    buffer = schema.BufferT()
    buffer.data = np.frombuffer(values.tobytes(), np.uint8)
    model.buffers.append(buffer)
    return len(model.buffers) - 1


def _add(model: Any, kind: str, inputs: list[int], output: int, options_type: int, options: Any) -> None:
    code = schema.OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = _OPERATORS[kind]
    code.version = 1
    model.operatorCodes = [*(model.operatorCodes or []), code]
    operator = schema.OperatorT()
    operator.opcodeIndex, operator.inputs, operator.outputs = len(model.operatorCodes) - 1, inputs, [output]
    operator.builtinOptionsType, operator.builtinOptions = options_type, options
    model.subgraphs[0].operators.append(operator)


def _signature(graph: Any, key: str) -> Any:
    signature = schema.SignatureDefT()
    signature.signatureKey, signature.subgraphIndex = key.encode(), 0
    signature.inputs = [_mapped(graph, index) for index in graph.inputs]
    signature.outputs = [_mapped(graph, index) for index in graph.outputs]
    return signature


def _mapped(graph: Any, index: int) -> Any:
    mapped = schema.TensorMapT()
    mapped.name, mapped.tensorIndex = graph.tensors[index].name, index
    return mapped
