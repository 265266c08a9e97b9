"""Models without a card are tried in a process of their own: what kills an interpreter kills that one."""

from __future__ import annotations

import logging
import random
import struct
import sys
from pathlib import Path

import pytest

from cards import TFLITE_ENGINE
from ressq_runtime import ArtefactError, Classifier
from ressq_runtime.engines import sandbox
from ressq_runtime.engines.sandbox import check_foreign
from ressq_runtime.engines.tensor import Tensor, TensorSpec
from ressq_runtime.errors import EngineError
from tiny_tflite import CLASSES, tiny_model

LABELS = [f"class {number}" for number in range(CLASSES)]
# Mutations that ended ai-edge-litert 2.1.2 by SIGSEGV or SIGABRT, by the seed that makes them.
DEADLY = (49, 60, 66, 67, 90, 107)


@pytest.fixture(autouse=True)
def _nothing_passed_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox, "_passed", set())


@pytest.fixture
def model(tmp_path: Path) -> str:
    path = tmp_path / "tiny.tflite"
    path.write_bytes(tiny_model())
    return str(path)


def mutated(seed: int) -> bytes:
    state, data = random.Random(seed), bytearray(tiny_model())
    for _ in range(state.choice([1, 3, 10])):
        data[state.randrange(len(data))] = state.randrange(256)
    return bytes(data)


@pytest.mark.parametrize("seed", [*DEADLY, 0, 1, 2])
def test_a_mutated_model_ends_in_our_error_or_runs(tmp_path: Path, seed: int) -> None:
    path = tmp_path / "mutated.tflite"
    path.write_bytes(mutated(seed))
    try:
        Classifier.load(path, labels=LABELS).close()
        said = str(path)
    except (EngineError, ArtefactError) as error:
        said = str(error)
    assert str(path) in said


@pytest.mark.parametrize(("child", "words"), [
    ("import os; os.abort()", r"found a model that ended it by SIGABRT when it was tried in a process of its own"),
    ("import ctypes; ctypes.string_at(0)", r"ended it by SIGSEGV"),
    ("import time; time.sleep(60)", r"did not answer within 2 s"),
    ("import sys; sys.exit(7)", r"ended it with exit code 7"),
])  # fmt: skip
@pytest.mark.skipif(sys.platform == "win32", reason="Windows ends processes by other numbers")
def test_a_trial_that_dies_or_hangs_is_our_error(
    model: str, monkeypatch: pytest.MonkeyPatch, child: str, words: str
) -> None:
    monkeypatch.setattr(sandbox, "_CHILD", child)
    with pytest.raises(EngineError, match=words):
        check_foreign(model, "auto", timeout_s=2 if "sleep" in child else 60)


@pytest.mark.parametrize("name", ["ressq_runtime", "json", "onnxruntime"])
def test_a_trial_imports_nothing_from_the_folder_that_it_is_started_in(
    model: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / f"{name}.py").write_text("import os\nopen('imported', 'w').close()\nos._exit(3)\n")
    monkeypatch.chdir(tmp_path)
    check_foreign(model, "auto")
    assert not (tmp_path / "imported").exists()


@pytest.mark.host  # QEMU lets a process have more memory than its limit
def test_memory_and_processor_time_of_a_trial_are_bounded(model: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("resource")
    limited = "import sys; from ressq_runtime.engines import sandbox; sandbox._limit(1000); "
    monkeypatch.setattr(sandbox, "_CHILD", limited + "bytearray(600 << 20)")
    with pytest.raises(EngineError, match="ended it with exit code 1"):
        check_foreign(model, "auto")
    monkeypatch.setattr(sandbox, "_CHILD", f"from ressq_runtime.engines import sandbox as q; q._CPU_S = 1; {limited}")
    check_foreign(model, "auto")
    spin = "from ressq_runtime.engines import sandbox as q\nq._CPU_S = 1\nq._limit(1000)\nwhile True: pass"
    monkeypatch.setattr(sandbox, "_CHILD", spin)
    monkeypatch.setattr(sandbox, "_passed", set())
    with pytest.raises(EngineError, match="s of processor time"):
        check_foreign(model, "auto")


def test_a_refusal_is_passed_on_in_its_own_words(tmp_path: Path) -> None:
    path = tmp_path / "float.tflite"
    path.write_bytes(tiny_model(pixels="float32"))
    with pytest.raises(EngineError, match=r"float\.tflite: found the input float32 .*, wanted one of uint8"):
        Classifier.load(path, labels=LABELS)


def test_a_foreign_model_is_announced_and_tried_once(model: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        for engine in ("auto", "auto", TFLITE_ENGINE):
            Classifier.load(model, engine=engine, labels=LABELS).close()
    assert [record.getMessage() for record in caplog.records] == [
        f"{model}: it has no card; trying it in a process of its own first"
    ]


def test_a_model_that_changed_is_tried_again(model: str, caplog: pytest.LogCaptureFixture) -> None:
    check_foreign(model, "auto")
    Path(model).write_bytes(tiny_model(output="int8"))
    check_foreign(model, "auto")
    assert len(caplog.records) == 2


def test_where_no_process_can_be_started_a_foreign_model_is_refused(
    model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.executable", "/nowhere/python")
    with pytest.raises(EngineError, match="found a model without a card, and no process to try it in"):
        check_foreign(model, "auto")


def test_an_artefact_with_a_card_starts_no_process(artefacts: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.executable", "/nowhere/python")
    Classifier.load(artefacts["int8.tflite"]).close()


def test_who_made_the_model_need_not_wait_for_a_trial(model: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox, "_CHILD", "import sys; sys.exit(7)")
    Classifier.load(model, labels=LABELS, trusted=True).close()
    with pytest.raises(EngineError, match="ended it with exit code 7"):
        Classifier.load(model, labels=LABELS)


@pytest.mark.parametrize(
    ("scores", "fine"),
    [([0.8] + [0.0] * 1000, True), ([0.39] + [0.001] * 50, True), ([2 / 256] * 150, True), ([0.5] * 3, False),
     ([2.0, 1.0], False), ([0.9, -0.3, 0.4], False), ([float("nan"), 1.0], False)],
)  # fmt: skip
def test_probabilities_that_were_rounded_away_are_no_logits(
    model: str, scores: list[float], fine: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    labels = [f"class {number}" for number in range(len(scores))]
    classifier = Classifier.load(model, labels=labels, trusted=True)
    spec = TensorSpec("scores", "float64", (1, len(scores)))
    outputs = {classifier.engine.outputs[0].name: Tensor(spec, struct.pack(f"{len(scores)}d", *scores))}
    monkeypatch.setattr(classifier.engine, "run", lambda _pixels: outputs)
    pixels = bytes(classifier.spec.height**2 * 3)
    if fine:
        assert classifier.scores(pixels) == scores
        return
    with pytest.raises(EngineError, match="wanted probabilities; export the model with a softmax at its end"):
        classifier.scores(pixels)
