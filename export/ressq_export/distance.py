"""A second output: how far a picture's features lie from those of the training pictures.

The features are the means over the picture of a block's channels, fire6's in a SqueezeNet. Training pictures vary
mostly along a few directions, their principal components; what a picture has beside those, squared, over what
calibration pictures have on average, is its distance. Why there: docs/decisions/0011. The layers are added to the
finished files, in float.
"""

from collections.abc import Container, Iterable
from dataclasses import dataclass
from pathlib import Path

import ai_edge_litert.schema_py_generated as schema
import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from ressq_export.errors import ConversionError
from ressq_export.places import INPUT, pack, read_flatbuffer
from ressq_export.sessions import open_session
from ressq_export.tflite_layers import LayerWriter
from ressq_runtime.classify import DISTANCE
from ressq_runtime.engines import load_engine

# The block whose output is looked at unless another is told, and how many principal components are no surprise.
LAYER = "fire6"
COMPONENTS = 16
_FEATURES = f"{DISTANCE}.mean"

_Operator = schema.BuiltinOperator


@dataclass(frozen=True)
class Typical:
    """What the features of training pictures are like: distance = weight * [x - mean, components (x - mean)] ** 2.

    place: the layer's output, "fire6.concat" or "fire6.sum".
    mean: (channels,) float32.
    components: (COMPONENTS, channels) float32, orthonormal rows.
    weight: (channels + COMPONENTS,) float32: all of the difference, less what the components hold.
    """

    place: str
    mean: NDArray[np.float32]
    components: NDArray[np.float32]
    weight: NDArray[np.float32]


def add_distance(paths: Iterable[Path], pictures: Iterable[bytes], size: int, layer: str = LAYER) -> None:
    """Give each model file, in place, the output `distance` [1, 1].

    Each by its own features: the remedies of int8 scale channels, and its weights shift them; by the float network's
    features every picture was far off, or none.

    Args:
        paths: the files; a name that ends in "onnx" or "tflite" tells the format.
        pictures: uint8 RGB pixels, size * size * 3 bytes each, of the training split.
        size: height and width of the network's input.
        layer: the block whose output is looked at.

    Raises:
        ConversionError: a file has no such layer, or sees the same in all pictures.
    """
    pictures = list(pictures)
    for path in paths:
        if path.name.endswith("onnx"):
            path.write_bytes(_add_to_onnx(path, measure_onnx(path, pictures, size, layer)))
        else:
            path.write_bytes(_add_to_tflite(path, measure_tflite(path, pictures, layer)))


def measure_onnx(model: Path, pictures: Iterable[bytes], size: int, layer: str = LAYER) -> Typical:
    """The features of these pictures in an ONNX file, float or int8."""
    graph = onnx.load(model)
    made = {name for node in graph.graph.node for name in node.output}
    place = _find_place(made, layer, model)
    source = _onnx_source(made, place)
    graph.graph.output.append(onnx.ValueInfoProto(name=source))
    session = open_session(graph.SerializeToString())
    arrays = (np.frombuffer(pixels, np.uint8).reshape(1, size, size, 3) for pixels in pictures)
    features = [session.run([source], {INPUT: array})[0].mean((0, 2, 3)) for array in arrays]
    return _typical(place, np.array(features, np.float64), model)


def measure_tflite(model: Path, pictures: Iterable[bytes], layer: str = LAYER) -> Typical:
    """The features of these pictures in a TFLite file, float or int8, by the interpreter that will run it."""
    root, graph = read_flatbuffer(model.read_bytes())
    place = _find_place({tensor.name.decode() for tensor in graph.tensors}, layer, model)
    features_at = _tflite_features(LayerWriter(root, graph, DISTANCE), graph, place)
    shown = model.with_name(f"{model.name}.features.tflite")
    shown.write_bytes(_pack_with_output(root, graph, _FEATURES, features_at))
    engine = load_engine(str(shown), "litert", 1)
    try:
        features = []
        for pixels in pictures:
            engine.run(pixels)
            features.append(engine.read(_FEATURES))
    finally:
        engine.close()
        shown.unlink()
    return _typical(place, np.array(features, np.float64), model)


def _find_place(made: Container[str], layer: str, model: Path) -> str:
    place = next((f"{layer}.{kind}" for kind in ("sum", "concat") if f"{layer}.{kind}" in made), None)
    if place is None:
        raise ConversionError(f"{model.name}: found no output of {layer}, wanted a block of the network")
    return place


