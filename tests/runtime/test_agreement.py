"""Our inference time beside litert-benchmark's, on the same file, in turn: a ratio, never the bare clock.

litert-benchmark comes with ai-edge-litert 2.1.5 and later, onnx2tf pins an older one: RESSQ_LITERT_PYTHON names
the Python of an environment of its own (`make litert-env`).
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from statistics import median
from typing import Any

import pytest
from PIL import Image

from ressq_runtime.artefact.installed import BUILTIN
from ressq_runtime.profiling.profiler import profile

PYTHON = os.environ.get("RESSQ_LITERT_PYTHON", "")
FEWEST_ROUNDS, MOST_ROUNDS, RUNS = 5, 25, 50
WIDEST = 0.15

_OURS = """
import json, random, sys
from ressq_runtime.profiling.profiler import profile
from ressq_runtime.classifier import Classifier
path, picture = sys.argv[1:]
found = profile(Classifier.load(path, threads=1), [picture], runs=%d, processes=0)
print(json.dumps([found["latency"]["median_ms"], found["engine"], found["num_threads"], found["versions"]["litert"]]))
"""

pytestmark = [
    pytest.mark.host,
    pytest.mark.slow,
    pytest.mark.skipif(not PYTHON, reason="RESSQ_LITERT_PYTHON names no Python with litert-benchmark"),
]


@pytest.mark.parametrize("kind", ["built-in", "fp32.tflite"])
def test_the_profile_agrees_with_litert_benchmark(
    artefacts: dict[str, Path], shapes: Path, tmp_path: Path, kind: str
) -> None:
    model = Path(BUILTIN) if kind == "built-in" else artefacts[kind]
    picture = next(shapes.rglob("*.png"))
    ours: list[float] = []
    theirs: list[float] = []
    # Short rounds in turn: what disturbs the machine disturbs both, and a median of rounds forgets a bad one.
    while len(ours) < FEWEST_ROUNDS or (off(ours, theirs) > WIDEST and len(ours) < MOST_ROUNDS):
        ours.append(measure_ours(model, picture))
        theirs.append(measure_theirs(model, tmp_path / "result.json"))
    assert off(ours, theirs) <= WIDEST, f"ours {ours}, litert-benchmark {theirs}"


def test_the_figures_that_both_tell_have_the_same_keys(tmp_path: Path) -> None:
    measure_theirs(Path(BUILTIN), tmp_path / "result.json")
    theirs = json.loads((tmp_path / "result.json").read_text())
    Image.effect_noise((60, 50), 60).convert("RGB").save(tmp_path / "picture.png")
    ours = profile(BUILTIN, [tmp_path / "picture.png"], runs=2, processes=0)
    assert set(theirs) - set(ours) == {"accelerators", "signature", "fully_accelerated", "throughput_mb_s"}
    assert set(theirs["latency"]) - set(ours["latency"]) == {"warmup_avg_ms", "p5_ms"}


def off(ours: list[float], theirs: list[float]) -> float:
    return abs(median(ours) / median(theirs) - 1)


def measure_ours(model: Path, picture: Path) -> float:
    runtime = str(Path(__file__).parents[2] / "runtime")
    found = call("-c", _OURS % RUNS, str(model), str(picture), PYTHONPATH=runtime)
    median_ms, engine, threads, _ = json.loads(found.splitlines()[-1])
    assert (engine, threads) == ("litert", 1)
    return float(median_ms)


def measure_theirs(model: Path, result: Path) -> float:
    tool = Path(PYTHON).with_name("litert-benchmark")
    options = ["--num_threads", "1", "--num_runs", str(RUNS), "--result_json", str(result)]
    call(str(tool), "--model", str(model), *options)
    latency: dict[str, Any] = json.loads(result.read_text())["latency"]
    return float(latency["median_ms"])


def call(*arguments: str, **environment: str) -> str:
    done = subprocess.run(
        [PYTHON, *arguments], env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout
