"""torchvision's networks exported: folds, places, the padded border, the four files and what runs them."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING

import numpy as np
import onnx
import pytest
import torch
from onnx import numpy_helper
from torch import nn

from baseline_networks import baseline_checkpoint, begin_baseline, centred, see_pictures
from export_networks import LABELS, SIZE, as_batch, drawn_pixels, write_run
from ressq_edge.arch import BASELINES
from ressq_edge.checkpoint import IMAGENET, MIDDLE, load_checkpoint
from ressq_export.convert import KINDS
from ressq_export.errors import FoldError
from ressq_export.evaluation import torch_scorer
from ressq_export.exporter import Request, export
from ressq_export.fold import fold_norm
from ressq_export.network import MIDDLES, deploy
from ressq_export.parity import FLOAT_TOLERANCE, INT8_TOLERANCE, centred_logits, check_float_seam, compare
from ressq_export.places import Place, find_block, join, operator_kind, origin, read_flatbuffer
from ressq_export.progress import Screen
from ressq_runtime.artefact import read_card
from ressq_runtime.card import Card
from ressq_runtime.engines import load_engine
from ressq_runtime.infer import main as infer
from ressq_runtime.profiling.operators import measure_operators

if TYPE_CHECKING:
    from pathlib import Path

    from ressq_export.network import DeployedNetwork
    from ressq_export.parity import Logits

# float32 kernels that add in another order, over up to 57 layers, relative to the largest logit
ROUNDING = 5e-5
SLOW = ("googlenet", "resnet18")  # they add nothing that the two others or the folds do not show
every_baseline = pytest.mark.parametrize("arch", BASELINES)


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
    export(Request(run, folder / "dist", "b", max_drop=100), Screen(None))
    made = Exported({kind: folder / "dist" / f"b_{kind}" for kind in KINDS})
    made.run, made.arch = run, request.param
    return made


def logits_of(network: DeployedNetwork, pixels: list[bytes]) -> torch.Tensor:
    with torch.inference_mode():
        return network.logits(as_batch(pixels))


def framed() -> list[bytes]:
    """Pictures whose outermost pixels are black, white or noise."""
    found = []
    for number, pixels in enumerate(drawn_pixels(12)):
        picture = np.frombuffer(pixels, np.uint8).reshape(SIZE, SIZE, 3).copy()
        frame = np.ones((SIZE, SIZE), bool)
        frame[2:-2, 2:-2] = False
        noise = np.random.default_rng(number).integers(0, 256, (frame.sum(), 3))
        picture[frame] = (0, 255, noise)[number % 3]
        found.append(picture.tobytes())
    return found


@every_baseline
def test_a_folded_baseline_answers_as_the_trained_one(arch: str) -> None:
    model = see_pictures(begin_baseline(arch))
    with torch.no_grad():
        wanted = model(centred(as_batch(framed()))) / 1.5
    found = logits_of(deploy(model, MIDDLE.mean, MIDDLE.std, temperature=1.5), framed())
    assert ((wanted - found).abs().max() / wanted.abs().max()).item() < ROUNDING


def test_a_border_padded_with_black_is_another_network() -> None:
    network = deploy(see_pictures(begin_baseline("resnet18")), MIDDLE.mean, MIDDLE.std)
    wanted = logits_of(network, framed())
    network.centre = nn.Identity()  # and what the grey value adds inside the picture goes to the bias
    first = network.body.conv1
    with torch.no_grad():
        first.bias -= 128 * first.weight.sum((1, 2, 3))
    found = logits_of(network, framed())
    assert ((wanted - found).abs().max() / wanted.abs().max()).item() > 100 * ROUNDING


def test_a_padded_network_of_imagenets_mean_is_refused() -> None:
    model = begin_baseline("mobilenet_v2").eval()
    with pytest.raises(FoldError, match=r"found zeros padded where the mean is .*, wanted one that a grey pixel has"):
        deploy(model, IMAGENET.mean, IMAGENET.std)


def test_a_batch_norm_folds_into_a_convolution_with_or_without_a_bias() -> None:
    for bias in (False, True):
        conv, norm, x = nn.Conv2d(4, 6, 3, bias=bias), nn.BatchNorm2d(6), torch.randn(2, 4, 8, 8)
        nn.init.uniform_(norm.weight, -1, 1)
        norm(conv(x))
        wanted = norm.eval()(conv(x))
        fold_norm(conv, norm)
        torch.testing.assert_close(conv(x), wanted)


@every_baseline
def test_every_layer_has_one_place_in_a_block_and_one_block_is_the_middle(arch: str) -> None:
    names = [place.name for place in deploy(begin_baseline(arch).eval(), MIDDLE.mean, MIDDLE.std).modules()
             if isinstance(place, Place)]  # fmt: skip
    assert len(names) == len(set(names))
    assert {f"{MIDDLES[arch]}.sum", f"{MIDDLES[arch]}.concat"} & set(names)


def test_names_tell_block_and_origin() -> None:
    assert find_block("layer1.0.conv2") == "layer1.0"
    assert find_block("inception3a.branch2.1.conv") == "inception3a"
    assert join("sum", ["features.2.conv.2", "features.3.conv.2"]) == "features.3.sum"
    assert origin("stage2.0.concat.reshaped2") == "stage2.0.concat"
    assert origin("conv1") == "conv1"


def run_all(path: Path, pixels: list[bytes]) -> Logits:
    engine = load_engine(str(path))
    return centred_logits(engine.run(picture) for picture in pixels)


def test_the_files_answer_as_torch_whatever_lies_on_the_border(exported: Exported) -> None:
    checkpoint = load_checkpoint(exported.run / "best.safetensors")
    pixels = [*framed(), *drawn_pixels(12)]
    score = torch_scorer(checkpoint, card_of(exported["fp32.onnx"]).data["output"]["temperature"])
    wanted = centred_logits(score(picture) for picture in pixels)
    for kind in ("fp32.onnx", "fp32.tflite"):
        assert check_float_seam(kind, wanted, run_all(exported[kind], pixels)).worst < FLOAT_TOLERANCE
    for kind in ("int8.onnx", "int8.tflite"):
        assert compare(kind, wanted, run_all(exported[kind], pixels)).rms < INT8_TOLERANCE


def test_the_tflite_files_hold_the_networks_layers_and_moves_within_their_layout(exported: Exported) -> None:
    root, graph = read_flatbuffer(exported["int8.tflite"].read_bytes())
    own = [op for op in graph.operators if not graph.tensors[op.outputs[0]].name.startswith(b"distance")]
    found = Counter(operator_kind(root, operator) for operator in own)
    assert found["QUANTIZE"] == found["DEQUANTIZE"] == found["CAST"] == found["SUB"] == 1
    weights = found["CONV_2D"] + found["DEPTHWISE_CONV_2D"]
    layers = deploy(load_checkpoint(exported.run / "best.safetensors").build(), MIDDLE.mean, MIDDLE.std).modules()
    assert weights == sum(isinstance(layer, nn.Conv2d) for layer in layers)
    moved = {"PAD", "RESHAPE", "TRANSPOSE", "SLICE"} if exported.arch.startswith("shuffle") else {"PAD"}
    joints = {"ADD", "CONCATENATION", "MAX_POOL_2D", "MEAN", "FULLY_CONNECTED", "SOFTMAX"}
    assert set(found) <= {"QUANTIZE", "DEQUANTIZE", "CAST", "SUB", "CONV_2D", "DEPTHWISE_CONV_2D", *joints, *moved}
    for operator in own:
        transposed = operator_kind(root, operator) == "TRANSPOSE"
        assert not transposed or len(graph.tensors[operator.inputs[0]].shape) == 5, "a change of layout"


def test_the_int8_onnx_takes_the_pixels_bytes_and_has_no_activation_left(exported: Exported) -> None:
    model = onnx.load(exported["int8.onnx"])
    kinds = {node.op_type for node in model.graph.node if not node.name.startswith("distance")}
    assert not kinds & {"Relu", "Clip", "Cast", "Sub"}
    first = next(node for node in model.graph.node if node.op_type == "DequantizeLinear" and "pixels" in node.input[0])
    values = {constant.name: numpy_helper.to_array(constant) for constant in model.graph.initializer}
    assert (values[first.input[1]], values[first.input[2]]) == (1, 128)


def test_places_have_the_same_names_in_both_formats(exported: Exported) -> None:
    _, graph = read_flatbuffer(exported["fp32.tflite"].read_bytes())
    tflite = {origin(graph.tensors[operator.outputs[0]].name.decode()) for operator in graph.operators}
    places = {name for name in tflite if not name.startswith("distance")}
    assert places <= {name for node in onnx.load(exported["fp32.onnx"]).graph.node for name in node.output}


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
    blocks = {find_block(layer["place"]) for layer in certificate["layers"]}
    assert MIDDLES[exported.arch] in blocks
    kinds = {layer["kind"] for layer in certificate["layers"]}
    assert ("depthwise convolution" in kinds) == (exported.arch in ("mobilenet_v2", "shufflenet_v2_x1_0"))


@pytest.mark.parametrize("kind", KINDS)
def test_ressq_infer_runs_the_files_and_explains(
    exported: Exported, kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    picture = next((exported.run.parent / "data" / "val").rglob("*.png"))
    model = ["--model", str(exported[kind])]
    assert infer([*model, "--self-test"]) == 0
    capsys.readouterr()
    assert infer([*model, "--json", str(picture), "--explain", str(tmp_path / "why.png")]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert {found["label"] for found in answer["predictions"]} <= set(LABELS)
    assert (tmp_path / "why.png").stat().st_size > 1000


@pytest.mark.parametrize(("kind", "engine"), [("int8.tflite", "litert"), ("int8.onnx", "onnx")])
def test_a_profile_knows_a_baselines_blocks(exported: Exported, kind: str, engine: str) -> None:
    _, modules = measure_operators(str(exported[kind]), engine, 1, drawn_pixels(1)[0], runs=3)
    assert {MIDDLES[exported.arch], "head"} <= set(modules["rows"])
