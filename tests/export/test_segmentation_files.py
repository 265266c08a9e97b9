"""The four files of a network that answers for each pixel."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import onnx
import pytest
import torch

from delegates import outside_delegate
from ressq_edge.choices import HEADS, Head
from ressq_edge.network.arch import build_model
from ressq_export.errors import ParityError
from ressq_export.float_files import convert_floats
from ressq_export.formats import onnx_int8, tflite_int8
from ressq_export.formats.converter_log import Log
from ressq_export.network.deployed import Deployed
from ressq_export.network.tensor_names import BEFORE_RELU, MOVES, NamedTensor, read_flatbuffer
from ressq_export.progress import Screen
from ressq_export.quantization.bypasses import Bare
from ressq_export.quantization.ranges import measure_ranges
from ressq_runtime.engines import load_engine
from segmentation_networks import HEIGHT, PLACES, WIDTH, place_pixels, segmenter

if TYPE_CHECKING:
    from pathlib import Path

    from ressq_edge.network.checkpoint import Checkpoint
    from ressq_export.measurement.stage_comparison import StageComparison

# Strides of the scores.
STRIDES = {"deeplabv3plus": 4, "deeplabv3": 8, "unet": 2, "segnet": 2, "pspnet": 8}
# What XNNPACK has not, of which kind it is named in the schema.
BUILTIN = {"ARG_MAX", "RESIZE_NEAREST_NEIGHBOR", "AVERAGE_POOL_2D"}


@dataclass
class Made:
    """A checkpoint in its four files."""

    checkpoint: Checkpoint
    network: Deployed
    paths: dict[str, Path]
    comparisons: list[StageComparison]


def make(checkpoint: Checkpoint, folder: Path, seen: list[bytes]) -> Made:
    """The files as `convert` makes them, without a search over quantization steps."""
    log = Log(folder / "log")
    bare = Bare(checkpoint.build(), {})
    network, paths, comparisons, _ = convert_floats(checkpoint, bare, 1.5, seen, folder, log, Screen(None))
    ranges = measure_ranges(paths["fp32.onnx"], seen)
    made = {**paths, **{f"int8.{kind}": folder / f"int8.{kind}" for kind in ("tflite", "onnx")}}
    tflite_int8.quantise_tflite(paths["fp32.tflite"], ranges, made["int8.tflite"], log)
    onnx_int8.quantise_onnx(paths["fp32.onnx"], ranges, made["int8.onnx"], log)
    return Made(checkpoint, network, made, comparisons)


@pytest.fixture(scope="module")
def seen() -> list[bytes]:
    return place_pixels()


@pytest.fixture(scope="module", params=[HEADS[0], *(pytest.param(head, marks=pytest.mark.slow) for head in HEADS[1:])])
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, seen: list[bytes]) -> Made:
    return make(segmenter(request.param), tmp_path_factory.mktemp(request.param), seen)


def test_every_file_gives_a_class_map_and_last_the_scores_of_each_cell(made: Made) -> None:
    stride = STRIDES[str(made.checkpoint.model.head)]
    for path in made.paths.values():
        engine = load_engine(str(path))
        classes, scores = engine.outputs
        assert (classes.name, classes.dtype, classes.shape) == ("classes", "int32", (1, HEIGHT, WIDTH))
        assert (scores.name, scores.dtype, scores.shape[3]) == ("scores", "float32", len(PLACES))
        assert (scores.shape[1], scores.shape[2]) == (HEIGHT // stride, WIDTH // stride)
        engine.close()


def test_float_files_answer_as_torch_does(made: Made) -> None:
    names = [comparison.name for comparison in made.comparisons]
    assert names == ["torch -> folded", "torch -> fp32.onnx", "fp32.onnx -> fp32.tflite"]
    assert max(comparison.worst for comparison in made.comparisons) < 1e-4


def test_tensors_have_the_same_names_in_both_formats_and_in_the_simulation(made: Made) -> None:
    _, graph = read_flatbuffer(made.paths["fp32.tflite"].read_bytes())
    tflite = {graph.tensors[operator.outputs[0]].name.decode() for operator in graph.operators}
    nodes = onnx.load(made.paths["fp32.onnx"]).graph.node
    found = {node.output[0] for node in nodes}
    assert len(found) == len(nodes)
    assert tflite <= found
    rounded = {module.name for module in made.network.modules() if isinstance(module, NamedTensor)}
    plain = {node.output[0] for node in nodes if node.op_type not in MOVES}
    activations = {name for name in plain if not name.endswith(BEFORE_RELU)}
    pools = {name for name in activations if re.fullmatch(r"pool\d|fire6\.pool", name)}  # bytes are copied there
    assert rounded == activations - pools - {"float", "classes", "classes.winner", "scores"}


def test_int8_leaves_the_delegate_for_what_it_does_not_have_alone(made: Made) -> None:
    for kind in ("fp32.tflite", "int8.tflite"):
        assert outside_delegate(made.paths[kind]) <= BUILTIN


def test_int8_takes_no_more_steps_than_one_each_way(made: Made) -> None:
    _, graph = read_flatbuffer(made.paths["int8.tflite"].read_bytes())
    names = [tensor.name.decode() for tensor in graph.tensors]
    assert sum("_dequant" in name for name in names) == 2, "of the logits, and of the resized ones"
    nodes = onnx.load(made.paths["int8.onnx"]).graph.node
    maker = {node.output[0]: node.op_type for node in nodes}
    assert not {"Sub", "Relu"} & {node.op_type for node in nodes}
    for node in nodes:
        if node.op_type in ("Conv", "Concat", "Add", "MaxPool", "AveragePool", "ReduceMean", "Resize"):
            assert maker[node.input[0]] == "DequantizeLinear", node.name


def test_the_step_is_the_scale_of_the_logits(made: Made) -> None:
    steps = (
        tflite_int8.logit_step(made.paths["int8.tflite"].read_bytes()),
        onnx_int8.logit_step(onnx.load(made.paths["int8.onnx"])),
    )
    assert steps[0] == pytest.approx(steps[1], rel=1e-5)
    assert 0.01 < steps[0] < 1


def test_int8_answers_much_as_fp32_does(made: Made, seen: list[bytes]) -> None:
    maps = {}
    for kind, path in made.paths.items():
        engine = load_engine(str(path))
        maps[kind] = np.array([list(engine.run(pixels)["classes"].data) for pixels in seen])
        engine.close()
    for kind in ("int8.tflite", "int8.onnx"):
        assert (maps[kind] == maps["fp32.onnx"]).mean() > 0.7, kind  # random weights: trained ones give 0.985


@pytest.mark.parametrize("head", ["segnet", pytest.param("pspnet", marks=pytest.mark.slow)])
def test_sides_that_poolings_round_differently_are_converted(head: Head, tmp_path: Path) -> None:
    size = (64, 100)  # of 7 rows the last pooling makes 3, of 12 columns 6
    made = make(segmenter(head, size=size), tmp_path, place_pixels(4, size))
    assert max(comparison.worst for comparison in made.comparisons) < 1e-4
    assert outside_delegate(made.paths["int8.tflite"]) <= BUILTIN


@pytest.mark.slow
def test_gates_that_cannot_be_folded_become_convolutions_in_all_files(tmp_path: Path, seen: list[bytes]) -> None:
    made = make(segmenter("unet", "ressqueezenet1_0"), tmp_path, seen)
    _, graph = read_flatbuffer(made.paths["fp32.tflite"].read_bytes())
    names = {tensor.name for tensor in graph.tensors}
    assert {b"fire3.bypass", b"fire5.bypass", b"fire9.bypass"} & names == {b"fire5.bypass", b"fire9.bypass"}
    assert outside_delegate(made.paths["int8.tflite"]) <= BUILTIN


@pytest.mark.parametrize("head", ["deeplabv3plus", "segnet"])
def test_a_network_that_was_not_trained_is_no_evidence(head: Head, seen: list[bytes], tmp_path: Path) -> None:
    checkpoint = segmenter(head)
    torch.manual_seed(0)
    untrained = build_model(checkpoint.model)
    checkpoint.weights.update(untrained.state_dict())
    with pytest.raises(ParityError, match=r"torch: found logits that vary by 0.0\d* over \d+ cells, .* train it first"):
        make(checkpoint, tmp_path, seen[:4])


def test_a_network_that_knows_one_class_is_no_evidence(seen: list[bytes], tmp_path: Path) -> None:
    checkpoint = segmenter("deeplabv3plus")
    checkpoint.weights["classifier.bias"][2] += 100
    with pytest.raises(ParityError, match=r"found class 2 at every pixel of 4 pictures, wanted two classes or more"):
        make(checkpoint, tmp_path, seen[:4])


def test_another_checkpoint_does_not_pass_for_this_one(seen: list[bytes], tmp_path: Path) -> None:
    this, other = segmenter("deeplabv3plus"), segmenter("deeplabv3plus", seed=1)
    log = Log(tmp_path / "log")
    with pytest.raises(ParityError, match=r"torch -> folded: found logits up to .* of their spread apart, wanted 0.00"):
        convert_floats(this, Bare(other.build(), {}), 1.0, seen[:4], tmp_path, log, Screen(None))
