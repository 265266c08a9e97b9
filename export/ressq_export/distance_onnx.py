"""The layers of `distance` in an ONNX file, float or int8."""

from collections.abc import Sequence

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from ressq_export.places import CENTRED, find_output
from ressq_export.typical import FEATURES, STRIDE, Typical, make_filters
from ressq_runtime.classify import DISTANCE

GREY = 128.0  # what is taken off a baseline's pixels


def extend_onnx(model: bytes, name: str, places: Sequence[str], typical: Typical | None) -> bytes:
    """The model with one more output: `distance`, or the features that it is made of.

    Args:
        model: an ONNX file.
        name: its name, for the error.
        places: modules whose channels are features.
        typical: of the training pictures; None: the features are the output.

    Raises:
        ConversionError: the model has no such place.
    """
    extended = onnx.load_from_string(model)
    layers = _Layers(extended.graph)
    features = _add_features(layers, [find_output(layers.made, place, name) for place in places])
    output = _add_score(layers, features, typical) if typical else features
    extended.graph.output.append(helper.make_tensor_value_info(output, onnx.TensorProto.FLOAT, None))
    extended = onnx.shape_inference.infer_shapes(extended)
    onnx.checker.check_model(extended, full_check=True)
    written: bytes = extended.SerializeToString()
    return written


class _Layers:
    """Adds nodes and constants to a graph; gives back names. made: the values of the nodes that were there."""

    def __init__(self, graph: onnx.GraphProto) -> None:
        self._graph = graph
        self.made = {name: node for node in graph.node for name in node.output}

    def constant(self, name: str, value: "NDArray[np.float32] | NDArray[np.int64]") -> str:
        name = f"{DISTANCE}.{name}"
        self._graph.initializer.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def add(self, kind: str, inputs: Sequence[str], name: str, **attributes: object) -> str:
        name = f"{DISTANCE}.{name}".rstrip(".")
        self._graph.node.append(helper.make_node(kind, inputs, [name], name, **attributes))
        return name

    def pixels(self) -> tuple[str, float]:
        """What the first convolution takes, float NCHW, and what it lacks of 0..255, being centred in a baseline."""
        source = str(next(node for node in self._graph.node if node.op_type == "Conv").input[0])
        if self.made[source].op_type == "DequantizeLinear":
            constants = {constant.name: constant for constant in self._graph.initializer}
            return source, float(numpy_helper.to_array(constants[self.made[source].input[2]]))
        return source, GREY if CENTRED in self.made else 0.0


def _add_features(layers: _Layers, places: Sequence[str]) -> str:
    (weights, offsets), (pixels, lacking) = make_filters(), layers.pixels()
    offsets = offsets + np.float32(lacking) * weights.sum((1, 2, 3))
    filters = layers.constant("filters", weights.transpose(0, 3, 1, 2)), layers.constant("offsets", offsets)
    filtered = layers.add("Conv", [pixels, *filters], "filtered", strides=[STRIDE, STRIDE])
    axes = layers.constant("axes", np.array([2, 3], np.int64))
    powers = []
    for number, source in enumerate([filtered, *places]):
        # in an int8 file behind a pair of nodes, before which it would stay float
        quantised = f"{source}_DequantizeLinear_Output"
        source = quantised if quantised in layers.made else source
        squares = layers.add("Mul", [source, source], f"squares{number}")
        powers.append(layers.add("ReduceMean", [squares, axes], f"power{number}", keepdims=0))
    return layers.add("Concat", powers, FEATURES.removeprefix(f"{DISTANCE}."), axis=1)


def _add_score(layers: _Layers, features: str, typical: Typical) -> str:
    floor, mean = layers.constant("floor", typical.floor[None]), layers.constant("typical", typical.mean[None])
    components = layers.constant("components", typical.components.T)
    weight = layers.constant("weight", typical.weight[:, None])
    log = layers.add("Log", [layers.add("Add", [features, floor], "lifted")], "log")
    found = layers.add("Sub", [log, mean], "difference")
    both = layers.add("Concat", [found, layers.add("MatMul", [found, components], "projected")], "both", axis=1)
    return layers.add("MatMul", [layers.add("Mul", [both, both], "squared"), weight], "")
