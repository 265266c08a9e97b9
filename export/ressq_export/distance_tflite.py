"""The layers of `distance` in a TFLite file, float or int8."""

from collections.abc import Sequence

import ai_edge_litert.schema_py_generated as schema
import numpy as np

from ressq_export.places import find_output, operator_kind, pack, read_flatbuffer
from ressq_export.tflite_layers import LayerWriter
from ressq_export.typical import FEATURES, STRIDE, Typical, make_filters
from ressq_runtime.classify import DISTANCE

_Operator = schema.BuiltinOperator


def extend_tflite(model: bytes, name: str, places: Sequence[str], typical: Typical | None) -> bytes:
    """The model with one more output: `distance`, or the features that it is made of.

    Args:
        model: a TFLite flatbuffer.
        name: its name, for the error.
        places: modules whose channels are features.
        typical: of the training pictures; None: the features are the output.

    Raises:
        ConversionError: the model has no such place.
    """
    root, graph = read_flatbuffer(model)
    tensors = {tensor.name.decode(): index for index, tensor in enumerate(graph.tensors)}
    sources = [tensors[find_output(tensors, place, name)] for place in places]
    writer = LayerWriter(root, graph, DISTANCE)
    features = _add_features(root, graph, writer, sources)
    output = _add_score(writer, features, typical) if typical else features
    graph.outputs = [*graph.outputs, output]
    for signature in root.signatureDefs or ():
        entry = schema.TensorMapT()
        entry.name, entry.tensorIndex = (DISTANCE if typical else FEATURES).encode(), output
        signature.outputs.append(entry)
    return pack(root)


def _add_features(root: "schema.ModelT", graph: "schema.SubGraphT", writer: LayerWriter, sources: Sequence[int]) -> int:
    axes = writer.constant("axes", np.array([1, 2], np.int32))
    pixels = next(op.outputs[0] for op in graph.operators if operator_kind(root, op) == "CAST")
    powers = []
    for number, source in enumerate([pixels, *sources]):
        before = len(graph.operators)
        values = _add_filters(writer, source, graph) if number == 0 else _to_float(writer, source, graph, number)
        shape = list(graph.tensors[values].shape)
        squares = writer.operator(_Operator.MUL, [values, values], f"squares{number}", shape, "Mul")
        powers.append(writer.operator(_Operator.MEAN, [squares, axes], f"power{number}", [1, shape[3]], "Reducer"))
        _move_behind(graph, before, source)
    width = sum(graph.tensors[power].shape[1] for power in powers)
    name = FEATURES.removeprefix(f"{DISTANCE}.")
    return writer.operator(_Operator.CONCATENATION, powers, name, [1, width], "Concatenation", axis=1)


def _add_filters(writer: LayerWriter, pixels: int, graph: "schema.SubGraphT") -> int:
    weights, offsets = make_filters()
    filters = [writer.constant("filters", weights), writer.constant("offsets", offsets)]
    side = (graph.tensors[pixels].shape[1] - weights.shape[1]) // STRIDE + 1
    settings = {"padding": schema.Padding.VALID, "strideH": STRIDE, "strideW": STRIDE}
    shape = [1, side, side, len(offsets)]
    return writer.operator(_Operator.CONV_2D, [pixels, *filters], "filtered", shape, "Conv2D", **settings)


def _to_float(writer: LayerWriter, source: int, graph: "schema.SubGraphT", number: int) -> int:
    tensor = graph.tensors[source]
    if tensor.type == schema.TensorType.FLOAT32:
        return source
    return writer.operator(_Operator.DEQUANTIZE, [source], f"float{number}", list(tensor.shape))


def _move_behind(graph: "schema.SubGraphT", first: int, tensor: int) -> None:
    """Run the operators from `first` on right after the tensor is made: it need not be kept to the end."""
    moved = graph.operators[first:]
    del graph.operators[first:]
    place = next(i for i, operator in enumerate(graph.operators, 1) if tensor in operator.outputs)
    graph.operators[place:place] = moved


def _add_score(writer: LayerWriter, features: int, typical: Typical) -> int:
    width, count = len(typical.mean), len(typical.components)
    floor, mean = writer.constant("floor", typical.floor[None]), writer.constant("typical", typical.mean[None])
    components = writer.constant("components", typical.components)
    weight = writer.constant("weight", typical.weight[None])
    found = writer.operator(_Operator.ADD, [features, floor], "lifted", [1, width], "Add")
    found = writer.operator(_Operator.LOG, [found], "log", [1, width], "")
    found = writer.operator(_Operator.SUB, [found, mean], "difference", [1, width], "Sub")
    beside = writer.operator(
        _Operator.FULLY_CONNECTED, [found, components, -1], "projected", [1, count], "FullyConnected"
    )
    both = [1, width + count]
    found = writer.operator(_Operator.CONCATENATION, [found, beside], "both", both, "Concatenation", axis=1)
    found = writer.operator(_Operator.MUL, [found, found], "squared", both, "Mul")
    return writer.operator(_Operator.FULLY_CONNECTED, [found, weight, -1], "", [1, 1], "FullyConnected")
