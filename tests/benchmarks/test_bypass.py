"""The gain of the bypass is counted in pairs, its interval is honest, and the test split is asked once."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import TYPE_CHECKING

import numpy as np
import pytest

import bypass
import resumable
from page.markdown import to_markdown
from ressq_runtime import evaluate
from ressq_runtime.classifier import Classifier
from ressq_runtime.errors import OutputError, PictureError

if TYPE_CHECKING:
    from pathlib import Path

N = 1000


def test_the_gain_is_the_mean_over_seeds_and_pictures() -> None:
    rng = np.random.default_rng(0)
    plain = [rng.random(N) < 0.80 for _ in range(3)]
    residual = [right | (rng.random(N) < 0.1) for right in plain]  # a tenth of its faults are mended: 2 points
    found = bypass.compare(residual, plain)
    assert found.mean == pytest.approx(np.mean(found.seeds))
    assert found.low < 0.02 < found.high
    assert found.low > 0.01, "in pairs 3,000 answers tell 2 points from none"


def test_the_interval_holds_the_true_gain_19_times_of_20() -> None:
    rng = np.random.default_rng(1)
    inside = 0
    for _ in range(400):
        pairs = [(rng.random(300) < 0.88, rng.random(300) < 0.86) for _ in range(3)]
        found = bypass.compare([one for one, _ in pairs], [other for _, other in pairs])
        inside += found.low <= 0.02 <= found.high
    assert 0.92 < inside / 400 < 0.98


def test_the_test_split_is_asked_once_and_the_table_has_its_figures(
    artefacts: dict[str, Path], shapes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_arguments: object) -> None:
        raise AssertionError("what is there is not done again")

    monkeypatch.setattr(resumable, "call", never)
    photos = tmp_path / "photos"
    shutil.copytree(shapes, photos / "test")
    for arch in (bypass.PLAIN, bypass.RESIDUAL):
        run = tmp_path / "out" / f"scratch-{arch}-0"
        (run / "dist").mkdir(parents=True)
        (run / "summary.md").touch()
        for kind, path in artefacts.items():
            shutil.copy(path, run / "dist" / f"{run.name}_{kind}")
        resumable.make(photos, run, [])
        resumable.ask(run, photos / "test")
    shutil.rmtree(photos)  # a second look would fail
    resumable.ask(run, photos / "test")
    found = bypass.summarise(tmp_path / "out", "scratch", 1)
    top1 = evaluate(Classifier.load(artefacts["int8.tflite"]), shapes).top1
    assert found["top1"][bypass.RESIDUAL]["int8.tflite"] == [top1]  # type: ignore[index]
    assert found["gain"]["int8.tflite"]["mean"] == 0  # type: ignore[index]
    page = bypass.to_page({"starts": {"scratch": found}, "seeds": 1, "command": ["bypass.py"]})
    assert f"| int8.tflite | {100 * top1:.1f} ({100 * top1:.1f}) |" in to_markdown(page)
    assert page.verdict.endswith("from scratch +0.0 [0.0, 0.0] points on 120 pictures")


def test_a_run_of_other_flags_or_photos_does_not_pass_for_what_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, called = tmp_path / "run", []
    monkeypatch.setattr(resumable, "call", lambda *command: called.append(command))
    resumable.make(tmp_path, run, ["--size", "64"])
    resumable.make(tmp_path, run, ["--size", "64"])
    assert len(called) == 4
    for photos, size in ((tmp_path, "112"), (tmp_path / "others", "64")):
        with pytest.raises(OutputError, match=r"asked\.json: found .*64.*, wanted .*; choose another --out"):
            resumable.make(photos, run, ["--size", size])
    assert len(called) == 4


def test_the_test_split_is_asked_again_where_the_files_are_others(
    artefacts: dict[str, Path], shapes: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    (run / "dist").mkdir(parents=True)
    for kind, path in artefacts.items():
        shutil.copy(path, run / "dist" / f"run_{kind}")
    (run / "test.json").write_text('{"files": {"int8.tflite": "0"}, "truth": []}')
    resumable.ask(run, shapes)
    assert len(json.loads((run / "test.json").read_text())["truth"]) == 120


def test_a_test_picture_that_cannot_be_read_ends_it(artefacts: dict[str, Path], shapes: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(shapes, tmp_path / "photos")
    (tmp_path / "photos/circle/broken.png").write_bytes(b"broken")
    (run / "dist").mkdir(parents=True)
    for kind, path in artefacts.items():
        shutil.copy(path, run / "dist" / f"run_{kind}")
    with pytest.raises(PictureError, match=r"broken\.png"):
        resumable.ask(run, tmp_path / "photos")
    assert not (run / "test.json").exists()


def test_a_training_that_fails_ends_it(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert bypass.main([str(tmp_path / "none"), "--out", str(tmp_path / "out")]) == 1
    assert f"{tmp_path / 'none'}: " in capfd.readouterr().err


def test_an_interrupted_run_is_gone_on_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[list[str]] = []

    def remember(*arguments: object) -> None:
        asked.append([str(one) for one in arguments])
        raise subprocess.CalledProcessError(130, "ressq-train")

    monkeypatch.setattr(resumable, "call", remember)
    run = tmp_path / "run"
    for _ in range(2):
        with pytest.raises(subprocess.CalledProcessError):
            resumable.make(tmp_path, run, ["--seed", "7"])
        run.mkdir(exist_ok=True)
        (run / "config.json").write_text(json.dumps({}))
    assert asked[0][-2:] == ["--seed", "7"]
    assert asked[1][-3:] == ["--seed", "7", "--resume"], "a run of other flags is refused"
