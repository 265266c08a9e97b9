"""benchmarks/fp32_vs_int8.py on an emulated Pi 5, out of a clone: the runtime and LiteRT are there, nothing else."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from ressq_runtime import evaluate
from ressq_runtime.classifier import Classifier

ROOT = Path(__file__).parents[2]
PI = str(ROOT / "tools" / "pi" / "pi.sh")
PICTURES = 4  # of each class

pytestmark = pytest.mark.pi


def test_it_ends_on_a_board_with_a_verdict(artefacts: dict[str, Path], shapes: Path, tmp_path: Path) -> None:
    dist, few = tmp_path / "dist", tmp_path / "few"
    dist.mkdir()
    for kind, path in artefacts.items():
        shutil.copy(path, dist / f"shapes_{kind}")
    for folder in shapes.iterdir():
        (few / folder.name).mkdir(parents=True)
        for picture in sorted(folder.iterdir())[:PICTURES]:
            shutil.copy(picture, few / folder.name)
    script = str(ROOT / "benchmarks" / "fp32_vs_int8.py")
    command = [PI, "run", "pi5", script, str(dist), "--data", str(few), "--quick", "--rounds", "1"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "runtime")}
    # One core, so one thread: two threads of an emulated interpreter wait for each other by spinning.
    done = subprocess.run(
        [*command, "--out", str(tmp_path)], capture_output=True, text=True, env=environment,
        preexec_fn=lambda: os.sched_setaffinity(0, {min(os.sched_getaffinity(0))}),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = json.loads((tmp_path / "fp32_vs_int8.json").read_text())
    assert found["machine"]["machine"] == "aarch64"
    assert {entry["kind"] for entry in found["entries"]} == {"int8.tflite", "fp32.tflite"}
    assert not any("refused" in entry for entry in found["entries"])
    for kind in ("int8.tflite", "fp32.tflite"):
        assert found["accuracy"][kind]["top1"] == evaluate(Classifier.load(artefacts[kind]), few).top1
    # No process can be started from within the emulator: the rest is measured, and the page says what is not.
    cold = [entry["cold"] for entry in found["entries"] if "cold" in entry]
    assert cold
    assert all("can't measure a cold start" in one["not_measured"] for one in cold)
    assert "not measured: " in done.stdout
    assert found["verdict"]["ship"] in ("int8", "fp32")
    assert "python benchmarks/render.py fp32_vs_int8.json" in done.stderr
