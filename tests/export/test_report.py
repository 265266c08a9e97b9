"""What is measured and shown: accuracy, latency, the log of converters."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from rich.console import Console

from export_networks import colours
from ressq_export.errors import ConversionError
from ressq_export.formats.converter_log import Log
from ressq_export.measurement.golden import STEADY, choose_seeds, steps_between_kernels
from ressq_export.measurement.scores import (
    TORCH,
    Scored,
    measure_latency,
    one_thread,
    score_pictures,
)
from ressq_export.progress import Screen, open_screen
from ressq_export.report import Row, render
from ressq_export.tasks.classify import Accuracy, Classify
from ressq_runtime import Classifier
from ressq_runtime.inputs.picture_spec import PixelSpec
from ressq_runtime.intervals import wilson

if TYPE_CHECKING:
    from collections.abc import Sequence

CLASSIFY = Classify(("a", "b"))


def test_accuracy_and_agreement_are_of_the_same_pictures(tmp_path: Path) -> None:
    pictures = []
    for seed in range(10):
        colours(seed).save(tmp_path / f"{seed}.png")
        pictures.append((tmp_path / f"{seed}.png", seed % 2))
    always = {TORCH: lambda _: [1.0, 0.0], "same": lambda _: [0.9, 0.1], "other": lambda _: [0.1, 0.9]}
    (tmp_path / "3.png").write_bytes(b"none")
    scored = score_pictures(always, pictures, PixelSpec.for_size(64), lambda done, total: None)
    found = CLASSIFY.measure(scored)
    assert found[TORCH].n == 9
    assert found["same"].top1 == found[TORCH].top1 == 5 / 9
    assert [accuracy.agreement for accuracy in found.values()] == [1, 1, 0]
    assert found["other"].top1 == 4 / 9
    assert found["other"].top1_low < 4 / 9 < found["other"].top1_high
    assert len(scored.faults) == 1
    assert "3.png" in scored.faults[0]
    assert [path.name for path in scored.paths] == [f"{seed}.png" for seed in range(10) if seed != 3]


def test_pictures_of_a_group_count_as_few() -> None:
    right = np.repeat([1, 1, 1, 0], 10)
    scores = {name: np.stack([right, 1 - right], 1).astype(float) for name in (TORCH, "int8")}
    alone = Scored(tuple(Path(f"{n}.png") for n in range(40)), np.zeros(40, int), scores, ())
    plain, grouped = (CLASSIFY.measure(replace(alone, groups=groups)) for groups in ((), tuple(range(4)) * 10))
    together = CLASSIFY.measure(replace(alone, groups=tuple(n // 10 for n in range(40))))["int8"]
    assert (plain["int8"].top1_low, plain["int8"].top1_high) == wilson(30, 40)
    assert together.top1 == plain["int8"].top1 == 0.75
    assert together.top1_low < grouped["int8"].top1_low < plain["int8"].top1_low
    assert plain["int8"].top1_high < together.top1_high


def test_latency_is_taken_in_turn() -> None:
    calls: list[str] = []

    def scorer(name: str) -> object:
        return lambda _: calls.append(name) or [1.0]

    found = measure_latency({"a": scorer("a"), "b": scorer("b")}, b"", lambda done, total: None)  # type: ignore[dict-item]
    assert calls[:6] == ["a", "b"] * 3
    assert set(found) == {"a", "b"}


def test_golden_seeds_are_those_with_unlike_answers() -> None:
    order: list[bytes] = []

    def score(pixels: bytes) -> Sequence[float]:
        order.append(pixels)
        return {5: [1.0, 0.0], 7: [0.0, 1.0]}.get(len(order) - 1, [0.6, 0.4])

    assert choose_seeds(score, PixelSpec.for_size(64), lambda _: 0.0) == [0, 5, 7]


@pytest.mark.parametrize(("steady", "chosen"), [((2, 3, 5, 9), {2, 5, 9}), ((4,), {0, 1, 4})])
def test_golden_seeds_are_those_that_other_kernels_answer_alike(steady: Sequence[int], chosen: set[int]) -> None:
    spec = PixelSpec.for_size(64)
    seeds = {spec.make_golden(seed): seed for seed in range(16)}

    def score(pixels: bytes) -> Sequence[float]:
        share = {2: 1.0, 3: 0.9, 5: 0.0, 9: 0.5}.get(seeds[pixels], 0.5)
        return [share, 1 - share]

    found = choose_seeds(score, spec, lambda pixels: 0.5 if seeds[pixels] in steady else 1.5)
    assert set(found) == chosen


def test_the_golden_pictures_of_an_artefact_pass_in_other_kernels(artefacts: dict[str, Path]) -> None:
    classifier = Classifier.load(artefacts["int8.tflite"])
    card = classifier.card
    assert card is not None
    moved = steps_between_kernels(artefacts["int8.tflite"], classifier.scores, classifier._task.step)
    pictures = [classifier.spec.make_golden(seed) for seed in range(100)]
    drift = [moved(pixels) for pixels in pictures]
    assert max(drift) > 0.2  # the two kinds of kernels do differ
    assert max(drift[case["seed"]] for case in card.self_test) <= STEADY


def test_the_table_names_every_file_with_its_figures() -> None:
    rows = [
        Row(TORCH, None, Accuracy(10, 0.9, 0.6, 0.98, 1.0), 8.0),
        Row("int8", 812_345, Accuracy(10, 0.8, 0.5, 0.94, 0.9), 1.5),
    ]
    console = Console(width=120)
    with console.capture() as capture:
        console.print(render("validation split", rows))
    shown = capture.get()
    for wanted in ("validation split: 10 pictures", "812,345", "80.0% [50.0%, 94.0%]", "90.0%", "1.50", TORCH):
        assert wanted in shown


def test_the_log_takes_what_is_printed_even_past_python(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    log = Log(tmp_path / "log")
    with log.capture("stage"):
        print("from Python")
        os.write(1, b"from below\n")
        os.write(2, b"a warning from below\n")
    print("after", file=sys.stderr)
    text = log.path.read_text()
    assert all(line in text for line in ("== stage", "from Python", "from below", "a warning from below"))
    assert capfd.readouterr() == ("", "after\n")


def fail(log: Log) -> None:
    with log.capture("converter 1.0"):
        raise KeyError("missing tensor")


def test_a_failing_converter_leaves_its_traceback_in_the_log(tmp_path: Path) -> None:
    log = Log(tmp_path / "log")
    with pytest.raises(ConversionError, match=r"converter 1.0: failed \('missing tensor'\); see .*log"):
        fail(log)
    assert "Traceback" in log.path.read_text()


def test_a_log_is_kept_where_the_error_says_and_nowhere_else(tmp_path: Path) -> None:
    (tmp_path / "temporary").mkdir()
    kept = tmp_path / "leaf_export.log"
    log = Log(tmp_path / "temporary" / "log", kept)
    with log.capture("stage"):
        print("all is well")
    assert not kept.exists()
    with pytest.raises(ConversionError, match=f"see {kept}"):
        fail(log)
    assert "all is well" in kept.read_text()
    assert "Traceback" in kept.read_text()


def test_one_thread_ends_with_its_block() -> None:
    before = torch.get_num_threads()
    with one_thread():
        assert torch.get_num_threads() == 1
    assert torch.get_num_threads() == before


def test_nothing_is_shown_where_nobody_watches(capfd: pytest.CaptureFixture[str]) -> None:
    with open_screen() as screen:
        screen.stage("stage")(1, 2)
    assert isinstance(screen, Screen)
    assert capfd.readouterr() == ("", "")
