"""Float ONNX -> int8 ONNX: QDQ, weights int8 per channel, activations uint8 per tensor.

uint8 activations, since int8 ones are slower than float on x86. Weights use 7 of their 8 bits
(`reduce_range`): on x86 without VNNI the sum of two uint8 x int8 products saturates otherwise, and the same
file answers differently on an older notebook.
"""

from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper

from ressq_export.errors import ConversionError
from ressq_export.formats.converter_log import Log
from ressq_export.formats.onnx_sessions import import_quantization
from ressq_export.formats.onnx_sums import make_sums
from ressq_export.network.ranges import Ranges
from ressq_export.network.tensor_names import BEFORE_RELU, CENTRED, INPUT, NORMALISED

_FLOAT_LAYERS = ("ArgMax", "Cast", "Softmax")


def quantise_onnx(source: Path, ranges: Ranges, target: Path, log: Log) -> None:
    """Write `target`: `source` with int8 weights and uint8 activations, on these ranges.

    Raises:
        ConversionError: the quantizer left the pixels, or a layer, in float.
    """
    model = onnx.load(source)
    ranges = make_sums(model, ranges)
    with log.capture("onnxruntime.quantization"):
        quantised = _quantise(model, ranges)
    if quantised.graph.input[0].name == INPUT:
        take_pixels_as_they_are(target.name, quantised)
    onnx.checker.check_model(quantised, full_check=True)
    target.write_bytes(quantised.SerializeToString())


def _quantise(model: onnx.ModelProto, ranges: Ranges) -> onnx.ModelProto:
    quantization = import_quantization()
    from onnxruntime.quantization.calibrate import CalibrationMethod, TensorsData
    from onnxruntime.quantization.qdq_quantizer import QDQQuantizer

    # The quantizer removes a ReLU whose range starts at zero and asks for the range before it.
    before_relu = {activation + BEFORE_RELU: spread for activation, spread in ranges.items()}
    limits = {
        activation: (np.float32(spread.low), np.float32(spread.high))
        for activation, spread in {**before_relu, **ranges}.items()
    }
    kinds = {node.op_type for node in model.graph.node}.difference(_FLOAT_LAYERS)
    quantizer = QDQQuantizer(
        model,
        per_channel=True,
        reduce_range=True,
        weight_qType=quantization.QuantType.QInt8,
        activation_qType=quantization.QuantType.QUInt8,
        tensors_range=TensorsData(CalibrationMethod.MinMax, limits),
        nodes_to_quantize=[],
        nodes_to_exclude=[CENTRED, NORMALISED],
        op_types_to_quantize=sorted(kinds),
        extra_options={},
    )
    quantizer.quantize_model()
    quantizer.model.topological_sort()
    made: onnx.ModelProto = quantizer.model.model
    return made


def take_pixels_as_they_are(name: str, model: onnx.ModelProto) -> None:
    """Leave out what lies between the uint8 pixels and their own bytes: Cast, Sub of a baseline, QuantizeLinear.

    With scale 1 the bytes are the pixels, and with zero point 128 they stand for the pixels less 128. Measured 4 % of
    an inference.

    Raises:
        ConversionError: the pixels are not quantised, or not with that scale.
    """
    graph = model.graph
    made = {node.output[0]: node for node in graph.node}
    heads = {"float": 0, CENTRED: 128}
    quantise = next((n for n in graph.node if n.op_type == "QuantizeLinear" and n.input[0] in heads), None)
    if quantise is None:
        raise ConversionError(f"{name}: found no quantised {INPUT}, wanted them quantised as they are")
    scale, zero_point = (_constant(graph, key) for key in quantise.input[1:])
    wanted = heads[quantise.input[0]]
    if scale != 1 or zero_point != wanted:
        raise ConversionError(
            f"{name}: found scale {scale} and zero point {zero_point} at {INPUT}, wanted 1 and {wanted}"
        )
    skipped = [quantise, *(made[activation] for activation in heads if activation in made)]
    for node in graph.node:
        node.input[:] = [made["float"].input[0] if key == quantise.output[0] else key for key in node.input]
    for node in skipped:
        graph.node.remove(node)


def _constant(graph: onnx.GraphProto, name: str) -> float:
    found = next(constant for constant in graph.initializer if constant.name == name)
    return float(numpy_helper.to_array(found))


def logit_step(model: onnx.ModelProto) -> float:
    """How far one int8 step moves a logit: the scale of what is dequantised for the softmax."""
    made = {node.output[0]: node for node in model.graph.node}
    softmax = next(node for node in model.graph.node if node.op_type == "Softmax")
    dequantise = made[softmax.input[0]]
    return _constant(model.graph, dequantise.input[1])
