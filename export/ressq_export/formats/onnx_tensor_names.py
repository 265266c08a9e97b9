"""The tensors of a fresh ONNX export, named after the layers that make them (`network.tensor_names`)."""

from collections import Counter

import onnx

from ressq_export.errors import ConversionError
from ressq_export.network.tensor_names import (
    BEFORE_RELU,
    CENTRED,
    FEATURES,
    LOGITS,
    LOWERED,
    MEAN,
    MOVES,
    NORMALISED,
    OUTPUT,
    SERIES,
    WINNER,
    join,
    number,
    origin,
)

_NAMES = {"Cast": "float", "ReduceMean": MEAN, "Gemm": LOGITS, "Softmax": OUTPUT, "ArgMax": WINNER}
_JOINTS = {"Concat": "concat", "Add": "sum", "Sub": "sum", "Mul": "product", "AveragePool": "pool"}
_ENTRANCE = {("Add", SERIES): CENTRED, ("Mul", CENTRED): NORMALISED}  # of a window, before its first layer
_RELUS = ("Relu", "Clip")


def name_onnx_tensors(model: onnx.ModelProto) -> None:
    """Rename the nodes and values of a fresh export, in place; a convolution goes by its weights.

    Raises:
        ConversionError: a layer that none of our networks has.
    """
    for constant in model.graph.initializer:
        constant.name = constant.name.removeprefix(FEATURES)
    namer = _OnnxNamer(model.graph)
    renamed: dict[str, str] = {}
    for node in model.graph.node:
        node.input[:] = [renamed.get(name, name.removeprefix(FEATURES)) for name in node.input]
        named = namer.name_outputs(node)
        for before, name in zip(node.output, named, strict=True):
            for value in model.graph.output:
                value.name = name if value.name == before else value.name
            renamed[before] = name
        node.output[:] = named
        node.name = named[0]


class _OnnxNamer:
    """Names the outputs of a graph's nodes, in the graph's order."""

    def __init__(self, graph: onnx.GraphProto) -> None:
        self._readers: dict[str, list[onnx.NodeProto]] = {}
        for node in graph.node:
            for name in node.input:
                self._readers.setdefault(name, []).append(node)
        self._outputs = {value.name for value in graph.output}
        self._made: list[str] = []
        self._numbers = Counter[str]()
        self._pools = 0

    def name_outputs(self, node: onnx.NodeProto) -> list[str]:
        """The outputs' new names; those of the inputs are new already."""
        if node.op_type in MOVES:
            moved = f"{origin(node.input[0])}.{MOVES[node.op_type]}"
            names = [number(moved, self._numbers) for _ in node.output]
        else:
            names = [self._activation(node)]
        self._made += names
        return names

    def _activation(self, node: onnx.NodeProto) -> str:
        first, made = str(node.input[0]), str(node.output[0])
        if made in self._outputs:
            return made
        if node.op_type in _RELUS:
            return first.removesuffix(BEFORE_RELU)
        if node.op_type == "Conv":
            name = str(node.input[1]).removesuffix(".weight")
        elif node.op_type == "MaxPool":
            name = self._pool(node)
        elif node.op_type == "Sub" and first == "float":
            name = CENTRED
        elif (node.op_type, first) in _ENTRANCE:
            name = _ENTRANCE[node.op_type, first]
        elif node.op_type in _JOINTS:
            inputs = sorted((name for name in node.input if name in self._made), key=self._made.index)
            word = LOWERED if node.op_type == "Sub" and len(inputs) == 1 else _JOINTS[node.op_type]
            name = number(join(word, [origin(name) for name in inputs]), self._numbers)
        elif node.op_type in _NAMES:
            name = _NAMES[node.op_type]
        else:
            raise ConversionError(
                f"{node.op_type}: found behind {first}, wanted only the layers of a network in "
                "ressq_edge/network/arch.py"
            )
        readers = [reader.op_type in _RELUS for reader in self._readers.get(node.output[0], [])]
        return name + BEFORE_RELU if readers == [True] else name

    def _pool(self, node: onnx.NodeProto) -> str:
        """A pooling that halves the sides is counted; another belongs to the block that reads it."""
        strides = next((list(a.ints) for a in node.attribute if a.name == "strides"), [1])
        if set(strides) == {1}:
            return join("pool", [self._readers[node.output[0]][0].input[1].removeprefix(FEATURES)])
        if strides[-1] == 1:  # of rows; that of columns follows
            return f"pool{self._pools + 1}.rows"
        self._pools += 1
        return f"pool{self._pools}"
