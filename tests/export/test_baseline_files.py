"""torchvision's networks exported: the four files, their borders, and what runs them."""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import onnx
import pytest
from onnx import numpy_helper
from torch import nn

from baseline_networks import baseline_checkpoint, framed
from delegates import outside_delegate
from export_networks import LABELS, SIZE, drawn_pixels, write_run
from ressq_edge.choices import BASELINES
from ressq_edge.network.checkpoint import MID_GREY, load_checkpoint
from ressq_export.certificate.layers import read_layers
from ressq_export.certificate.snr import _Tapped
from ressq_export.convert import KINDS
from ressq_export.exporter import export
from ressq_export.measurement.scores import scorer_of, torch_scorer
from ressq_export.measurement.stage_comparison import FLOAT_TOLERANCE, centred_logits, check_float_stages
from ressq_export.network.deployed import SCORED_TENSORS, deploy
from ressq_export.network.tensor_names import find_block, operator_kind, origin, read_flatbuffer
from ressq_export.progress import Screen
from ressq_export.request import Request
from ressq_runtime.artefact.card import OUT_OF_DISTRIBUTION, Card
from ressq_runtime.artefact.container import read_card
from ressq_runtime.commands.infer import main as infer
from ressq_runtime.commands.model import main as model_command
from ressq_runtime.engines import load_engine
from ressq_runtime.profiling.operators import measure_operators

if TYPE_CHECKING:
    from ressq_export.measurement.stage_comparison import Logits

SLOW = ("googlenet", "resnet18")  # they add nothing that the two others or the folds do not show


class Exported(dict[str, "Path"]):
    """The four artefacts by kind, and the run that they are of."""

    run: Path
    arch: str


