"""Class activation maps: what each position of the last features adds to each class's logit (Zhou et al., 2016).

The network ends in a mean over positions and one matrix product, so the product of the features themselves is a map
whose mean is the logit. The features are no output of the file: it gets one more in memory, when asked, so that
the plain answer costs what it did (docs/decisions/0012).
"""

from __future__ import annotations

from ressq_runtime.artefact.tflite_graph import read_links, read_outputs
from ressq_runtime.artefact.zip_and_protobuf import protobuf_field, protobuf_fields
from ressq_runtime.errors import EngineError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from numpy import float32
    from numpy.typing import NDArray

    from ressq_runtime.engines.engine import Engine

# TFLite's builtin operators under ONNX's names.
_KINDS = {6: "DequantizeLinear", 9: "Gemm", 22: "Reshape", 25: "Softmax", 40: "ReduceMean", 114: "QuantizeLinear"}
# What may lie between features and scores besides: none moves a value from one class to another's.
_PASSED = ("Softmax", "DequantizeLinear", "QuantizeLinear", "Reshape")
# onnx.proto: ModelProto.graph; GraphProto.node and .output; NodeProto.input, .output and .op_type; ValueInfoProto.name
_GRAPH, _NODE, _OUTPUT = 7, 1, 12
_NODE_INPUT, _NODE_OUTPUT, _NODE_KIND = 1, 2, 4
_VALUE_NAME = 1


def read_class_maps(path: str, engine: Engine, scores: str, pixels: bytes) -> NDArray[float32]:
    """The map of each class, float32 (classes, height, width): the mean of a map is the logit of its class.

    The engine, which `load_engine` made of the file, says which interpreter to take and how many threads; `scores` is
    the name of the output with one score a class.

    Raises:
        EngineError: the model does not end in a mean over positions with at most one matrix product behind it, or
            can't be read again.
    """
    try:
        with open(path, "rb") as file:
            model = file.read()
    except OSError as error:
        raise EngineError(
            f"{path}: {error.strerror}; leave the model in its place until the answer is there"
        ) from error
    at = next(index for index, spec in enumerate(engine.outputs) if spec.name == scores)
    read = _read_onnx if engine.name == "onnx" else _read_tflite
    features, *product = read(path, model, engine, at, pixels)
    classes, depth = engine.outputs[at].elements, features.shape[-1]
    if features.ndim != 4 or (classes, depth) != (product[0].shape if product else (depth, depth)):
        found = " and ".join(str(list(array.shape)) for array in (features, *product[:1]))
        raise EngineError(
            f"{path}: found a last layer of {found}, wanted [1, H, W, C] and [{classes}, C]; "
            "export the model with ressq-export"
        )
    maps = features[0] @ product[0].T if product else features[0]
    for bias in product[1:]:
        maps = maps + bias
    return maps.transpose(2, 0, 1).astype("float32")  # type: ignore[no-any-return]


def _read_tflite(path: str, model: bytes, engine: Engine, scores: int, pixels: bytes) -> list[NDArray[float32]]:
    from ressq_runtime.engines import interpreter
    from ressq_runtime.engines.missing import explain_missing

    operators = [(_KINDS.get(code, f"operator {code}"), inputs, outputs) for code, inputs, outputs in read_links(model)]
    numbers = _find_head(path, operators, read_outputs(model)[scores])
    open_model = interpreter.open_tflite_runtime if engine.name == "tflite" else interpreter.open_litert_interpreter
    opened = open_model(path, engine.threads, numbers)
    if opened is None:  # LiteRT's C API, which made the engine, does without numpy; Interpreter does not
        raise EngineError(f"{path}: {explain_missing('tflite', engine.name)}")
    opened.run(pixels)
    return [opened.read_tensor(number) for number in numbers]


def _read_onnx(path: str, model: bytes, engine: Engine, scores: int, pixels: bytes) -> list[NDArray[float32]]:
    from numpy import frombuffer, uint8

    from ressq_runtime.engines.onnx import import_onnxruntime, open_session

    nodes = []
    for graph in _messages(model, _GRAPH):
        for node in _messages(graph, _NODE):
            inputs, outputs, kinds = (
                [text.decode() for text in _messages(node, number)]
                for number in (_NODE_INPUT, _NODE_OUTPUT, _NODE_KIND)
            )
            nodes.append((kinds[0], inputs, outputs))
    names = _find_head(path, nodes, engine.outputs[scores].name)
    added = b"".join(protobuf_field(_OUTPUT, protobuf_field(_VALUE_NAME, name.encode())) for name in names)
    # Whoever parses a second graph field adds its lists to the first's.
    content = model + protobuf_field(_GRAPH, added)
    session = open_session(import_onnxruntime(), path, engine.threads, content=content)
    array = frombuffer(pixels, uint8).reshape(engine.inputs[0].shape)
    found: list[NDArray[float32]] = session.run(names, {engine.inputs[0].name: array})
    return found


def _messages(message: bytes, number: int) -> list[bytes]:
    return [content for _, found, content in protobuf_fields(message) if found == number]


def _find_head(path: str, operators: Iterable[tuple[str, list[Any], list[Any]]], scores: Any) -> list[Any]:
    """The tensor whose mean is taken, then weights and bias of the product behind the mean, if there is one.

    Operators are their kind, inputs and outputs; a tensor, such as `scores`, is a number or a name.
    """
    makers = {output: (kind, inputs) for kind, inputs, outputs in operators for output in outputs}
    at, kind = scores, ""
    product: list[Any] = []
    for _ in range(len(makers)):  # a broken file may lead in a circle
        kind, inputs = makers.get(at, ("the input", []))
        if not inputs or kind not in ("ReduceMean", *_PASSED, *(() if product else ("Gemm",))):
            break
        if kind == "ReduceMean":
            return [inputs[0], *product]
        if kind == "Gemm":
            product = [tensor for tensor in inputs[1:] if tensor not in (-1, "")]  # it may have no bias
        at = inputs[0]
    raise EngineError(
        f"{path}: found {kind} before the scores, wanted a mean over positions, then at most one matrix product; "
        "export the model with ressq-export"
    )
