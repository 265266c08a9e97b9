"""The four files of a network of windows."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

from delegates import outside_delegate
from ressq_edge.network.checkpoint import Normalise
from ressq_export.float_files import convert_floats, file_answers
from ressq_export.formats import onnx_int8, tflite_int8
from ressq_export.formats.converter_log import Log
from ressq_export.network.tensor_names import operator_kind, read_flatbuffer
from ressq_export.progress import Screen
from ressq_export.quantization.bypasses import Bare
from ressq_export.quantization.ranges import measure_ranges
from ressq_runtime.engines import load_engine
from series_networks import CHANNELS, LABELS, LENGTH, series_checkpoint, windows

if TYPE_CHECKING:
    from pathlib import Path

    from ressq_edge.network.checkpoint import Checkpoint
    from ressq_export.measurement.stage_comparison import Logits, StageComparison


@dataclass
class Made:
    """A checkpoint in its four files."""

    paths: dict[str, Path]
    comparisons: list[StageComparison]


def make(checkpoint: Checkpoint, folder: Path, seen: list[bytes]) -> Made:
    """The files as `convert` makes them, without a search over quantization steps."""
    log = Log(folder / "log")
    bare = Bare(checkpoint.build(), {})
    _, paths, comparisons, _ = convert_floats(checkpoint, bare, 1.5, seen, folder, log, Screen(None))
    ranges = measure_ranges(paths["fp32.onnx"], seen)
    made = {**paths, **{f"int8.{kind}": folder / f"int8.{kind}" for kind in ("tflite", "onnx")}}
    tflite_int8.quantise_tflite(paths["fp32.tflite"], ranges, made["int8.tflite"], log)
    onnx_int8.quantise_onnx(paths["fp32.onnx"], ranges, made["int8.onnx"], log)
    return Made(made, comparisons)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return make(series_checkpoint(width=48), tmp_path_factory.mktemp("series"), windows())


def kinds(path: Path) -> list[str]:
    root, graph = read_flatbuffer(path.read_bytes())
    return [operator_kind(root, operator) for operator in graph.operators]


def test_every_file_takes_the_sensors_own_values_and_gives_scores(made: Made) -> None:
    for path in made.paths.values():
        engine = load_engine(str(path))
        assert [(one.name, one.dtype, one.shape) for one in engine.inputs] == [
            ("series", "float32", (1, LENGTH, CHANNELS))
        ]
        assert [(one.name, one.dtype, one.shape) for one in engine.outputs] == [("scores", "float32", (1, len(LABELS)))]


def test_each_float_stage_answers_as_the_one_before(made: Made) -> None:
    names = ["torch -> folded", "torch -> fp32.onnx", "fp32.onnx -> fp32.tflite"]
    assert [found.name for found in made.comparisons] == names
    assert max(found.worst for found in made.comparisons) < 1e-4


def test_a_tflite_file_of_a_series_moves_nothing_about_and_is_small(made: Made) -> None:
    for kind in ("fp32.tflite", "int8.tflite"):
        counts = Counter(kinds(made.paths[kind]))
        assert counts["TRANSPOSE"] <= 1
        assert counts["RESHAPE"] <= 1
        assert not {"PAD", "PADV2", "RELU"} & set(counts)
        assert outside_delegate(made.paths[kind]) == set()
    assert made.paths["int8.tflite"].stat().st_size <= 60_000


def test_a_series_is_normalised_in_float_before_the_first_quantize(made: Made) -> None:
    found = kinds(made.paths["int8.tflite"])
    assert found[:2] == ["ADD", "MUL"]
    assert found.index("QUANTIZE") in (2, 3)


def test_int8_of_a_series_answers_as_fp32(made: Made) -> None:
    wanted = file_answers(made.paths["fp32.onnx"], windows()).logits
    for kind in ("int8.tflite", "int8.onnx"):
        found = file_answers(made.paths[kind], windows()).logits
        assert np.corrcoef(found.ravel(), wanted.ravel())[0, 1] > 0.7  # random weights: logits hardly vary


def test_a_gated_series_is_folded_as_a_picture_network_is(tmp_path: Path) -> None:
    found = make(series_checkpoint("gated"), tmp_path, windows())
    assert max(found.worst for found in found.comparisons) < 1e-4


def test_a_channel_in_other_units_changes_no_int8_answer(tmp_path: Path) -> None:
    plain = make(series_checkpoint(), tmp_path, windows(64))
    wanted = file_answers(plain.paths["int8.tflite"], windows(64)).logits
    (tmp_path / "scaled").mkdir()
    scaled = make(series_checkpoint(other_units=1), tmp_path / "scaled", windows(64, other_units=1))
    found = file_answers(scaled.paths["int8.tflite"], windows(64, other_units=1)).logits
    assert (found.argmax(1) == wanted.argmax(1)).mean() >= 0.98


def test_folded_into_the_first_convolution_a_channel_in_other_units_drowns_the_others(tmp_path: Path) -> None:
    # The control: what the files would be if they folded the mean and the deviation, as those of pictures do.
    checkpoint, seen = series_checkpoint(other_units=1), windows(64, other_units=1)
    wanted = make(checkpoint, tmp_path, seen)
    exact = file_answers(wanted.paths["fp32.onnx"], seen).logits
    (tmp_path / "folded").mkdir()
    folded = make(fold_into_first(checkpoint), tmp_path / "folded", seen)
    assert agreement(file_answers(folded.paths["fp32.onnx"], seen).logits, exact) >= 0.98
    assert agreement(file_answers(folded.paths["int8.tflite"], seen).logits, exact) < 0.7
    assert agreement(file_answers(wanted.paths["int8.tflite"], seen).logits, exact) >= 0.9  # random weights


def agreement(found: Logits, wanted: Logits) -> float:
    return float((found.argmax(1) == wanted.argmax(1)).mean())


def fold_into_first(checkpoint: Checkpoint) -> Checkpoint:
    """The same function of a window, with mean 0 and deviation 1 of each channel."""
    known = checkpoint.normalise
    mean, std = (torch.tensor(values, dtype=torch.float64).view(1, -1, 1, 1) for values in (known.mean, known.std))
    weight, bias = (checkpoint.weights[f"features.0.{part}"].double() for part in ("weight", "bias"))
    folded = {"weight": weight / std, "bias": bias - (weight * mean / std).sum((1, 2, 3))}
    weights = {**checkpoint.weights, **{f"features.0.{part}": value.float() for part, value in folded.items()}}
    return replace(checkpoint, normalise=Normalise((0.0,) * CHANNELS, (1.0,) * CHANNELS), weights=weights)
