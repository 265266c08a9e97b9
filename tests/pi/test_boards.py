"""The built wheel on emulated boards: the same labels as here, and the same scores with LiteRT.

`make pi-test` sets the emulator up and runs this; `PI_HOME` names where it lives.
"""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from ressq_runtime import Classifier, read_card
from ressq_runtime.models import BUILTIN

ROOT = Path(__file__).parents[2]
BOARDS = ("pi3", "pi4", "pi5", "pi2-32")
# int8 steps that each logit may be apart. LiteRT gives the same bits on every board. tflite-runtime rounds otherwise
# (the pixels are equal): of 20 photos 2 were beyond one step, the worst by 1.3, so one step is more than it keeps.
STEPS = {"pi3": 0, "pi4": 0, "pi5": 0, "pi2-32": 2}
ROUNDING = 1e-3

pytestmark = pytest.mark.pi


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the built wheel unpacks to: what `pip install` puts on a Pi."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "build", "--wheel", "--outdir", str(folder), str(ROOT / "runtime")]
    subprocess.run(build, check=True, capture_output=True)
    with zipfile.ZipFile(next(folder.glob("*.whl"))) as wheel:
        wheel.extractall(folder / "site")
    return folder / "site"


def run_on(board: str, installed: Path, *arguments: str, site: str = "litert") -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(installed), "SITE": site}
    environment.pop("RESSQ_MODEL", None)
    command = [str(ROOT / "tools" / "pi" / "pi.sh"), "run", board, "-m", "ressq_runtime", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)


@pytest.fixture(scope="module")
def pictures(photos: Path) -> list[str]:
    found = sorted((photos / "test").rglob("*.jpg"))
    return [str(path) for path in found[:: len(found) // 100][:100]]


@pytest.fixture(scope="module")
def answers_here(pictures: list[str]) -> list[dict[str, float]]:
    classifier = Classifier.load(BUILTIN, threads=1)
    return [{p.label: p.probability for p in classifier.classify(path, top_k=100)} for path in pictures]


@pytest.mark.parametrize("board", BOARDS)
def test_a_board_answers_what_the_workstation_answers(
    board: str, installed: Path, pictures: list[str], answers_here: list[dict[str, float]]
) -> None:
    found = run_on(board, installed, *pictures, "--json", "--top-k", "100", "--threads", "1")
    assert found.returncode == 0, found.stderr
    rows = [json.loads(line) for line in found.stdout.splitlines()]
    card = read_card(BUILTIN)
    assert card is not None
    allowed = 2 * card.step * STEPS[board] + ROUNDING  # a log-probability moves by twice what each logit does
    for path, row, here in zip(pictures, rows, answers_here, strict=True):
        there = {p["label"]: p["probability"] for p in row["predictions"]}
        assert max(there, key=there.__getitem__) == max(here, key=here.__getitem__), path
        worst = max(abs(math.log(max(there[label], 1e-6)) - math.log(max(here[label], 1e-6))) for label in here)
        assert worst <= allowed, path


@pytest.mark.parametrize("board", BOARDS)
def test_a_board_passes_the_self_test(board: str, installed: Path) -> None:
    found = run_on(board, installed, "--self-test")
    assert found.returncode == 0, found.stderr
    assert "hash, pixels and scores of 3 golden pictures agree" in found.stdout


@pytest.mark.parametrize("board", ["pi4", "pi5"])
def test_onnx_runtime_passes_the_self_test_there(board: str, installed: Path, artefacts: dict[str, Any]) -> None:
    for kind in ("fp32.onnx", "int8.onnx"):
        found = run_on(board, installed, "--model", str(artefacts[kind]), "--self-test", site="onnx")
        assert found.returncode == 0, found.stderr
