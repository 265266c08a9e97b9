"""A classifier of another process: forked it works and never hangs, pickled it is loaded where it is read."""

from __future__ import annotations

import copy
import gc
import os
import pickle
import shutil
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path

import pytest

import ressq_runtime.engines
from ressq_runtime import ArtefactError, Classifier, EngineError
from ressq_runtime.engines.interpreter import open_litert_interpreter
from tiny_tflite import CLASSES, SIZE, tiny_model

KINDS = ("int8.onnx", "int8.tflite", "int8.tflite by Interpreter")
CLOSED = "found a closed engine"
LONGEST_S = 30  # a child that takes longer hangs

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork"),
    pytest.mark.filterwarnings("ignore:.*use of fork:DeprecationWarning"),
]

Load = Callable[..., Classifier]


@pytest.fixture(params=KINDS)
def classifier(
    request: pytest.FixtureRequest, artefacts: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Classifier:
    """A classifier of the kind with two threads of the interpreter's own, which no fork copies, and its own file."""
    kind, _, by = request.param.partition(" by ")
    if by:
        pytest.importorskip("ai_edge_litert", reason="LiteRT is not installed")
        monkeypatch.setitem(ressq_runtime.engines._OPENERS["tflite"], "litert", open_litert_interpreter)
    return Classifier.load(shutil.copy(artefacts[kind], tmp_path), threads=2)


@pytest.fixture
def pixels(classifier: Classifier) -> bytes:
    return bytes(range(256)) * (classifier.spec.height**2 * 3 // 256)


def in_child(work: Callable[[], object]) -> str:
    """What a forked process makes of the work: "done", or the error's words, or how it ended."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(LONGEST_S)
        try:
            work()
            os.write(writing, b"done")
        except Exception as error:  # whatever it is, the parent shall see it
            os.write(writing, str(error).encode())
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as file:
        said = file.read().decode()
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return said or f"ended with {code}"


@contextmanager
def busy(classifier: Classifier, pixels: bytes) -> Iterator[None]:
    """Three threads are in calls meanwhile."""
    stop = threading.Event()

    def work() -> None:
        while not stop.is_set():
            classifier.scores(pixels)

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def test_a_forked_process_answers_alike_whatever_its_parents_threads_are_doing(
    classifier: Classifier, pixels: bytes
) -> None:
    wanted = classifier.scores(pixels)

    def work() -> None:
        assert classifier.scores(pixels) == wanted
        assert classifier.scores(pixels) == wanted
        classifier.close()

    with busy(classifier, pixels):
        assert [in_child(work) for _ in range(5)] == ["done"] * 5
    assert classifier.scores(pixels) == wanted


def test_several_threads_of_a_forked_process_answer_alike(classifier: Classifier, pixels: bytes) -> None:
    wanted = classifier.scores(pixels)

    def work() -> None:
        found: list[bool] = []
        threads = [threading.Thread(target=lambda: found.append(classifier.scores(pixels) == wanted)) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert found == [True] * 6

    with busy(classifier, pixels):
        assert in_child(work) == "done"


def test_a_forked_process_closes_drops_and_ends_without_waiting_for_threads_it_has_not(
    classifier: Classifier, pixels: bytes
) -> None:
    classifier.scores(pixels)
    held = [classifier]
    held.append(held)  # type: ignore[arg-type]  # a cycle, as frameworks make them
    del classifier

    def drop() -> None:
        held.clear()
        gc.collect()

    with busy(held[0], pixels):
        assert in_child(held[0].close) == "done"
    assert in_child(drop) == "done"


@pytest.mark.parametrize("kind", ["int8.onnx", "int8.tflite"])
def test_a_forked_process_comes_to_its_end(artefacts: dict[str, Path], kind: str) -> None:
    import subprocess

    code = (
        "import os, sys; from ressq_runtime import Classifier\n"
        "classifier = Classifier.load(sys.argv[1], threads=2)\n"
        "pixels = bytes(classifier.spec.height ** 2 * 3)\n"
        "wanted = classifier.scores(pixels)\n"
        "child = os.fork()\n"
        "if not child and sys.argv[2] == 'uses': assert classifier.scores(pixels) == wanted\n"
        "if child: print(os.waitpid(child, 0)[1])"
    )
    for what in ("uses", "ignores"):
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", code, artefacts[kind], what], capture_output=True, text=True,
            timeout=LONGEST_S,
        )  # fmt: skip
        assert (done.stdout, done.returncode) == ("0\n", 0), done.stderr


def test_a_closed_one_is_closed_in_a_forked_process(classifier: Classifier, pixels: bytes) -> None:
    classifier.close()
    assert CLOSED in in_child(lambda: classifier.scores(pixels))


def test_a_forked_process_refuses_another_file(
    classifier: Classifier, pixels: bytes, artefacts: dict[str, Path]
) -> None:
    other = "fp32.onnx" if classifier.path.endswith("onnx") else "fp32.tflite"
    shutil.copy(artefacts[other], classifier.path)
    found = in_child(lambda: classifier.scores(pixels))
    assert found == (f"{classifier.path}: found another model than was loaded before, wanted the same; load it anew")
    assert classifier.scores(pixels), "who loaded it goes on"
    Path(classifier.path).unlink()
    assert f"{classifier.path}: " in in_child(lambda: classifier.scores(pixels))


def test_a_pool_of_spawned_processes_takes_a_bound_method(artefacts: dict[str, Path], shapes: Path) -> None:
    pictures = sorted(shapes.rglob("*.png"))[::20]
    classifier = Classifier.load(artefacts["int8.tflite"], threads=1)
    alone = [str(classifier.classify(picture)) for picture in pictures]
    with ProcessPoolExecutor(2, get_context("spawn")) as pool:
        assert [str(found) for found in pool.map(classifier.classify, pictures)] == alone


def test_a_pickle_holds_what_it_was_loaded_with(
    classifier: Classifier, pixels: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    classifier.threshold = 0.987
    packed = pickle.dumps(classifier)
    assert len(packed) < 1000
    monkeypatch.chdir("/")
    for again in (pickle.loads(packed), copy.copy(classifier), copy.deepcopy(classifier)):
        assert (again.threshold, again.engine.threads, again.engine.name) == (0.987, 2, classifier.engine.name)
        assert again.scores(pixels) == classifier.scores(pixels)
        again.close()
    assert classifier.scores(pixels)


def test_a_pickle_of_another_file_is_refused(classifier: Classifier, artefacts: dict[str, Path]) -> None:
    packed = pickle.dumps(classifier)
    shutil.copy(artefacts["fp32.onnx" if classifier.path.endswith("onnx") else "fp32.tflite"], classifier.path)
    with pytest.raises(
        ArtefactError, match="found another model than was loaded before, wanted the same; load it anew"
    ):
        pickle.loads(packed)
    Path(classifier.path).unlink()
    with pytest.raises((ArtefactError, EngineError), match=classifier.path):
        pickle.loads(packed)


def test_a_foreign_model_keeps_its_labels_and_is_known_by_its_time(tmp_path: Path) -> None:
    path = tmp_path / "foreign.tflite"
    path.write_bytes(tiny_model())
    labels = [f"label {index}" for index in range(CLASSES)]
    classifier = Classifier.load(path, labels=labels, threads=2)
    wanted = classifier.scores(bytes(SIZE * SIZE * 3))
    assert pickle.loads(pickle.dumps(classifier)).labels == labels
    assert in_child(lambda: classifier.scores(bytes(SIZE * SIZE * 3)) == wanted or sys.exit(1)) == "done"
    os.utime(path, (1, 1))
    assert "found another model than was loaded before" in in_child(lambda: classifier.scores(bytes(SIZE * SIZE * 3)))
