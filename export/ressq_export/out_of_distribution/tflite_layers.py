"""The layers of `out_of_distribution` in a TFLite file, float or int8."""

from collections.abc import Sequence

import ai_edge_litert.schema_py_generated as schema
import numpy as np

from ressq_export.formats.tflite_layers import LayerWriter
from ressq_export.network.tensor_names import MEAN, find_output, operator_kind, pack, read_flatbuffer
from ressq_export.out_of_distribution.training_statistics import (
    CONTENT,
    LOOK,
    STRIDE,
    Form,
    TrainingStatistics,
    make_filters,
)
from ressq_runtime.artefact.card import OUT_OF_DISTRIBUTION

_Operator = schema.BuiltinOperator


def extend_tflite(model: bytes, name: str, modules: Sequence[str], statistics: TrainingStatistics | None) -> bytes:
    """The model with one more output: `out_of_distribution`, or two: the features that it is made of.

    Args:
        model: a TFLite flatbuffer.
        name: its name, for the error.
        modules: whose channels are features.
        statistics: of the training pictures; None: the features are the outputs.

    Raises:
        ConversionError: the model has no such module.
    """
    root, graph = read_flatbuffer(model)
    tensors = {tensor.name.decode(): index for index, tensor in enumerate(graph.tensors)}
    sources = [tensors[find_output(tensors, module, name)] for module in modules]
    writer = LayerWriter(root, graph, OUT_OF_DISTRIBUTION)
    look = _add_look(root, graph, writer, sources)
    content = _add_content(writer, tensors[find_output(tensors, MEAN, name)], graph)
    outputs = (
        {OUT_OF_DISTRIBUTION: _add_score(writer, look, content, statistics)}
        if statistics
        else {LOOK: look, CONTENT: content}
    )
    graph.outputs = [*graph.outputs, *outputs.values()]
    for signature in root.signatureDefs or ():
        for key, output in outputs.items():
            entry = schema.TensorMapT()
            entry.name, entry.tensorIndex = key.encode(), output
            signature.outputs.append(entry)
    return pack(root)


def _add_look(root: "schema.ModelT", graph: "schema.SubGraphT", writer: LayerWriter, sources: Sequence[int]) -> int:
    axes = writer.constant("axes", np.array([1, 2], np.int32))
    pixels = next(op.outputs[0] for op in graph.operators if operator_kind(root, op) == "CAST")
    powers = []
    for number, source in enumerate([pixels, *sources]):
        before = len(graph.operators)
        values = _add_filters(writer, source, graph) if number == 0 else _to_float(writer, source, graph, str(number))
        shape = list(graph.tensors[values].shape)
        squares = writer.operator(_Operator.MUL, [values, values], f"squares{number}", shape, "Mul")
        powers.append(writer.operator(_Operator.MEAN, [squares, axes], f"power{number}", [1, shape[3]], "Reducer"))
        _move_behind(graph, before, source)
    width = sum(graph.tensors[power].shape[1] for power in powers)
    name = LOOK.removeprefix(f"{OUT_OF_DISTRIBUTION}.")
    return writer.operator(_Operator.CONCATENATION, powers, name, [1, width], "Concatenation", axis=1)


def _add_filters(writer: LayerWriter, pixels: int, graph: "schema.SubGraphT") -> int:
    weights, offsets = make_filters()
    filters = [writer.constant("filters", weights), writer.constant("offsets", offsets)]
    side = (graph.tensors[pixels].shape[1] - weights.shape[1]) // STRIDE + 1
    settings = {"padding": schema.Padding.VALID, "strideH": STRIDE, "strideW": STRIDE}
    shape = [1, side, side, len(offsets)]
    return writer.operator(_Operator.CONV_2D, [pixels, *filters], "filtered", shape, "Conv2D", **settings)


def _add_content(writer: LayerWriter, pooled: int, graph: "schema.SubGraphT") -> int:
    values, name = _to_float(writer, pooled, graph, MEAN), CONTENT.removeprefix(f"{OUT_OF_DISTRIBUTION}.")
    return writer.operator(_Operator.L2_NORMALIZATION, [values], name, list(graph.tensors[pooled].shape), "L2Norm")


def _to_float(writer: LayerWriter, source: int, graph: "schema.SubGraphT", name: str) -> int:
    tensor = graph.tensors[source]
    if tensor.type == schema.TensorType.FLOAT32:
        return source
    return writer.operator(_Operator.DEQUANTIZE, [source], f"float.{name}", list(tensor.shape))


def _move_behind(graph: "schema.SubGraphT", first: int, tensor: int) -> None:
    """Run the operators from `first` on right after the tensor is made: it need not be kept to the end."""
    moved = graph.operators[first:]
    del graph.operators[first:]
    at = next(i for i, operator in enumerate(graph.operators, 1) if tensor in operator.outputs)
    graph.operators[at:at] = moved


def _add_score(writer: LayerWriter, look: int, content: int, statistics: TrainingStatistics) -> int:
    width = len(statistics.look.mean)
    floor = writer.constant("floor", statistics.floor[None])
    log = writer.operator(_Operator.ADD, [look, floor], "lifted", [1, width], "Add")
    log = writer.operator(_Operator.LOG, [log], "log", [1, width], "")
    forms = [_add_form(writer, log, statistics.look, "look"), _add_form(writer, content, statistics.content, "content")]
    return writer.operator(_Operator.MAXIMUM, forms, "", [1, 1], "MaximumMinimum")


def _add_form(writer: LayerWriter, features: int, form: Form, name: str) -> int:
    width, count = len(form.mean), len(form.components)
    mean, components = (
        writer.constant(f"{name}.mean", form.mean[None]), writer.constant(f"{name}.components", form.components),
    )  # fmt: skip
    weight = writer.constant(f"{name}.weight", form.weight[None])
    add, product = writer.operator, _Operator.FULLY_CONNECTED
    found = add(_Operator.SUB, [features, mean], f"{name}.difference", [1, width], "Sub")
    beside = add(product, [found, components, -1], f"{name}.projected", [1, count], "FullyConnected")
    both = [1, width + count]
    found = add(_Operator.CONCATENATION, [found, beside], f"{name}.both", both, "Concatenation", axis=1)
    found = add(_Operator.MUL, [found, found], f"{name}.squared", both, "Mul")
    return add(product, [found, weight, -1], f"{name}.distance", [1, 1], "FullyConnected")
