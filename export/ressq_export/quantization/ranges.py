"""Activation ranges: what int8's 256 steps are spread over, one activation after the other, for both int8 files.

The float ONNX file is run on the calibration pictures with every activation as an output. Ranges from elsewhere
(quantisation-aware training) are another function that gives `Ranges`.
"""

from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray

from ressq_export.errors import CalibrationError
from ressq_export.formats.onnx_sessions import open_session
from ressq_export.network.ranges import Range, Ranges
from ressq_export.network.tensor_names import BEFORE_RELU, CENTRED, CLASSES, INPUT, MOVES, OUTPUT, WINNER, origin
from ressq_export.quantization.clipping import least_error_range
from ressq_export.quantization.delegate import widen_for_sums

Choose = Callable[[NDArray[np.float32], Range], Range]

SAMPLE = 4000  # values of one activation kept of each picture: 128 pictures then take 100 MB in all

# Pixels are 0..255 whatever the calibration pictures hold: scale 1, and quantising the input loses nothing.
PIXEL_RANGES = {"float": Range(0.0, 255.0), CENTRED: Range(-128.0, 127.0)}


def least_error(values: NDArray[np.float32], seen: Range) -> Range:
    """The part of what was seen that rounds the values with the least mean square error.

    The mean of each picture's extremes keeps as many answers (99.5 %) but clips the logits of sure ones:
    probabilities were then off by 0.018 (root mean square, 1,241 clothing photos) instead of 0.0035. The
    extremes of all pictures let one odd value coarsen every other: 0.0039, and 99.4 %.
    """
    return Range(*least_error_range(values, seen.low, seen.high))


def measure_ranges(model: Path, pictures: Iterable[bytes], choose: Choose = least_error) -> Ranges:
    """The range of every activation, chosen from what the pictures give.

    Args:
        model: the float ONNX file, its tensors named.
        pictures: the bytes of samples, each as many as the network's input has.
        choose: makes a range of a sample of one activation's values and of the widest range that holds them all.

    Raises:
        CalibrationError: a layer answers nothing but zero to these pictures.
    """
    graph = onnx.load(model)
    activations = _activations(graph)
    taken = graph.graph.input[0]
    shape = [dimension.dim_value for dimension in taken.type.tensor_type.shape.dim]
    dtype = onnx.helper.tensor_dtype_to_np_dtype(taken.type.tensor_type.elem_type)
    del graph.graph.output[:]
    graph.graph.output.extend(onnx.ValueInfoProto(name=activation) for activation in activations)
    session = open_session(graph.SerializeToString())
    widest = dict.fromkeys(activations, Range(0.0, 0.0))
    kept: dict[str, list[NDArray[np.float32]]] = {activation: [] for activation in activations}
    for pixels in pictures:
        array = np.frombuffer(pixels, dtype).reshape(shape)
        for activation, value in zip(activations, session.run(activations, {taken.name: array}), strict=True):
            seen = widest[activation]
            widest[activation] = Range(min(seen.low, float(value.min())), max(seen.high, float(value.max())))
            kept[activation].append(thin(value))
    for activation, seen in widest.items():
        _check_answers(activation, seen)
    ranges = {activation: choose(np.concatenate(kept[activation]), widest[activation]) for activation in activations}
    return {**share_ranges(graph, ranges), **(PIXEL_RANGES if taken.name == INPUT else {})}


def _check_answers(activation: str, seen: Range) -> None:
    if seen.low == seen.high:
        raise CalibrationError(
            f"{activation}: found nothing but zeros on the calibration pictures, wanted a layer that answers; "
            "calibrate on ordinary pictures, or train the network further"
        )


def thin(value: NDArray[np.float32]) -> NDArray[np.float32]:
    """About SAMPLE of the values, at an odd stride, which falls on every row and column in turn."""
    return value.ravel()[:: (value.size // SAMPLE) | 1].copy()


def _activations(model: onnx.ModelProto) -> list[str]:
    """What int8 needs a range of: the output of every layer, taken behind its ReLU."""
    skipped = {"float", CENTRED, WINNER, CLASSES, OUTPUT}
    made = [node.output[0] for node in model.graph.node if node.op_type not in (*MOVES, "Constant")]
    return [activation for activation in made if activation not in skipped and not activation.endswith(BEFORE_RELU)]


def share_ranges(model: onnx.ModelProto, ranges: Ranges) -> Ranges:
    """The ranges with one for all that a layer only moves, so that in int8 it copies bytes, and wide enough for sums.

    All inputs of a concatenation take the range of its output; a pooling, a padding, a resizing and a reordering keep
    that of their input. Where this ties several concatenations together, as in ShuffleNet's stages, the range holds
    those of all. For sums see `widen_for_sums`.
    """
    groups = _group(model, ranges)
    concatenations = [node.output[0] for node in model.graph.node if node.op_type == "Concat"]
    decided: Ranges = {}
    for activation in (*concatenations, *ranges):
        group, spread = groups[activation], ranges[activation]
        if group not in decided:
            decided[group] = spread
        elif activation in concatenations:
            known = decided[group]
            decided[group] = Range(min(known.low, spread.low), max(known.high, spread.high))
    decided = widen_for_sums(model, decided, groups)
    shared = {activation: decided[groups[activation]] for activation in ranges}
    moved = (name for node in model.graph.node if node.op_type in MOVES for name in node.output)
    return {**shared, **{name: shared[origin(name)] for name in moved if origin(name) in shared}}


def _group(model: onnx.ModelProto, activations: Iterable[str]) -> dict[str, str]:
    """Activation -> the name of its group: the activations that have one range."""
    tied = {activation: activation for activation in activations}  # to one of its group

    def find(activation: str) -> str:
        while tied[activation] != activation:
            activation = tied[activation]
        return activation

    for kind in ("Concat", "MaxPool", "AveragePool"):
        for node in model.graph.node:
            for name in node.input if node.op_type == kind else ():
                tied[find(origin(name))] = find(node.output[0])
    return {activation: find(activation) for activation in tied}
