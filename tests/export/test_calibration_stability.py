"""Two halves of the calibration set: disjoint, balanced, compared on real files, and told where they differ."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from export_networks import SIZE, colours, drawn_pixels, write_run
from ressq_export.artefacts import close_models, open_models
from ressq_export.cli import main
from ressq_export.formats.tflite_int8 import quantise_tflite
from ressq_export.network.deployed import deploy
from ressq_export.progress import Screen
from ressq_export.quantization.calibration import CalibrationSet, draw_from_training, halve, read_pixels
from ressq_export.quantization.calibration_stability import CalibrationStability, measure_stability
from ressq_export.quantization.gate import Gate
from ressq_export.quantization.quantizer import FORMATS, Candidate, Quantizer
from ressq_export.quantization.ranges import measure_ranges
from ressq_export.quantization.steps.min_max import take_min_max, widest
from ressq_export.run import read_run
from ressq_export.tasks.classify import Classify
from ressq_runtime import Classifier
from ressq_runtime.artefact.container import read_card
from ressq_runtime.inputs.picture import to_pixels
from ressq_runtime.inputs.picture_spec import PixelSpec

if TYPE_CHECKING:
    from ressq_edge.network.checkpoint import Checkpoint
    from ressq_export.formats.converter_log import Log

SPEC = PixelSpec.for_size(SIZE)


def set_of(classes: tuple[int, ...]) -> CalibrationSet:
    return CalibrationSet(tuple(Path(str(index)) for index in range(len(classes))), 0, "train", "", classes)


@pytest.mark.parametrize("sizes", [(16, 16), (40, 3, 2, 1), (13, 13, 13), (11, 11, 11, 11, 11)])
def test_the_halves_share_no_picture_leave_none_out_and_have_each_class_alike(sizes: tuple[int, ...]) -> None:
    classes = [number for number, size in enumerate(sizes) for _ in range(size)]
    classes = sorted(classes, key=lambda number: classes.index(number) % 2)
    pixels = [str(index).encode() for index in range(len(classes))]
    first, second = halve(set_of(tuple(classes)), pixels)
    assert sorted([*first, *second]) == sorted(pixels)
    assert abs(len(first) - len(second)) <= 1
    counts = [Counter(classes[int(picture)] for picture in half) for half in (first, second)]
    assert all(abs(counts[0][number] - counts[1][number]) <= 1 for number in range(len(sizes)))


def test_a_half_would_have_to_do_for_a_calibration_set() -> None:
    assert [len(half) for half in halve(set_of((0, 1) * 16), [b""] * 32)] == [16, 16]
    assert halve(set_of((0,) * 31), [b""] * 31) == []


@pytest.fixture(scope="module")
def quantizer(checkpoint: Checkpoint, log: Log, tmp_path_factory: pytest.TempPathFactory) -> Quantizer:
    normalise = checkpoint.normalise
    network = deploy(checkpoint.build(), normalise.mean, normalise.std, 1.0)
    return Quantizer(network, drawn_pixels(32), (), SPEC, tmp_path_factory.mktemp("quantizer"), log)


@pytest.fixture(scope="module")
def candidate(quantizer: Quantizer) -> Candidate:
    return take_min_max(Candidate(dict.fromkeys(FORMATS, quantizer.original), {}), quantizer)


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory) -> Gate:
    """Knows 80 drawn pictures that nothing was calibrated on."""
    folder = tmp_path_factory.mktemp("validation")
    for seed in range(1000, 1080):
        colours(seed).save(folder / f"{seed}.png")
    return Gate(
        Classify(("a", "b", "c")), [(path, index % 3) for index, path in enumerate(sorted(folder.iterdir()))], SPEC
    )


def foggy(pixels: bytes) -> bytes:
    """Nearly grey all over: to the network, which subtracts a mean, nearly nothing."""
    return bytes(112 + value // 32 for value in pixels)


@pytest.mark.slow
def test_two_good_halves_of_a_trained_network_pass_and_a_foggy_one_is_told(run: Path, tmp_path: Path, log: Log) -> None:
    found = read_run(run)
    normalise, spec = found.checkpoint.normalise, found.checkpoint.pixels
    network = deploy(found.checkpoint.build(), normalise.mean, normalise.std, 1.0)
    quantizer = Quantizer(network, (), (), spec, tmp_path, log)
    drawn = draw_from_training(found.split, found.data, 64, 0)
    candidate = Candidate(dict.fromkeys(FORMATS, network), {}, widest)
    first, second = halve(drawn, read_pixels(drawn, spec))
    gate = Gate(found.task, found.pictures("val"), spec)
    good = measure_stability(candidate, quantizer, [first, second], gate, Screen(None))
    bad = measure_stability(candidate, quantizer, [first, [foggy(one) for one in second]], gate, Screen(None))
    assert good is not None
    assert bad is not None
    assert good.stable
    assert not bad.stable
    assert bad.width_ratio > 3 > good.width_ratio


def test_the_figures_are_those_of_two_files_made_and_asked_one_by_one(
    checkpoint: Checkpoint, quantizer: Quantizer, candidate: Candidate, gate: Gate, tmp_path: Path
) -> None:
    pixels = drawn_pixels(32)
    halves = [pixels[:16], [foggy(one) for one in pixels[16:]]]
    found = measure_stability(candidate, quantizer, halves, gate, Screen(None))
    assert found is not None
    scores, widths = [], []
    for name, half in zip("ab", halves, strict=True):
        ranges = measure_ranges(quantizer.float_file(quantizer.original, "onnx"), half, widest)
        quantise_tflite(quantizer.float_file(quantizer.original, "tflite"), ranges, tmp_path / name, quantizer.log)
        models = open_models({name: (tmp_path / name).rename(tmp_path / f"{name}.tflite")}, checkpoint)
        scores.append(
            [int(np.argmax(Classifier(models[name]).scores(to_pixels(path, SPEC)))) for path, _ in gate.pictures]
        )
        close_models(models)
        widths.append(ranges[found.tensor].high - ranges[found.tensor].low)
    hits = [sum(a == truth for a, (_, truth) in zip(row, gate.pictures, strict=True)) for row in scores]
    assert found.n == 80
    assert found.agreement == pytest.approx(sum(a == b for a, b in zip(*scores, strict=True)) / 80)
    assert found.difference == pytest.approx(abs(hits[0] - hits[1]) / 80)
    assert found.width_ratio == pytest.approx(max(widths) / min(widths))


def test_without_halves_nothing_is_said(quantizer: Quantizer, candidate: Candidate, gate: Gate) -> None:
    assert measure_stability(candidate, quantizer, [], gate, Screen(None)) is None
    assert set_of((0,) * 31).notes() == ()


def test_one_odd_answer_of_few_is_no_reason() -> None:
    assert CalibrationStability(12, 11 / 12, 0.0, 1.2, "conv1").stable
    assert not CalibrationStability(12, 10 / 12, 0.0, 1.2, "conv1").stable
    assert CalibrationStability(341, 335 / 341, 0.0, 1.2, "conv1").stable
    assert not CalibrationStability(341, 334 / 341, 0.0, 1.2, "conv1").stable


def test_the_command_records_the_halves_and_says_on_stderr_where_they_differ(
    checkpoint: Checkpoint, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "runs").mkdir()
    run = write_run(tmp_path / "runs" / "leaf", checkpoint, train=11)
    monkeypatch.setattr(CalibrationStability, "stable", False)
    assert main([str(run), "--out", str(tmp_path), "--max-drop", "100", "--json"]) == 0
    shown = capsys.readouterr()
    report = json.loads(shown.out)
    stability = report["calibration"]["stability"]
    assert set(stability) == {"n", "agreement", "difference", "width_ratio", "tensor"}
    assert stability["n"] == 12
    for kind in ("int8.tflite", "int8.onnx"):
        card = read_card(tmp_path / f"leaf_{kind}")
        assert card is not None
        assert card.data["calibration"] == report["calibration"]
    (note,) = (note for note in report["notes"] if "calibrate on more pictures" in note)
    assert f"ressq-export: note: {note}" in shown.err
    assert "of the answers to 12 validation pictures differ" in note
    assert "calibrate on more pictures (found 33, up to 128 are taken)" in note