def _typical(place: str, features: NDArray[np.float64], model: Path) -> Typical:
    mean = features.mean(0)
    components = np.linalg.svd(features - mean, full_matrices=False)[2][:COMPONENTS]
    signs = np.repeat([1.0, -1.0], [len(mean), len(components)])
    usual = (np.hstack([features - mean, (features - mean) @ components.T]) ** 2 @ signs).mean()
    if not usual > 0:
        raise ConversionError(f"{model.name}: found the same features in all pictures, wanted different pictures")
    return Typical(place, *(value.astype(np.float32) for value in (mean, components, signs / usual)))


def _onnx_source(made: Container[str], place: str) -> str:
    """The tensor that the next layer sees: in an int8 file behind a pair of nodes, before which it would stay float."""
    quantised = f"{place}_DequantizeLinear_Output"
    return quantised if quantised in made else place


def _add_to_onnx(path: Path, typical: Typical) -> bytes:
    model = onnx.load(path)
    graph = model.graph
    source = _onnx_source({name for node in graph.node for name in node.output}, typical.place)
    constants = {
        f"{DISTANCE}.axes": np.array([2, 3], np.int64),
        f"{DISTANCE}.typical": typical.mean[None],
        f"{DISTANCE}.components": typical.components.T,
        f"{DISTANCE}.weight": typical.weight[:, None],
    }
    graph.initializer.extend(
        numpy_helper.from_array(np.ascontiguousarray(value), name) for name, value in constants.items()
    )
    axes, mean, components, weight = constants
    parts = [f"{DISTANCE}.{name}" for name in ("mean", "difference", "projected", "both", "squared")]
    add = graph.node.append
    add(helper.make_node("ReduceMean", [source, axes], [parts[0]], parts[0], keepdims=0))
    add(helper.make_node("Sub", [parts[0], mean], [parts[1]], parts[1]))
    add(helper.make_node("MatMul", [parts[1], components], [parts[2]], parts[2]))
    add(helper.make_node("Concat", parts[1:3], [parts[3]], parts[3], axis=1))
    add(helper.make_node("Mul", [parts[3], parts[3]], [parts[4]], parts[4]))
    add(helper.make_node("MatMul", [parts[4], weight], [DISTANCE], DISTANCE))
    graph.output.append(helper.make_tensor_value_info(DISTANCE, onnx.TensorProto.FLOAT, [1, 1]))
    onnx.checker.check_model(model, full_check=True)
    extended: bytes = model.SerializeToString()
    return extended


def _tflite_features(writer: LayerWriter, graph: "schema.SubGraphT", place: str) -> int:
    """The tensor with the mean of each channel, a new one: float [1, channels]."""
    source = next(i for i, tensor in enumerate(graph.tensors) if tensor.name == place.encode())
    shape = list(graph.tensors[source].shape)
    if graph.tensors[source].type == schema.TensorType.INT8:
        source = writer.operator(_Operator.DEQUANTIZE, [source], "float", shape)
    axes = writer.constant("axes", np.array([1, 2], np.int32))
    return writer.operator(_Operator.MEAN, [source, axes], "mean", [1, shape[3]], "Reducer")


def _add_to_tflite(path: Path, typical: Typical) -> bytes:
    root, graph = read_flatbuffer(path.read_bytes())
    writer = LayerWriter(root, graph, DISTANCE)
    features = _tflite_features(writer, graph, typical.place)
    mean = writer.constant("typical", typical.mean[None])
    components = writer.constant("components", typical.components)
    weight = writer.constant("weight", typical.weight[None])
    count, channels = typical.components.shape
    found = writer.operator(_Operator.SUB, [features, mean], "difference", [1, channels], "Sub")
    beside = writer.operator(
        _Operator.FULLY_CONNECTED, [found, components, -1], "projected", [1, count], "FullyConnected"
    )
    both = [1, channels + count]
    found = writer.operator(_Operator.CONCATENATION, [found, beside], "both", both, "Concatenation", axis=1)
    found = writer.operator(_Operator.MUL, [found, found], "squared", both, "Mul")
    found = writer.operator(_Operator.FULLY_CONNECTED, [found, weight, -1], "", [1, 1], "FullyConnected")
    return _pack_with_output(root, graph, DISTANCE, found)


def _pack_with_output(root: "schema.ModelT", graph: "schema.SubGraphT", name: str, tensor: int) -> bytes:
    graph.outputs = [*graph.outputs, tensor]
    for signature in root.signatureDefs or ():
        entry = schema.TensorMapT()
        entry.name, entry.tensorIndex = name.encode(), tensor
        signature.outputs.append(entry)
    return pack(root)
