"""Names for the tensors in a network: `conv1`, `fire2.squeeze`, `fire3.concat`, `fire3.sum`, `mean`, `logits`.

An activation is the output of one layer, its ReLU included. Both formats carry the same names, so that ranges
taken in one serve the other, and a profile or a report of either can be read beside the paper. A baseline's
layers have torchvision's names: `layer1.0.conv1`, `layer1.0.sum`.

What only moves values gets the name of the activation that they come from and what was done: `conv1.padded`. Which
moves there are differs between the formats.
"""

import re
from collections import Counter
from collections.abc import Container, Sequence

import ai_edge_litert.schema_py_generated as schema
import flatbuffers
import onnx
from torch import nn

from ressq_export.errors import ConversionError

INPUT = "pixels"
OUTPUT = "scores"
LOGITS = "logits"
MEAN = "mean"  # over positions, of what the last layer takes
CENTRED = "centred"  # pixels less 128, as a baseline takes them
BEFORE_RELU = ".preactivation"  # what the layer gives whose ReLU makes the activation
FEATURES = "features."  # where a baseline's layers lie in a DeployedNetwork

_ONNX_NAMES = {"Cast": "float", "ReduceMean": MEAN, "Gemm": LOGITS, "Softmax": OUTPUT}
_TFLITE_KINDS = {value: name for name, value in vars(schema.BuiltinOperator).items() if isinstance(value, int)}
_JOINTS = {"Concat": "concat", "Add": "sum", "Sub": "sum"}
_RELUS = ("Relu", "Clip")
# What moves values, and the ranges with them.
MOVES = {"Transpose": "transposed", "Reshape": "reshaped", "Split": "sliced", "Pad": "padded"}
_MOVED = re.compile(rf"\.({'|'.join(MOVES.values())})\d*$")
_BLOCK = re.compile(r"[A-Za-z]\w*(\.\d+)?")


class NamedTensor(nn.Identity):
    """Where int8 rounds: the output of one layer, its ReLU included, under its name in every artefact."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name


def origin(name: str) -> str:
    """The activation that holds the same values, perhaps elsewhere: `conv1` of `conv1.padded`."""
    return _MOVED.sub("", name)


def find_block(name: str) -> str:
    """What a tensor belongs to, a module with its number: `fire3`, `layer1.0`, `inception3a`, `features.10`."""
    block = _BLOCK.match(name)
    return block[0] if block else name


def join(word: str, inputs: Sequence[str]) -> str:
    """The name of a layer without weights: after the block of what was made last, `fire3.sum`, `layer1.0.sum`.

    Args:
        word: what the layer does.
        inputs: the activations that it takes, in the order they are made.
    """
    return f"{find_block(inputs[-1])}.{word}"


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
        self._made: list[str] = []
        self._moves = Counter[str]()
        self._pools = 0

    def name_outputs(self, node: onnx.NodeProto) -> list[str]:
        """The outputs' new names; those of the inputs are new already."""
        names = [self._moved(node) for _ in node.output] if node.op_type in MOVES else [self._activation(node)]
        self._made += names
        return names

    def _moved(self, node: onnx.NodeProto) -> str:
        name = f"{origin(node.input[0])}.{MOVES[node.op_type]}"
        self._moves[name] += 1
        return name if self._moves[name] == 1 else f"{name}{self._moves[name]}"

    def _activation(self, node: onnx.NodeProto) -> str:
        first = str(node.input[0])
        if node.op_type in _RELUS:
            return first.removesuffix(BEFORE_RELU)
        if node.op_type == "Conv":
            name = str(node.input[1]).removesuffix(".weight")
        elif node.op_type == "MaxPool":
            name = self._pool(node)
        elif node.op_type == "Sub" and first == "float":
            return CENTRED
        elif node.op_type in _JOINTS:
            inputs = sorted(node.input, key=self._made.index)
            name = join(_JOINTS[node.op_type], [origin(name) for name in inputs])
        elif node.op_type in _ONNX_NAMES:
            name = _ONNX_NAMES[node.op_type]
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
        self._pools += 1
        return f"pool{self._pools}"


def find_output(made: Container[str], module: str, model: str) -> str:
    """The activation that is the output of this module, of those that are made in the model.

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
