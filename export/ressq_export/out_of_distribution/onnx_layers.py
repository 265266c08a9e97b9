"""The layers of `out_of_distribution` in an ONNX file, float or int8."""

from collections.abc import Sequence

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from ressq_export.network.tensor_names import CENTRED, MEAN, find_output
from ressq_export.out_of_distribution.training_statistics import (
    CONTENT,
    LOOK,
    STRIDE,
    Form,
    TrainingStatistics,
    make_filters,
)
from ressq_runtime.artefact.card import OUT_OF_DISTRIBUTION

GREY = 128.0  # what is taken off a baseline's pixels


def extend_onnx(model: bytes, name: str, modules: Sequence[str], statistics: TrainingStatistics | None) -> bytes:
    """The model with one more output: `out_of_distribution`, or two: the features that it is made of.

    Args:
        model: an ONNX file.
        name: its name, for the error.
        modules: whose channels are features.
        statistics: of the training pictures; None: the features are the outputs.

    Raises:
        ConversionError: the model has no such module.
    """
    extended = onnx.load_from_string(model)
    layers = _Layers(extended.graph)
    look = _add_look(layers, [find_output(layers.made, module, name) for module in modules])
    pooled = layers.quantised(find_output(layers.made, MEAN, name))
    content = layers.add("LpNormalization", [pooled], CONTENT.removeprefix(f"{OUT_OF_DISTRIBUTION}."), axis=1, p=2)
    outputs = [_add_score(layers, look, content, statistics)] if statistics else [look, content]
    for output in outputs:
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
        name = f"{OUT_OF_DISTRIBUTION}.{name}"
        self._graph.initializer.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def add(self, kind: str, inputs: Sequence[str], name: str, **attributes: object) -> str:
        name = f"{OUT_OF_DISTRIBUTION}.{name}".rstrip(".")
        self._graph.node.append(helper.make_node(kind, inputs, [name], name, **attributes))
        return name

    def quantised(self, name: str) -> str:
        """The value as the int8 file rounds it, behind a pair of nodes; before them it would stay float."""
        found = f"{name}_DequantizeLinear_Output"
        return found if found in self.made else name

    def pixels(self) -> tuple[str, float]:
        """What the first convolution takes, float NCHW, and what it lacks of 0..255, being centred in a baseline."""
        source = str(next(node for node in self._graph.node if node.op_type == "Conv").input[0])
        if self.made[source].op_type == "DequantizeLinear":
            constants = {constant.name: constant for constant in self._graph.initializer}
            return source, float(numpy_helper.to_array(constants[self.made[source].input[2]]))
        return source, GREY if CENTRED in self.made else 0.0


def _add_look(layers: _Layers, modules: Sequence[str]) -> str:
    (weights, offsets), (pixels, lacking) = make_filters(), layers.pixels()
    offsets = offsets + np.float32(lacking) * weights.sum((1, 2, 3))
    filters = layers.constant("filters", weights.transpose(0, 3, 1, 2)), layers.constant("offsets", offsets)
    filtered = layers.add("Conv", [pixels, *filters], "filtered", strides=[STRIDE, STRIDE])
    axes = layers.constant("axes", np.array([2, 3], np.int64))
    powers = []
    for number, source in enumerate([filtered, *modules]):
        source = layers.quantised(source)
        squares = layers.add("Mul", [source, source], f"squares{number}")
        powers.append(layers.add("ReduceMean", [squares, axes], f"power{number}", keepdims=0))
    return layers.add("Concat", powers, LOOK.removeprefix(f"{OUT_OF_DISTRIBUTION}."), axis=1)


def _add_score(layers: _Layers, look: str, content: str, statistics: TrainingStatistics) -> str:
    floor = layers.constant("floor", statistics.floor[None])
    log = layers.add("Log", [layers.add("Add", [look, floor], "lifted")], "log")
    forms = [_add_form(layers, log, statistics.look, "look"), _add_form(layers, content, statistics.content, "content")]
    return layers.add("Max", forms, "")


def _add_form(layers: _Layers, features: str, form: Form, name: str) -> str:
    mean, components = layers.constant(f"{name}.mean", form.mean[None]), form.components.T
    found = layers.add("Sub", [features, mean], f"{name}.difference")
    projected = layers.add("MatMul", [found, layers.constant(f"{name}.components", components)], f"{name}.projected")
    both = layers.add("Concat", [found, projected], f"{name}.both", axis=1)
    weight = layers.constant(f"{name}.weight", form.weight[:, None])
    return layers.add("MatMul", [layers.add("Mul", [both, both], f"{name}.squared"), weight], f"{name}.distance")
