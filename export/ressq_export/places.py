"""Names for the places in a network: `conv1`, `fire2.squeeze`, `fire3.concat`, `fire3.sum`, `mean`, `logits`.

A place is the output of one layer, its ReLU included. Both formats carry the same names, so that ranges
taken in one serve the other, and a profile or a report of either can be read beside the paper.
"""

from collections import Counter
from collections.abc import Container

import ai_edge_litert.schema_py_generated as schema
import flatbuffers
import onnx

from ressq_export.errors import ConversionError

INPUT = "pixels"
OUTPUT = "scores"
LOGITS = "logits"

_ONNX_PLACES = {"Cast": "float", "ReduceMean": "mean", "Gemm": LOGITS, "Softmax": OUTPUT}
_TFLITE_KINDS = {value: name for name, value in vars(schema.BuiltinOperator).items() if isinstance(value, int)}
_TFLITE_PLACES = {"CAST": "float", "MEAN": "mean", "FULLY_CONNECTED": LOGITS, "SOFTMAX": OUTPUT}
_CONCATENATIONS = ("Concat", "CONCATENATION")
_SUMS = ("Add", "Sub", "ADD", "SUB")
_POOLS = ("MaxPool", "MAX_POOL_2D")


def name_onnx_places(model: onnx.ModelProto) -> None:
    """Rename the nodes and values of a fresh export, in place; a convolution goes by its weights.

    Raises:
        ConversionError: a layer that a SqueezeNet does not have.
    """
    renamed: dict[str, str] = {}
    pools = Counter[str]()
    for node in model.graph.node:
        node.input[:] = [renamed.get(name, name) for name in node.input]
        place = _onnx_place(node, pools)
        for value in model.graph.output:
            value.name = place if value.name == node.output[0] else value.name
        renamed[node.output[0]] = place
        node.name = node.output[0] = place


def _onnx_place(node: onnx.NodeProto, pools: "Counter[str]") -> str:
    if node.op_type == "Conv":
        place = str(node.input[1]).removesuffix(".weight")
        # a ReLU behind takes the name of the place; only the bypass's convolution has none
        return place if place.endswith(".bypass") else f"{place}.conv"
    if node.op_type == "Relu":
        return str(node.input[0]).removesuffix(".conv")
    if node.op_type == "Transpose":
        return f"{node.input[0]}.transposed"
    return _ONNX_PLACES.get(node.op_type) or _joined(node.op_type, str(node.input[0]), pools)


def name_tflite_places(model: bytes) -> bytes:
    """The flatbuffer with its tensors renamed, for a model that onnx2tf made of a named ONNX file.

    Raises:
        ConversionError: a layer that a SqueezeNet does not have, a stray TRANSPOSE for one.
    """
    root, graph = read_flatbuffer(model)
    tensors, pools = graph.tensors, Counter[str]()
    for operator in graph.operators:
        kind = operator_kind(root, operator)
        if kind == "CONV_2D":
            weight = tensors[operator.inputs[1]].name.decode()
            place = weight.removesuffix("_conv_filter").removesuffix(".conv")
            tensors[operator.inputs[1]].name = f"{place}.weight".encode()
            tensors[operator.inputs[2]].name = f"{place}.bias".encode()
        else:
            if kind == "FULLY_CONNECTED":
                tensors[operator.inputs[1]].name = f"{LOGITS}.weight".encode()
                tensors[operator.inputs[2]].name = f"{LOGITS}.bias".encode()
            first = tensors[operator.inputs[0]].name.decode()
            place = _TFLITE_PLACES.get(kind) or _joined(kind, first, pools)
        tensors[operator.outputs[0]].name = place.encode()
    # onnx2tf allows fp16 arithmetic here (`reduced_precision_support`), and a Pi 5 takes the offer: a file
    # called fp32 would answer something else there than it was measured to.
    root.metadata = []
    return pack(root)


def find_output(made: Container[str], module: str, model: str) -> str:
    """The place that is the output of this module, of those that are made in the model.

    Raises:
        ConversionError: there is none.
    """
    found = next((name for name in (f"{module}.sum", f"{module}.concat", module) if name in made), None)
    if found is None:
        raise ConversionError(f"{model}: found no output of {module}, wanted a network with that module")
    return found


def operator_kind(root: "schema.ModelT", operator: "schema.OperatorT") -> str:
    """The operator's name in the schema, as CONV_2D."""
    code = root.operatorCodes[operator.opcodeIndex]
    kind: str = _TFLITE_KINDS[max(code.builtinCode, code.deprecatedBuiltinCode)]
    return kind


def read_flatbuffer(model: bytes) -> "tuple[schema.ModelT, schema.SubGraphT]":
    """A TFLite model unpacked, and its one graph."""
    root = schema.ModelT.InitFromPackedBuf(model, 0)
    return root, root.subgraphs[0]


def pack(root: "schema.ModelT") -> bytes:
    """A flatbuffer of an unpacked TFLite model."""
    builder = flatbuffers.Builder(1 << 20)
    builder.Finish(root.Pack(builder), file_identifier=b"TFL3")
    return bytes(builder.Output())


def _joined(kind: str, first: str, pools: "Counter[str]") -> str:
    """The place of a layer without weights: after the Fire module of its first input, or counted."""
    if kind in _POOLS:
        pools["pool"] += 1
        return f"pool{pools['pool']}"
    if kind in _CONCATENATIONS:
        return f"{first.rpartition('.')[0]}.concat"
    if kind in _SUMS:
        return f"{first.rpartition('.')[0]}.sum"
    raise ConversionError(f"{kind}: found behind {first}, wanted only the layers of a SqueezeNet")