@pytest.fixture(
    scope="module", params=[pytest.param(arch, marks=[pytest.mark.slow] * (arch in SLOW)) for arch in BASELINES]
)
def exported(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Exported:
    folder = tmp_path_factory.mktemp(request.param)
    run = write_run(folder / "run", baseline_checkpoint(request.param))
    with pytest.MonkeyPatch.context() as patch:
        # As in an activated environment, whose programs change what onnx2tf makes of padded pools.
        patch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
        # The gate is for networks that know their pictures; after seconds of training MobileNetV2's int8 is noise.
        export(Request(run, folder / "dist", "b", max_drop=100), Screen(None))
    made = Exported({kind: folder / "dist" / f"b_{kind}" for kind in KINDS})
    made.run, made.arch = run, request.param
    return made


def run_all(path: Path, pixels: list[bytes]) -> Logits:
    score = scorer_of(load_engine(str(path)))
    return centred_logits(score(picture) for picture in pixels)


def test_the_files_answer_as_torch_whatever_lies_on_the_border(exported: Exported) -> None:
    checkpoint = load_checkpoint(exported.run / "best.safetensors")
    pixels = [*framed(), *drawn_pixels(12)]
    score = torch_scorer(checkpoint, card_of(exported["fp32.onnx"]).data["output"]["temperature"])
    wanted = centred_logits(score(picture) for picture in pixels)
    for kind in ("fp32.onnx", "fp32.tflite"):
        assert check_float_stages(kind, wanted, run_all(exported[kind], pixels)).worst < FLOAT_TOLERANCE


def test_int8_pads_with_the_grey_that_training_padded_with(exported: Exported) -> None:
    layers = {str(layer["tensor"]): layer for layer in read_layers(exported["int8.tflite"].read_bytes())}
    tensor, first = next(iter(layers.items()))
    exact, rounded = (_Tapped(exported[f"{kind}.tflite"]) for kind in ("fp32", "int8"))
    errors = []
    for pixels in framed():
        exact.run(pixels)
        rounded.run(pixels)
        wanted = exact.read(tensor).clip(first["low"], first["high"])
        errors.append(np.square(wanted - rounded.read(tensor))[0].mean(2))
    square = np.mean(errors, 0)
    border, inside = square[[0, -1]].mean() + square[:, [0, -1]].mean(), square[1:-1, 1:-1].mean()
    assert 0 < border < 8 * inside, "a padding of black is 128 steps off"


def test_the_tflite_files_hold_the_networks_layers_and_moves_within_their_layout(exported: Exported) -> None:
    root, graph = read_flatbuffer(exported["int8.tflite"].read_bytes())
    own = [op for op in graph.operators if not graph.tensors[op.outputs[0]].name.startswith(b"out_of_distribution")]
    found = Counter(operator_kind(root, operator) for operator in own)
    assert found["QUANTIZE"] == found["DEQUANTIZE"] == found["CAST"] == found["SUB"] == 1
    weights = found["CONV_2D"] + found["DEPTHWISE_CONV_2D"]
    layers = deploy(load_checkpoint(exported.run / "best.safetensors").build(), MID_GREY.mean, MID_GREY.std).modules()
    assert weights == sum(isinstance(layer, nn.Conv2d) for layer in layers)
    moved = {"PAD", "RESHAPE", "TRANSPOSE", "SLICE"} if exported.arch.startswith("shuffle") else {"PAD"}
    joints = {"ADD", "CONCATENATION", "MAX_POOL_2D", "MEAN", "FULLY_CONNECTED", "SOFTMAX"}
    assert set(found) <= {"QUANTIZE", "DEQUANTIZE", "CAST", "SUB", "CONV_2D", "DEPTHWISE_CONV_2D", *joints, *moved}
    for operator in own:
        if operator_kind(root, operator) == "SLICE":
            sizes = root.buffers[graph.tensors[operator.inputs[2]].buffer].data
            assert np.frombuffer(bytes(sizes), np.int32).min() > 0, "XNNPACK leaves a size of -1 to another kernel"
        transposed = operator_kind(root, operator) == "TRANSPOSE"
        assert not transposed or len(graph.tensors[operator.inputs[0]].shape) == 5, "a change of layout"


def test_nothing_of_the_network_runs_outside_the_delegate(exported: Exported) -> None:
    for kind in ("fp32.tflite", "int8.tflite"):
        assert outside_delegate(exported[kind]) == set(), kind


def test_the_int8_onnx_takes_the_pixels_bytes_and_has_no_activation_left(exported: Exported) -> None:
    model = onnx.load(exported["int8.onnx"])
    kinds = {node.op_type for node in model.graph.node if not node.name.startswith("out_of_distribution")}
    assert not kinds & {"Relu", "Clip", "Cast", "Sub"}
    first = next(node for node in model.graph.node if node.op_type == "DequantizeLinear" and "pixels" in node.input[0])
    values = {constant.name: numpy_helper.to_array(constant) for constant in model.graph.initializer}
    assert (values[first.input[1]], values[first.input[2]]) == (1, 128)


def test_tensors_have_the_same_names_in_both_formats(exported: Exported) -> None:
    _, graph = read_flatbuffer(exported["fp32.tflite"].read_bytes())
    tflite = {origin(graph.tensors[operator.outputs[0]].name.decode()) for operator in graph.operators}
    tensors = {name for name in tflite if not name.startswith("out_of_distribution")}
    assert tensors <= {name for node in onnx.load(exported["fp32.onnx"]).graph.node for name in node.output}


def card_of(path: Path) -> Card:
    card = read_card(path)
    assert card is not None
    return card


def test_the_card_and_the_certificate_tell_what_it_is(exported: Exported) -> None:
    for path in exported.values():
        data = card_of(path).data
        assert data["model"]["arch"] == exported.arch
        assert data["model"]["parameters"] > 1e5
    certificate = json.loads((exported["fp32.onnx"].parent / "b_certificate.json").read_text())
    blocks = {find_block(layer["tensor"]) for layer in certificate["layers"]}
    assert SCORED_TENSORS[exported.arch][0] in blocks
    kinds = {layer["kind"] for layer in certificate["layers"]}
    assert ("depthwise convolution" in kinds) == (exported.arch in ("mobilenet_v2", "shufflenet_v2_x1_0"))


@pytest.mark.parametrize("kind", KINDS)
def test_ressq_infer_runs_the_files_and_explains(
    exported: Exported, kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    picture = next((exported.run.parent / "data" / "val").rglob("*.png"))
    assert model_command(["check", str(exported[kind])]) == 0
    capsys.readouterr()
    assert infer(["--model", str(exported[kind]), "--json", str(picture), "--explain", str(tmp_path / "why.png")]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert {found["label"] for found in answer["predictions"]} <= set(LABELS)
    assert (tmp_path / "why.png").stat().st_size > 1000


@pytest.mark.parametrize(("kind", "engine"), [("int8.tflite", "litert"), ("int8.onnx", "onnx")])
def test_a_profile_knows_a_baselines_blocks(exported: Exported, kind: str, engine: str) -> None:
    _, modules = measure_operators(str(exported[kind]), engine, 1, drawn_pixels(1)[0], runs=3)
    assert {SCORED_TENSORS[exported.arch][0], "head"} <= set(modules["rows"])


def test_a_picture_is_as_far_in_both_formats(exported: Exported) -> None:
    found = {}
    for kind in ("fp32.onnx", "fp32.tflite"):
        engine = load_engine(str(exported[kind]))
        for name, pixels in (("usual", drawn_pixels(1)[0]), ("black", bytes(SIZE * SIZE * 3))):
            (found[kind, name],) = engine.run(pixels)[OUT_OF_DISTRIBUTION].values()
    for name in ("usual", "black"):
        assert found["fp32.onnx", name] == pytest.approx(found["fp32.tflite", name], rel=0.001)
    assert found["fp32.tflite", "black"] > 3 * found["fp32.tflite", "usual"]
