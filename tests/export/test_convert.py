"""The four model files: their tensors, types and scales, and the comparisons between them."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import ai_edge_litert.schema_py_generated as schema
import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from export_networks import SIZE
from ressq_export.convert import KINDS, Converted
from ressq_export.errors import CalibrationError, ConversionError
from ressq_export.formats.converter_log import Log
from ressq_export.formats.onnx_int8 import quantise_onnx, take_pixels_as_they_are
from ressq_export.formats.tflite_fp32 import convert_to_tflite
from ressq_export.formats.tflite_int8 import quantise_tflite
from ressq_export.formats.tflite_tensor_names import name_tflite_tensors
from ressq_export.network.ranges import Range
from ressq_export.network.tensor_names import BEFORE_RELU, pack, read_flatbuffer
from ressq_export.quantization.ranges import measure_ranges
from ressq_runtime.engines import load_engine

OPERATORS = {value: name for name, value in vars(schema.BuiltinOperator).items() if isinstance(value, int)}


def operators(model: bytes) -> Counter[str]:
    root, graph = read_flatbuffer(model)
    codes = [root.operatorCodes[operator.opcodeIndex] for operator in graph.operators]
    return Counter(OPERATORS[max(code.builtinCode, code.deprecatedBuiltinCode)] for code in codes)


def constants(model: onnx.ModelProto) -> dict[str, np.ndarray]:
    return {constant.name: numpy_helper.to_array(constant) for constant in model.graph.initializer}


@pytest.mark.parametrize("kind", KINDS)
def test_every_file_takes_uint8_pixels_and_gives_float_scores(paths: dict[str, Path], kind: str) -> None:
    engine = load_engine(str(paths[kind]))
    (found,), (scores,) = engine.inputs, engine.outputs
    assert (found.name, found.dtype, found.shape) == ("pixels", "uint8", (1, SIZE, SIZE, 3))
    assert (scores.name, scores.dtype, scores.shape) == ("scores", "float32", (1, 3))


def test_the_float_tflite_is_a_squeezenet_and_nothing_else(paths: dict[str, Path]) -> None:
    wanted = {"CAST": 1, "CONV_2D": 25, "MAX_POOL_2D": 3, "CONCATENATION": 8, "ADD": 1, "SUB": 2, "MEAN": 1}
    assert operators(paths["fp32.tflite"].read_bytes()) == {**wanted, "FULLY_CONNECTED": 1, "SOFTMAX": 1}


def test_the_int8_tflite_quantises_once_and_dequantises_once(paths: dict[str, Path]) -> None:
    found = operators(paths["int8.tflite"].read_bytes())
    added = found - operators(paths["fp32.tflite"].read_bytes())
    assert added == {"QUANTIZE": 1, "DEQUANTIZE": 1}


def test_the_int8_input_has_scale_1_and_zero_point_minus_128(paths: dict[str, Path]) -> None:
    _, graph = read_flatbuffer(paths["int8.tflite"].read_bytes())
    (found,) = [tensor.quantization for tensor in graph.tensors if tensor.name == b"float_quantized"]
    assert (list(found.scale), list(found.zeroPoint)) == ([1.0], [-128])


def test_tensors_have_the_same_names_in_both_formats(paths: dict[str, Path]) -> None:
    _, graph = read_flatbuffer(paths["fp32.tflite"].read_bytes())
    tflite = {graph.tensors[operator.outputs[0]].name.decode() for operator in graph.operators}
    found = {node.output[0] for node in onnx.load(paths["fp32.onnx"]).graph.node}
    assert tflite <= found
    assert {"conv1", "pool1", "fire2.squeeze", "fire3.sum", "fire9.concat", "mean", "logits", "scores"} <= tflite


def test_no_file_names_a_folder_of_this_machine(paths: dict[str, Path]) -> None:
    for path in paths.values():
        content = path.read_bytes()
        assert b"site-packages" not in content
        assert str(path.parent).encode() not in content


def test_no_tflite_offers_half_precision_arithmetic(paths: dict[str, Path]) -> None:
    assert b"reduced_precision_support" not in paths["fp32.tflite"].read_bytes()


def test_the_int8_onnx_has_uint8_activations_and_seven_bit_weights(paths: dict[str, Path]) -> None:
    model = onnx.load(paths["int8.onnx"])
    values = constants(model)
    convolutions = {node.name.removesuffix(BEFORE_RELU) for node in model.graph.node if node.op_type == "Conv"}
    for node in model.graph.node:
        if node.op_type == "QuantizeLinear":
            assert values[node.input[2]].dtype == np.uint8, node.name
        if node.op_type == "DequantizeLinear" and node.input[0].removesuffix(".weight_quantized") in convolutions:
            weights, scales = values[node.input[0]], values[node.input[1]]
            assert weights.dtype == np.int8
            assert scales.shape == weights.shape[:1], "one scale a channel"
            assert np.abs(weights.astype(int)).max() <= 64, "reduce_range"


def test_the_int8_onnx_computes_in_int8_from_the_pixels_to_the_softmax(paths: dict[str, Path]) -> None:
    nodes = onnx.load(paths["int8.onnx"]).graph.node
    found = Counter(node.op_type for node in nodes)
    assert "Sub" not in found
    assert "Relu" not in found
    assert "Cast" not in found
    made = {node.output[0]: node for node in nodes}
    for node in nodes:
        if node.op_type in ("Conv", "Concat", "Add", "MaxPool", "ReduceMean", "Gemm"):
            assert made[node.input[0]].op_type == "DequantizeLinear", node.name


def test_the_step_is_the_scale_of_the_logits(converted: Converted) -> None:
    assert converted.steps["fp32.onnx"] == converted.steps["fp32.tflite"] == 0
    ranges = converted.steps["int8.onnx"], converted.steps["int8.tflite"]
    assert ranges[0] == pytest.approx(ranges[1], rel=1e-5)


def test_costs_are_those_of_the_deployed_network(converted: Converted) -> None:
    assert converted.parameters == 722_496 + 512 * 3 + 3
    assert converted.multiply_adds < 20_000_000


def test_each_stage_is_checked(converted: Converted) -> None:
    names = [comparison.name for comparison in converted.comparisons]
    assert names[:3] == ["torch -> folded", "torch -> fp32.onnx", "fp32.onnx -> fp32.tflite"]
    assert names[3:] == ["fp32.tflite -> int8.tflite", "fp32.onnx -> int8.onnx"]


def test_ranges_that_are_given_become_scales(
    paths: dict[str, Path], pixels: list[bytes], log: Log, tmp_path: Path
) -> None:
    ranges = {**measure_ranges(paths["fp32.onnx"], pixels), "fire4.squeeze": Range(0.0, 51.0)}
    target = tmp_path / "model.tflite"
    quantise_tflite(paths["fp32.tflite"], ranges, target, log)
    _, graph = read_flatbuffer(target.read_bytes())
    (found,) = [tensor.quantization.scale for tensor in graph.tensors if tensor.name == b"fire4.squeeze"]
    assert found[0] == pytest.approx(0.2)
    quantise_onnx(paths["fp32.onnx"], ranges, tmp_path / "model.onnx", log)
    assert constants(onnx.load(tmp_path / "model.onnx"))["fire4.squeeze_scale"] == pytest.approx(0.2)


def test_a_layer_that_only_answers_zero_gives_no_range(
    paths: dict[str, Path], tmp_path: Path, pixels: list[bytes]
) -> None:
    model = onnx.load(paths["fp32.onnx"])
    for constant in model.graph.initializer:
        if constant.name.startswith("fire6.squeeze"):
            constant.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(constant) * 0, constant.name))
    onnx.save(model, tmp_path / "dead.onnx")
    with pytest.raises(CalibrationError, match=r"fire6.squeeze: found nothing but zeros on the calibration pictures"):
        measure_ranges(tmp_path / "dead.onnx", pixels)


def test_an_onnx_whose_pixels_are_not_quantised_is_refused(paths: dict[str, Path]) -> None:
    with pytest.raises(ConversionError, match="model: found no quantised pixels, wanted them quantised as they are"):
        take_pixels_as_they_are("model", onnx.load(paths["fp32.onnx"]))


def test_an_onnx_with_floats_for_pixels_is_refused(
    paths: dict[str, Path], log: Log, tmp_path: Path, pixels: list[bytes]
) -> None:
    ranges = {**measure_ranges(paths["fp32.onnx"], pixels), "float": Range(0.0, 300.0)}
    with pytest.raises(ConversionError, match=r"found scale 1.17.* and zero point 0.* at pixels, wanted 1 and 0"):
        quantise_onnx(paths["fp32.onnx"], ranges, tmp_path / "model.onnx", log)


def test_a_relative_path_is_converted_too(
    paths: dict[str, Path], log: Log, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(paths["fp32.onnx"].parent)
    convert_to_tflite(Path("fp32.onnx"), tmp_path / "model.tflite", log)
    assert (tmp_path / "model.tflite").read_bytes() == paths["fp32.tflite"].read_bytes()


def test_a_converter_that_fails_is_named_with_its_log(tmp_path: Path) -> None:
    source, log = tmp_path / "broken.onnx", Log(tmp_path / "log")
    source.write_bytes(b"no model")
    with pytest.raises(ConversionError, match=r"broken.onnx: onnx2tf gave exit code .* see .*log"):
        convert_to_tflite(source, tmp_path / "model.tflite", log)
    assert "Error" in log.path.read_text()


def test_a_quantizer_that_fails_is_named_with_its_log(paths: dict[str, Path], tmp_path: Path) -> None:
    log = Log(tmp_path / "log")
    with pytest.raises(ConversionError, match=r"ai-edge-quantizer 0.*: failed \(.*\); see .*log"):
        quantise_tflite(paths["fp32.tflite"], {}, tmp_path / "model.tflite", log)
    assert "Traceback" in log.path.read_text()


@pytest.mark.parametrize("kind", ["LOGISTIC", "TRANSPOSE"])
def test_a_layer_that_the_onnx_file_does_not_have_is_refused(paths: dict[str, Path], kind: str) -> None:
    root, graph = read_flatbuffer(paths["fp32.tflite"].read_bytes())
    cast = root.operatorCodes[graph.operators[0].opcodeIndex]
    cast.builtinCode = cast.deprecatedBuiltinCode = getattr(schema.BuiltinOperator, kind)
    with pytest.raises(ConversionError, match=f"{kind}: found behind pixels, wanted only the layers of the ONNX file"):
        name_tflite_tensors(pack(root), onnx.load(paths["fp32.onnx"]))
