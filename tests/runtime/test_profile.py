"""Profiles on a tiny real model; where figures are compared, the clock is a fake that is passed in."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from ressq_runtime.classifier import Classifier
from ressq_runtime.commands.infer import main as infer
from ressq_runtime.commands.profile import main
from ressq_runtime.errors import EngineError, PictureError
from ressq_runtime.profiling.coldstart import STAGES as COLD_STAGES
from ressq_runtime.profiling.coldstart import measure_cold_start
from ressq_runtime.profiling.latency import LatencyProfile
from ressq_runtime.profiling.profiler import (
    STAGES,
    profile,
    recommend_threads,
    sweep_threads,
    time_stages,
)
from ressq_runtime.profiling.table import render_table
from tiny_tflite import CLASSES, tiny_model

LABELS = [f"class {number}" for number in range(CLASSES)]


@pytest.fixture
def classifier(tmp_path: Path) -> Iterator[Classifier]:
    path = tmp_path / "tiny.tflite"
    path.write_bytes(tiny_model())
    classifier = Classifier.load(path, threads=1, labels=LABELS)
    yield classifier
    classifier.close()


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "picture.png"
    Image.effect_noise((60, 50), 60).convert("RGB").save(path)
    return path


def ticking_clock(step: float = 0.002) -> Any:
    ticks = count()
    return lambda: next(ticks) * step


def sweep_of(medians: dict[int, float]) -> dict[int, LatencyProfile]:
    return {threads: LatencyProfile("inference", 1.0, (median,)) for threads, median in medians.items()}


def test_each_stage_is_timed_apart_and_the_total_is_their_sum(classifier: Classifier, picture: Path) -> None:
    stages = time_stages(classifier.model, [picture], runs=10, clock=ticking_clock())
    assert [stage.stage for stage in stages] == list(STAGES)
    assert {stage.stage: stage.percentile_ms(50) for stage in stages} == pytest.approx(
        {"decode": 2, "preprocess": 2, "inference": 2, "postprocess": 2, "total": 8}
    )
    assert {stage.count for stage in stages} == {10}


def test_the_pictures_are_taken_in_turn(classifier: Classifier, picture: Path, tmp_path: Path) -> None:
    with pytest.raises(PictureError, match=r"missing\.png"):
        time_stages(classifier.model, [picture, tmp_path / "missing.png"], runs=1)


def test_thread_counts_are_measured_in_turn(classifier: Classifier, picture: Path) -> None:
    sweep = sweep_threads(classifier.model, picture, [1, 2], runs=7, clock=ticking_clock())
    assert {threads: (found.count, found.percentile_ms(50)) for threads, found in sweep.items()} == {
        1: (7, pytest.approx(2)),
        2: (7, pytest.approx(2)),
    }


@pytest.mark.parametrize(("medians", "wanted"), [
    ({1: 10.0, 2: 6.0, 3: 5.0, 4: 4.9}, 3),
    ({1: 1.0, 2: 1.2}, 1),
    ({1: 10.0, 2: 9.6}, 1),
    ({1: 10.0, 2: 9.0}, 2),
])  # fmt: skip
def test_a_thread_is_recommended_only_if_it_is_worth_its_core(medians: dict[int, float], wanted: int) -> None:
    assert recommend_threads(sweep_of(medians)) == wanted


def test_a_cold_start_is_measured_in_fresh_processes(classifier: Classifier, picture: Path) -> None:
    stages, peak_mb = measure_cold_start(
        classifier.path, str(picture), engine="auto", threads=1, labels=LABELS, processes=3
    )
    assert [stage.stage for stage in stages] == list(COLD_STAGES)
    *parts, total = stages
    assert sum(part.first_ms for part in parts) == pytest.approx(total.first_ms)
    assert all(stage.count == 2 and min(stage.samples_ms) > 0 for stage in stages)
    assert peak_mb is not None
    assert peak_mb > 5


def test_a_child_that_fails_gives_its_reason(classifier: Classifier, tmp_path: Path) -> None:
    missing = str(tmp_path / "missing.png")
    with pytest.raises(EngineError, match=r"can't measure a cold start \(.*missing\.png.*\); leave it out"):
        measure_cold_start(classifier.path, missing, engine="auto", threads=1, labels=LABELS, processes=2)


def test_a_system_without_processes_is_named(
    classifier: Classifier, picture: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.executable", "/nowhere/python")
    result = profile(classifier, [picture], runs=2, processes=2)
    assert "can't measure a cold start" in result["cold_start"]["not_measured"]
    assert "cold start not measured: /nowhere/python: can't" in render_table(result)
    assert result["peak_memory_mb"] is None or result["peak_memory_mb"] > 5


def test_a_profile_holds_the_figures_and_their_circumstances(
    classifier: Classifier, picture: Path, tmp_path: Path
) -> None:
    governor = tmp_path / "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"
    governor.parent.mkdir(parents=True)
    governor.write_text("ondemand")
    result = json.loads(json.dumps(profile(classifier, [picture], runs=4, processes=2, root=str(tmp_path))))
    assert set(result["stages"]) == set(STAGES)
    assert {"init_ms", "warmup_first_ms", "avg_ms", "median_ms", "p95_ms", "num_runs"} <= set(result["latency"])
    assert set(result["cold_start"]["stages"]) == set(COLD_STAGES)
    assert str(result["recommended_threads"]) in result["threads"]
    assert (result["engine"], result["num_threads"], result["pictures"]) == ("litert", 1, 1)
    assert len(result["sha256"]) == 64
    assert result["device"]["before"]["governor"] == "ondemand"
    assert result["warnings"] == ["governor is ondemand, not performance"]


def test_the_table_shows_every_stage_and_says_a_warning_loudly(
    classifier: Classifier, picture: Path, tmp_path: Path
) -> None:
    governor = tmp_path / "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"
    governor.parent.mkdir(parents=True)
    governor.write_text("ondemand")
    table = render_table(profile(classifier, [picture], runs=4, processes=0, root=str(tmp_path)))
    assert all(f"\n{stage} " in table for stage in STAGES)
    assert "recommended: " in table
    assert "cold start not measured: left out" in table
    assert "WARNING: governor is ondemand, not performance: these figures may not repeat" in table
    assert max(len(line) for line in table.splitlines() if str(tmp_path) not in line) <= 100


def test_an_artefact_is_profiled_from_its_path(artefacts: dict[str, Path], shapes: Path) -> None:
    pictures = sorted(shapes.rglob("*.png"))[:3]
    result = profile(artefacts["int8.tflite"], pictures, runs=3, processes=2)
    assert result["precision"] == "int8 static per-channel"
    assert result["pictures"] == 3
    assert result["stages"]["total"]["median_ms"] > 0


def test_the_command_measures_as_often_as_it_is_told(
    artefacts: dict[str, Path], picture: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(picture), "--model", str(artefacts["int8.tflite"]), "--json", "--runs", "3"]) == 0
    found = json.loads(capsys.readouterr().out)
    rows = [found["latency"], *found["stages"].values(), *found["threads"].values(), found["modules"]]
    assert {row["num_runs"] for row in rows} == {3}


def test_a_pipe_is_no_picture_to_measure_with(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["-"])
    assert "found -, wanted a picture's file, which is read many times; save it" in capsys.readouterr().err


def test_infer_has_the_short_way_to_a_profile(
    artefacts: dict[str, Path], picture: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert infer([str(picture), "--model", str(artefacts["int8.tflite"]), "--profile"]) == 0
    out, err = capsys.readouterr()
    assert "inference by module, ms" in out
    assert "\nfire9 " in out
    assert err.startswith("ressq-infer: ")


def test_the_package_s_profile_is_the_function_every_time() -> None:
    import ressq_runtime

    assert ressq_runtime.profile is profile
    assert ressq_runtime.profile is profile


def test_nothing_to_measure_with_is_refused(classifier: Classifier) -> None:
    with pytest.raises(PictureError, match="found no picture, wanted one or more to measure with"):
        profile(classifier, [])
