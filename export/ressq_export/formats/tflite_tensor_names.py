"""The tensors of a float `.tflite`: named after those of the ONNX file that it was made of.

A convolution is known by the name that onnx2tf gave its weights, any other layer by what it takes.
"""

import math
import re
from collections import Counter
from collections.abc import Iterable

import ai_edge_litert.schema_py_generated as schema
import numpy as np
import onnx

from ressq_export.errors import ConversionError
from ressq_export.network.tensor_names import (
    BEFORE_RELU,
    LOGITS,
    MOVES,
    operator_kind,
    origin,
    pack,
    read_flatbuffer,
)

_KINDS = {
    "CAST": "Cast",
    "MEAN": "ReduceMean",
    "FULLY_CONNECTED": "Gemm",
    "SOFTMAX": "Softmax",
    "CONCATENATION": "Concat",
    "ADD": "Add",
    "SUB": "Sub",
    "MUL": "Mul",
    "ARG_MAX": "ArgMax",
    "MAX_POOL_2D": "MaxPool",
    "AVERAGE_POOL_2D": "AveragePool",
    "RESIZE_BILINEAR": "Resize",
    "RESIZE_NEAREST_NEIGHBOR": "Resize",
    "TRANSPOSE": "Transpose",
    "RESHAPE": "Reshape",
    "SLICE": "Split",
    "PAD": "Pad",
}
_FILTER = re.compile(r"_(conv|depthwise)_filter$")
_PICTURES = 4  # dimensions: onnx2tf transposes these only from one layout to the other, a channel shuffle has five


def name_tflite_tensors(model: bytes, source: onnx.ModelProto) -> bytes:
    """The flatbuffer with its tensors renamed, for a model that onnx2tf made of `source`, whose tensors are named.

    Raises:
        ConversionError: a layer that `source` does not have, a stray TRANSPOSE for one.
    """
    root, graph = read_flatbuffer(model)
    namer = _Namer(root, graph, source)
    for operator in graph.operators:
        namer.name_outputs(operator)
    # onnx2tf allows fp16 arithmetic here (`reduced_precision_support`), and a Pi 5 takes the offer: a file
    # called fp32 would answer something else there than it was measured to.
    root.metadata = []
    return pack(root)


class _Namer:
    """Names the outputs and the weights of a graph's operators, in the graph's order."""

    def __init__(self, root: "schema.ModelT", graph: "schema.SubGraphT", source: onnx.ModelProto) -> None:
        self._root, self._tensors = root, graph.tensors
        self._convolutions = {
            node.name: _activation(node.output[0]) for node in source.graph.node if node.op_type == "Conv"
        }
        self._joints = _find_joints(source)
        self._made = {value.name for value in source.graph.input}
        self._moves = Counter[str]()

    def name_outputs(self, operator: "schema.OperatorT") -> None:
        """The inputs have their names already."""
        kind = operator_kind(self._root, operator)
        tensors = [self._tensors[number] for number in operator.inputs if number >= 0]
        inputs = [name for name in (tensor.name.decode() for tensor in tensors) if name in self._made]
        weights = ""
        if kind in ("CONV_2D", "DEPTHWISE_CONV_2D"):
            weights = made = self._convolutions.get(_FILTER.sub("", tensors[1].name.decode()), "")
        elif _is_stray(kind, tensors[0]):
            made = ""
        elif _KINDS.get(kind) in MOVES:
            made = self._moved(f"{origin(inputs[0])}.{MOVES[_KINDS[kind]]}")
            if kind == "SLICE":
                self._state_size(operator)
        else:
            cells = math.prod(self._tensors[operator.outputs[0]].shape)
            made = self._joints.get(_key(_KINDS.get(kind, ""), map(origin, inputs), cells), "")
            weights = LOGITS if kind == "FULLY_CONNECTED" else ""
        if not made:
            raise ConversionError(f"{kind}: found behind {', '.join(inputs)}, wanted only the layers of the ONNX file")
        if weights:
            for tensor, part in zip(tensors[1:], ("weight", "bias"), strict=True):
                tensor.name = f"{weights}.{part}".encode()
        self._tensors[operator.outputs[0]].name = made.encode()
        self._made.add(made)

    def _state_size(self, operator: "schema.OperatorT") -> None:
        """The sizes in numbers: of onnx2tf's -1, "to the end", XNNPACK makes no layer of its own."""
        sizes = np.array(self._tensors[operator.outputs[0]].shape, np.int32)
        self._root.buffers[self._tensors[operator.inputs[2]].buffer].data = np.frombuffer(sizes.tobytes(), np.uint8)

    def _moved(self, name: str) -> str:
        self._moves[name] += 1
        return name if self._moves[name] == 1 else f"{name}{self._moves[name]}"


def _is_stray(kind: str, tensor: "schema.TensorT") -> bool:
    return kind == "TRANSPOSE" and len(tensor.shape) == _PICTURES


_Key = tuple[str, frozenset[str], int]


def _find_joints(source: onnx.ModelProto) -> dict[_Key, str]:
    """Operator, the activations that it takes, and how large a pooling's is -> the one that it makes, ReLU included."""
    graph = onnx.shape_inference.infer_shapes(source).graph
    cells = {
        value.name: math.prod(dimension.dim_value for dimension in value.type.tensor_type.shape.dim)
        for value in graph.value_info
    }
    made = {*(value.name for value in graph.input), *(name for node in graph.node for name in node.output)}
    found = {}
    for node in graph.node:
        inputs = (_activation(name) for name in node.input if name in made)
        found[_key(node.op_type, inputs, cells.get(node.output[0], 0))] = _activation(node.output[0])
    return found


def _key(kind: str, inputs: Iterable[str], cells: int) -> _Key:
    return kind, frozenset(inputs), cells if kind == "AveragePool" else 0


def _activation(name: str) -> str:
    return origin(name.removesuffix(BEFORE_RELU))
