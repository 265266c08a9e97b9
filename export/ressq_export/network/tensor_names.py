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
from torch import nn

from ressq_export.errors import ConversionError

INPUT, SERIES = "pixels", "series"  # what goes in, by its kind
OUTPUT = "scores"
LOGITS = "logits"
MEAN = "mean"  # over positions, of what the last layer takes
CENTRED = "centred"  # pixels less 128, as a baseline takes them; values less the mean of their channel
NORMALISED = "normalised"  # those over its deviation
CLASSES, WINNER = "classes", "classes.winner"  # the class of each pixel, as bytes, and as an arg max has it
LOWERED = "lowered"  # a constant less an activation
BEFORE_RELU = ".preactivation"  # what the layer gives whose ReLU makes the activation
FEATURES = "features."  # where a baseline's layers lie in a DeployedNetwork

_TFLITE_KINDS = {value: name for name, value in vars(schema.BuiltinOperator).items() if isinstance(value, int)}
# What moves values, and the ranges with them.
MOVES = {"Transpose": "transposed", "Reshape": "reshaped", "Split": "sliced", "Pad": "padded", "Resize": "resized"}
_MOVED = re.compile(rf"\.({'|'.join(MOVES.values())})\d*$")
_BLOCK = re.compile(r"[A-Za-z]\w*(\.\d+)?")
# In a head: all but the layer's own name, perhaps with its number in a list.
_HEAD_BLOCK = re.compile(r"(head(?:\.\w+)*?)\.[a-z]\w*(?:\.\d+)?")


class NamedTensor(nn.Identity):
    """Where int8 rounds: the output of one layer, its ReLU included, under its name in every artefact."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name


def origin(name: str) -> str:
    """The activation that holds the same values, perhaps elsewhere: `conv1` of `conv1.padded`."""
    return _MOVED.sub("", name)


def find_block(name: str) -> str:
    """What a tensor belongs to, a module with its number: `fire3`, `layer1.0`, `inception3a`, `features.10`.

    Of a head the module that holds the layer: `head.merge`, `head.fires.0.1`.
    """
    if found := _HEAD_BLOCK.fullmatch(name):
        return found[1]
    block = _BLOCK.match(name)
    return block[0] if block else name


def join(word: str, inputs: Sequence[str]) -> str:
    """The name of a layer without weights: after the block of what was made last, `fire3.sum`, `layer1.0.sum`.

    Args:
        word: what the layer does.
        inputs: the activations that it takes, in the order they are made.
    """
    return f"{find_block(inputs[-1])}.{word}"


def number(name: str, known: Counter[str]) -> str:
    """The name, with a number from its second time on: `head.sum`, `head.sum2`."""
    known[name] += 1
    return name if known[name] == 1 else f"{name}{known[name]}"


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
