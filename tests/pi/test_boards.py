"""The built wheel on emulated boards: it passes its own tests there, and answers 100 pictures as x86 does.

`make pi-test` sets the emulator up and runs this; `PI_HOME` names where it lives.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter, OpResolverType

from ressq_runtime import Classifier, to_pixels
from ressq_runtime.artefact.installed import BUILTIN
from ressq_runtime.artefact.tflite_graph import add_outputs
from wheels import build_runtime

ROOT = Path(__file__).parents[2]
PI = str(ROOT / "tools" / "pi" / "pi.sh")
BOARDS = ("pi3", "pi4", "pi5", "pi2-32")
PHOTOS = 100

# What makes sense there, but for tests marked `host` or `slow`. Left out: a clock, a camera, a server for each test.
DEVICE_TESTS = (
    "artefact", "classify", "device", "evaluate", "folders", "help", "infer", "jpeg_damage", "latency", "litert_c",
    "litert_fallback", "litert_library", "litert_refusals", "missing", "model_command", "models", "pixels", "sandbox",
    "selftest", "stream", "table", "upright", "watch",
)  # fmt: skip

# What a 32-bit board has not; the others have everything.
SKIPPED_32 = {
    "LiteRT is not installed",
    "ONNX Runtime is not installed",
    *(f"no interpreter for {n}.onnx is installed" for n in ("fp32", "int8")),
    "this Pillow writes none",  # JPEGs with restart markers: Debian's Pillow 9.4 can't
}
FEWEST_PASSED = 300  # fewer: they were not found

# The same integers all the way; exp() of another C library may move the last bits of a probability.
EXP_ROUNDING = 2e-6
# XNNPACK, which LiteRT applies, rounds a convolution once, TFLite's own kernels twice: docs/pi.md. tflite-runtime for
# armv7l has only those, and after 26 convolutions logits of the built-in network are up to three int8 steps apart.
LOGIT_STEPS = 3

pytestmark = pytest.mark.pi


class Found(NamedTuple):
    """What a board gave: the answers to the photos, and its own tests with their report in JUnit's XML."""

    photos: subprocess.CompletedProcess[str]
    tests: subprocess.CompletedProcess[str]
    report: Path


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_runtime(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def made(artefacts: dict[str, Path], shapes: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a board can't make itself, for the fixtures in tests/conftest.py."""
    folder = tmp_path_factory.mktemp("made")
    shutil.copytree(shapes, folder / "shapes")
    for path in artefacts.values():
        shutil.copy(path, folder)
    return folder


@pytest.fixture(scope="module")
def pictures(shapes: Path) -> list[str]:
    """100 real photos where RESSQ_TEST_DATA names some, else drawn pictures."""
    photos = os.environ.get("RESSQ_TEST_DATA")
    found = sorted((Path(photos) / "test").rglob("*.jpg") if photos else shapes.rglob("*.png"))
    return [str(path) for path in found[:: len(found) // PHOTOS][:PHOTOS]]


def run_there(folder: Path, made: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """A command of the board's environment, from the project's root, where no `ressq_runtime` can be imported."""
    environment = {**os.environ, "RESSQ_TEST_MADE": str(made), "PYTHONDONTWRITEBYTECODE": "1"}
    for name in ("RESSQ_MODEL", "PYTHONPATH"):
        environment.pop(name, None)
    called = [str(folder / "bin" / command[0]), *command[1:]]
    return subprocess.run(called, capture_output=True, text=True, check=False, env=environment, cwd=ROOT)


def use(board: str, wheel: Path, made: Path, pictures: list[str], folder: Path) -> Found:
    """Everything on that board, in an environment where its own pip installed the wheel and checked what that needs."""
    subprocess.run([PI, "env", board, str(folder)], check=True)
    pip = [sys.executable, "-m", "pip", "--python", str(folder / "bin" / "python"), "install", "--quiet"]
    subprocess.run([*pip, "--no-index", "--disable-pip-version-check", str(wheel)], check=True)
    photos = run_there(folder, made, "ressq-infer", *pictures, "--json", "--top-k", "100", "--threads", "1")
    report = folder / "report.xml"
    options = ["-q", "-p", "no:cacheprovider", "-m", "not host and not slow", "--junitxml", str(report)]
    files = [f"tests/runtime/test_{name}.py" for name in DEVICE_TESTS]
    return Found(photos, run_there(folder, made, "python", "-m", "pytest", *options, *files), report)


@pytest.fixture(scope="module")
def found(
    wheel: Path, made: Path, pictures: list[str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Future[Found]]]:
    """What each board gives: as many at a time as there are cores, each on its own: threads wait by spinning."""
    cores = sorted(os.sched_getaffinity(0))[: len(BOARDS)]
    with ThreadPoolExecutor(len(cores), initializer=lambda: os.sched_setaffinity(0, {cores.pop()})) as pool:
        folders = {board: tmp_path_factory.mktemp(board) for board in BOARDS}
        yield {board: pool.submit(use, board, wheel, made, pictures, folders[board]) for board in BOARDS}


def read_reason(skip: ET.Element) -> str:
    """Why a test was skipped; of a whole module the reason stands in the text."""
    reason = re.search(r"Skipped: (.*)'\)", skip.text or "")
    return reason[1] if reason else skip.get("message", "")


@pytest.mark.parametrize("board", BOARDS)
def test_the_wheel_passes_its_own_tests_there(board: str, found: dict[str, Future[Found]]) -> None:
    there = found[board].result()
    assert there.tests.returncode == 0, there.tests.stdout[-20_000:] + there.tests.stderr
    cases = list(ET.parse(there.report).iter("testcase"))
    skips = [skip for case in cases for skip in case.findall("skipped")]
    assert {read_reason(skip) for skip in skips} <= (SKIPPED_32 if board == "pi2-32" else set())
    print(f"{board}: {len(cases) - len(skips)} passed, {len(skips)} skipped")
    assert len(cases) - len(skips) >= FEWEST_PASSED


def scores_there(found: Found, pictures: list[str], labels: list[str]) -> np.ndarray:
    """(photos, labels) probabilities that the board printed."""
    assert found.photos.returncode == 0, found.photos.stderr
    rows = list(map(json.loads, found.photos.stdout.splitlines()))
    assert [row["path"] for row in rows] == pictures
    named = [{p["label"]: p["probability"] for p in row["predictions"]} for row in rows]
    return np.array([[answers[label] for label in labels] for answers in named])


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    return Classifier.load(BUILTIN, threads=1)


@pytest.fixture(scope="module")
def pixels(classifier: Classifier, pictures: list[str]) -> list[bytes]:
    return [to_pixels(path, classifier.spec) for path in pictures]


@pytest.fixture(scope="module")
def scores_here(classifier: Classifier, pixels: list[bytes]) -> np.ndarray:
    return np.array([classifier.scores(each) for each in pixels])


def answer_by(kernels: OpResolverType, pixels: list[bytes]) -> tuple[np.ndarray, np.ndarray]:
    """What the built-in model gives with these kernels: probabilities, and logits in int8 steps, (photos, labels)."""
    logits = next(found["index"] for found in Interpreter(BUILTIN).get_tensor_details() if found["name"] == "logits")
    content = add_outputs(Path(BUILTIN).read_bytes(), [logits])
    interpreter = Interpreter(model_content=content, num_threads=1, experimental_op_resolver_type=kernels)
    interpreter.allocate_tensors()
    (source,), (target, *_) = interpreter.get_input_details(), interpreter.get_output_details()
    found = []
    for each in pixels:
        interpreter.set_tensor(source["index"], np.frombuffer(each, np.uint8).reshape(source["shape"]))
        interpreter.invoke()
        found.append([interpreter.get_tensor(number)[0].astype(float) for number in (target["index"], logits)])
    scores, steps = zip(*found, strict=True)
    return np.array(scores), np.array(steps)


@pytest.fixture(scope="module")
def without_xnnpack(pixels: list[bytes]) -> tuple[np.ndarray, np.ndarray]:
    """By TFLite's own kernels, as tflite-runtime for armv7l computes."""
    return answer_by(OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES, pixels)


def differing(found: np.ndarray, wanted: np.ndarray, steps: np.ndarray) -> np.ndarray:
    """Numbers of the pictures whose label differs, of those that have one.

    Every photo has. A drawn picture, strange to the network, has none where the two best logits (in int8 steps) are so
    near that the other kernels may exchange them.
    """
    best = np.sort(steps, 1)
    counted = bool(os.environ.get("RESSQ_TEST_DATA")) | (best[:, -1] - best[:, -2] > 2 * LOGIT_STEPS)
    return np.flatnonzero(counted & (found.argmax(1) != wanted.argmax(1)))


@pytest.mark.parametrize("board", BOARDS)
def test_a_board_answers_what_the_workstation_answers(
    board: str,
    found: dict[str, Future[Found]],
    pictures: list[str],
    classifier: Classifier,
    scores_here: np.ndarray,
    without_xnnpack: tuple[np.ndarray, np.ndarray],
) -> None:
    there = scores_there(found[board].result(), pictures, classifier.labels)
    assert not differing(there, scores_here, without_xnnpack[1]).size
    same_kernels = without_xnnpack[0] if board == "pi2-32" else scores_here
    assert np.abs(there - same_kernels).max() <= EXP_ROUNDING


def test_kernels_without_xnnpack_stay_within_their_bound(
    pixels: list[bytes], scores_here: np.ndarray, without_xnnpack: tuple[np.ndarray, np.ndarray]
) -> None:
    scores, logits = answer_by(OpResolverType.AUTO, pixels)
    assert (scores == scores_here).all()
    assert not differing(without_xnnpack[0], scores, without_xnnpack[1]).size
    steps = np.abs(without_xnnpack[1] - logits).max(1)
    print(
        f"logits of {len(steps)} photos, int8 steps apart: {(steps > 1).sum()} more than one, the worst {steps.max()}"
    )
    assert 0 < steps.max() <= LOGIT_STEPS
