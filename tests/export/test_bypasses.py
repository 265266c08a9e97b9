"""Bypasses too small for int8 are left out of all files, and XNNPACK computes every sum that is left."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import onnx
import pytest
import torch

from delegates import outside_delegate
from export_networks import as_batch, checkpoint_of, drawn_pixels, harden, wide_gate, write_run
from ressq_edge.data.augment import normalise
from ressq_edge.network.model import ResSqueezeNet
from ressq_export.cli import main
from ressq_export.convert import KINDS, Pictures, convert
from ressq_export.formats.converter_log import Log
from ressq_export.measurement import stage_comparison as parity
from ressq_export.network.deployed import deploy
from ressq_export.network.ranges import Range
from ressq_export.network.tensor_names import operator_kind, read_flatbuffer
from ressq_export.progress import Screen
from ressq_export.quantization.bypasses import HALF, leave_out, without_bypasses
from ressq_export.quantization.delegate import LEAST, MOST
from ressq_export.quantization.quantizer import FORMATS, Candidate, Quantizer
from ressq_export.quantization.ranges import share_ranges
from ressq_export.quantization.steps import STEPS
from ressq_runtime.artefact.container import read_card

if TYPE_CHECKING:
    from collections.abc import Callable

    from ressq_edge.network.checkpoint import Checkpoint
    from ressq_edge.network.model import Bypass
    from ressq_export.convert import Converted

SUMS = ("fire3", "fire5", "fire7", "fire9")
# What int8 rounds away, what it does not, a closed gate, and one by whose inverse float32 has no weights.
SMALL, SEEN, CLOSED, TINY = 0.0005, 0.003, 0.0, 1e-42
UNTRAINED_SPREAD = (
    0.01  # random weights answer less differently than trained ones: test_stage_comparison.py has the limit
)


def planted(gates: tuple[float, ...], arch: str = "ressqueezenet1_1", hard: bool = False) -> Checkpoint:
    """A lively network with these gates."""
    checkpoint = checkpoint_of(arch, "gated")
    model = checkpoint.build()
    if hard:
        harden(model)
    checkpoint.weights.update(model.state_dict())
    names = sorted((n for n in checkpoint.weights if n.endswith(".gate")), key=lambda n: int(n.split(".")[1]))
    checkpoint.weights.update({name: torch.tensor(gate) for name, gate in zip(names, gates, strict=True)})
    return checkpoint


def unequal(expand: float) -> Checkpoint:
    """A lively network with plain sums, of which the Fire module fire5 gives `expand` times as much as the others."""
    checkpoint = checkpoint_of(bypass="simple")
    model = checkpoint.build()
    assert isinstance(model, ResSqueezeNet)
    fire = dict(model.features.fires())["fire5"]
    with torch.no_grad():
        for layer in (fire.expand1x1, fire.expand3x3):
            layer.weight.mul_(expand)
            layer.bias.mul_(expand)
        model.features[9].squeeze.weight.div_(max(expand, 1))  # fire6 takes it as it was
    checkpoint.weights.update(model.state_dict())
    return checkpoint


def converted(checkpoint: Checkpoint, folder: Path) -> Converted:
    log = Log(folder / "log")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parity, "SMALLEST_SPREAD", UNTRAINED_SPREAD)
        return convert(checkpoint, 1.0, Pictures(drawn_pixels(), ()), wide_gate(folder), folder, log, Screen(None))


def sums_of(path: Path) -> set[str]:
    """The Fire modules with a sum or a difference."""
    root, graph = read_flatbuffer(path.read_bytes())
    joints = [operator for operator in graph.operators if operator_kind(root, operator) in ("ADD", "SUB")]
    return {graph.tensors[joint.outputs[0]].name.decode().removesuffix(".sum") for joint in joints}


def assert_delegated(found: Converted) -> None:
    for kind in ("fp32.tflite", "int8.tflite"):
        assert outside_delegate(found.paths[kind]) == set(), kind


@pytest.mark.parametrize(
    ("arch", "gates", "left_out"),
    [
        ("ressqueezenet1_1", (SMALL, -SMALL, SEEN, 0.3), {"fire3", "fire5"}),
        ("ressqueezenet1_1", (-SEEN, CLOSED, TINY, 0.3), {"fire7"}),
        pytest.param("ressqueezenet1_1", (CLOSED, -SMALL, -SMALL, -SMALL), set(SUMS[1:]), marks=pytest.mark.slow),
        pytest.param(
            "ressqueezenet1_0", (-SMALL / 4, SEEN, -SEEN, SMALL / 4), {"fire3", "fire9"}, marks=pytest.mark.slow
        ),
    ],
)
def test_a_gate_that_int8_cannot_tell_from_none_is_left_out_and_no_sum_is_slow(
    arch: str, gates: tuple[float, ...], left_out: set[str], tmp_path: Path
) -> None:
    found = converted(planted(gates, arch), tmp_path)
    assert set(found.left_out) == left_out
    assert all(0 <= steps < HALF for steps in found.left_out.values())
    closed = {name for name, gate in zip(SUMS, gates, strict=True) if gate == 0}
    for kind in ("fp32.tflite", "int8.tflite"):
        assert sums_of(found.paths[kind]) == set(SUMS) - left_out - closed
    assert_delegated(found)
    comparison = found.comparisons[0]
    assert comparison.name == f"torch -> torch without the bypass of {', '.join(found.left_out)}"
    assert comparison.worst < 0.02


@pytest.mark.parametrize("arch", ["ressqueezenet1_1", pytest.param("ressqueezenet1_0", marks=pytest.mark.slow)])
@pytest.mark.parametrize("bypass", ["none", "simple", pytest.param("complex", marks=pytest.mark.slow), "gated"])
def test_no_convolution_and_no_sum_runs_outside_the_delegate(arch: str, bypass: Bypass, tmp_path: Path) -> None:
    assert_delegated(converted(checkpoint_of(arch, bypass), tmp_path))


@pytest.mark.parametrize(("expand", "left_out"), [(1e4, {"fire5"}), pytest.param(1e-5, set(), marks=pytest.mark.slow)])
def test_a_plain_sum_of_unequal_parts_is_none_or_is_not_slow(expand: float, left_out: set[str], tmp_path: Path) -> None:
    found = converted(unequal(expand), tmp_path)
    assert set(found.left_out) == left_out
    assert sums_of(found.paths["int8.tflite"]) == set(SUMS) - left_out
    assert_delegated(found)


@pytest.mark.slow
@pytest.mark.parametrize(
    "make",
    [lambda: planted((2 * SMALL, -3 * SMALL, 4 * SMALL, -5 * SMALL), hard=True), lambda: unequal(1e-5)],
    ids=["gates", "a plain sum"],
)
def test_no_sum_is_slow_after_any_step(make: Callable[[], Checkpoint], pixels: list[bytes], tmp_path: Path) -> None:
    checkpoint = make()
    bare, known = leave_out(checkpoint, pixels, Screen(None)), checkpoint.normalise
    network = deploy(bare.model, known.mean, known.std)
    quantizer = Quantizer(network, pixels, (), checkpoint.pixels, tmp_path, Log(tmp_path / "log"))
    candidate = Candidate(dict.fromkeys(FORMATS, network), {})
    for step in (step for step in STEPS if step.suits(quantizer)):
        candidate = step.apply(candidate, quantizer)
        path = quantizer.quantise(candidate)["int8.tflite"]
        assert sums_of(path) == set(SUMS) - set(bare.left_out)
        assert outside_delegate(path) == set(), step.name


def test_a_bypass_that_moves_the_logits_stays_however_little_it_moves_a_sum(pixels: list[bytes]) -> None:
    checkpoint = planted((CLOSED, CLOSED, CLOSED, SMALL))
    assert set(leave_out(checkpoint, pixels, Screen(None)).left_out) == {"fire9"}
    model, known = checkpoint.build(), checkpoint.normalise
    assert isinstance(model, ResSqueezeNet)
    x = normalise(as_batch(pixels).permute(0, 3, 1, 2), known.mean, known.std)
    with torch.no_grad():
        before, after = (net.features(x).mean((2, 3)) for net in (model, without_bypasses(model, {"fire9"})))
        moved = (before - after).mean(0)
        usual = torch.linalg.svd(after - after.mean(0), full_matrices=False)[2]
        moved -= usual.T @ (usual @ moved)  # a direction in which nothing varies but by the bypass
        checkpoint.weights["classifier.1.weight"].copy_(
            moved.view(1, -1, 1, 1) * torch.tensor([1, -1, 0]).view(-1, 1, 1, 1)
        )
    checkpoint.weights["classifier.1.bias"].zero_()
    assert leave_out(checkpoint, pixels, Screen(None)).left_out == {}


def test_the_command_the_cards_and_the_certificate_tell_what_was_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = write_run(tmp_path / "run", planted((CLOSED, SMALL, 0.3, -1.7)))
    assert main([str(run), "--out", str(tmp_path / "dist"), "--max-drop", "100", "--json"]) == 0
    out, told = capsys.readouterr()
    assert "ressq-export: note: fire5: no file has its bypass, which moves a value by 0." in told
    assert "fire3" not in told, "a closed gate was never a bypass"
    cards = [read_card(tmp_path / "dist" / f"run_{kind}") for kind in KINDS]
    (steps,) = {card.data["model"]["left_out"]["fire5"] for card in cards if card is not None}
    assert 0 < steps < HALF
    report = json.loads(out)
    assert report["comparisons"][0]["name"] == "torch -> torch without the bypass of fire5"
    certificate = json.loads((tmp_path / "dist" / "run_certificate.json").read_text())
    assert certificate["model"]["left_out"] == {"fire5": steps}
    assert certificate["notes"][0] in told


def ranges_of(**widths: float) -> dict[str, Range]:
    return {name: Range(-width / 5, width * 4 / 5) for name, width in widths.items()}


def sum_of(*names: str) -> onnx.NodeProto:
    return onnx.helper.make_node("Add", names[:2], [names[2]], name=names[2])


def test_ranges_are_wide_enough_for_every_sum_and_keep_their_zero_points() -> None:
    """b is too small for c; e, the result of c and d, is too small for them; and so b must widen again."""
    graph = onnx.helper.make_graph([sum_of("a", "b", "c"), sum_of("c", "d", "e")], "g", [], [])
    given = ranges_of(a=1.0, b=1e-6, c=1.0, d=1.0, e=1e-9)
    found = share_ranges(onnx.helper.make_model(graph), given)
    for inputs, result in (("ab", "c"), ("cd", "e")):
        for name in inputs:
            assert LEAST < found[name].width / found[result].width < MOST
    assert found["b"].width == pytest.approx(LEAST, rel=1e-4)
    assert found["e"].width == pytest.approx(1 / MOST, rel=1e-4)
    for name in given:
        assert found[name].low / found[name].width == pytest.approx(-0.2)
    assert (found["a"], found["d"]) == (given["a"], given["d"])


def test_ranges_that_the_delegate_takes_stay_as_they_are() -> None:
    graph = onnx.helper.make_graph([sum_of("a", "b", "c")], "g", [], [])
    given = ranges_of(a=1.0, b=1.01 * LEAST, c=1.0)
    assert share_ranges(onnx.helper.make_model(graph), given) == given
