"""One classifier and many threads: each picture gets its own answer, and `close` waits."""

from __future__ import annotations

import asyncio
import gc
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import ressq_runtime.engines
from ressq_runtime import Classifier, EngineError, evaluate
from ressq_runtime.engines.class_activation import read_class_maps
from ressq_runtime.engines.interpreter import open_litert_interpreter
from ressq_runtime.engines.tensor import Tensor
from ressq_runtime.inputs.picture import to_pixels
from ressq_runtime.tasks.classify import Predictions

KINDS = ("fp32.onnx", "int8.onnx", "fp32.tflite", "int8.tflite", "int8.tflite by Interpreter")
CLOSED = "found a closed engine, wanted an open one; load the model again"

Load = Callable[..., Classifier]


@pytest.fixture(params=KINDS)
def load(request: pytest.FixtureRequest, artefacts: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> Load:
    """Loads a classifier of the kind, in two threads of the interpreter's own."""
    kind, _, by = request.param.partition(" by ")
    if by:
        pytest.importorskip("ai_edge_litert", reason="LiteRT is not installed")
        monkeypatch.setitem(ressq_runtime.engines._OPENERS["tflite"], "litert", open_litert_interpreter)
    return lambda: Classifier.load(artefacts[kind], threads=2)


@pytest.fixture
def pictures(shapes: Path) -> list[Path]:
    return sorted(shapes.rglob("*.png"))[::5]


def told(predictions: Predictions) -> tuple[object, ...]:
    return predictions.label, predictions.out_of_distribution, predictions.reason, str(predictions)


def test_each_of_eight_threads_gets_its_own_pictures_answer(load: Load, pictures: list[Path]) -> None:
    classifier = load()
    alone = [told(classifier.classify(picture)) for picture in pictures]
    with ThreadPoolExecutor(8) as pool:
        together = pool.map(lambda picture: told(classifier.classify(picture)), pictures * 12)
    assert list(together) == alone * 12
    assert len(set(alone)) > len(pictures) / 2, "the answers must differ, or equality says nothing"


def test_coroutines_get_their_own_pictures_answers(load: Load, pictures: list[Path]) -> None:
    classifier = load()
    alone = [told(classifier.classify(picture)) for picture in pictures]

    async def together() -> list[Predictions]:
        return await asyncio.gather(*(asyncio.to_thread(classifier.classify, picture) for picture in pictures))

    assert [told(found) for found in asyncio.run(together())] == alone


def test_a_distance_is_that_of_the_pixels_which_the_same_thread_scored(load: Load, pictures: list[Path]) -> None:
    classifier = load()
    pixels = [to_pixels(picture, classifier.spec) for picture in pictures]

    def measure(each: bytes) -> tuple[list[float], float | None]:
        scores = classifier.scores(each)
        time.sleep(1e-3)  # the others score meanwhile
        return scores, classifier.out_of_distribution()

    alone = [measure(each) for each in pixels]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(measure, pixels * 4)) == alone * 4
    assert len({distance for _, distance in alone}) > len(pictures) / 2


def test_a_thread_that_scored_nothing_has_no_distance(load: Load, pictures: list[Path]) -> None:
    classifier = load()
    classifier.classify(pictures[0])
    with ThreadPoolExecutor(1) as pool, pytest.raises(EngineError, match="found no pixels scored by this thread; call"):
        pool.submit(classifier.out_of_distribution).result()


def test_measuring_and_explaining_go_on_beside_each_other(load: Load, shapes: Path, pictures: list[Path]) -> None:
    classifier = load()
    pixels = to_pixels(pictures[0], classifier.spec)
    works: list[Callable[[], object]] = [
        lambda: evaluate(classifier, shapes),
        lambda: read_class_maps(classifier.path, classifier.engine, "scores", pixels).tolist(),
        lambda: [told(classifier.classify(picture)) for picture in pictures],
    ]
    alone = [work() for work in works]
    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(lambda work: work(), works * 2)) == alone * 2


def test_close_waits_for_the_call_in_hand_and_the_next_is_told(load: Load, pictures: list[Path]) -> None:
    for attempt in range(12):
        classifier = load()
        wanted = told(classifier.classify(pictures[0]))
        found: list[object] = []

        def work(classifier: Classifier = classifier, wanted: object = wanted, found: list[object] = found) -> None:
            try:
                while True:
                    assert told(classifier.classify(pictures[0])) == wanted
            except EngineError as error:
                found.append(str(error))

        threads = [threading.Thread(target=work) for _ in range(3)]
        for thread in threads:
            thread.start()
        time.sleep(0.01 + attempt / 1000)
        classifier.close()
        for thread in threads:
            thread.join(20)
        assert found == [f"{classifier.path}: {CLOSED}"] * 3


def test_a_with_statement_closes(load: Load, pictures: list[Path]) -> None:
    with load() as classifier:
        assert classifier.classify(pictures[0]).label == "circle"
    classifier.close()
    with pytest.raises(EngineError, match=CLOSED):
        classifier.classify(pictures[0])
    with pytest.raises(EngineError, match=CLOSED):
        classifier.engine.run(bytes(classifier.spec.height**2 * 3))


def test_threads_that_load_classify_and_drop_do_not_disturb_each_other(load: Load, pictures: list[Path]) -> None:
    wanted = told(load().classify(pictures[0]))

    def use(_: int) -> object:
        found = told(load().classify(pictures[0]))
        gc.collect()
        return found

    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(use, range(24))) == [wanted] * 24


def test_a_call_within_a_call_is_refused_and_harms_none(
    load: Load, pictures: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    classifier = load()
    wanted = told(classifier.classify(pictures[0]))
    run = classifier.engine.run
    refused: list[str] = []

    def interrupted(pixels: bytes) -> dict[str, Tensor]:
        """What a signal's handler would do in the middle of a call."""
        try:
            classifier.classify(pictures[-1])
        except EngineError as error:
            refused.append(str(error))
        return run(pixels)

    monkeypatch.setattr(classifier.engine, "run", interrupted)
    assert told(classifier.classify(pictures[0])) == wanted
    assert len(refused) == 1
    assert "found a call within a call of the same thread, as from a signal's handler" in refused[0]


def test_a_close_within_a_call_frees_after_it(
    load: Load, pictures: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    classifier = load()
    wanted = told(classifier.classify(pictures[0]))
    run = classifier.engine.run

    def interrupted(pixels: bytes) -> dict[str, Tensor]:
        classifier.close()
        return run(pixels)

    monkeypatch.setattr(classifier.engine, "run", interrupted)
    assert told(classifier.classify(pictures[0])) == wanted
    with pytest.raises(EngineError, match=CLOSED):
        classifier.classify(pictures[0])


@pytest.fixture
def interrupts() -> Iterator[None]:
    """A timer's signal is Ctrl-C."""

    def interrupt(_number: int, _frame: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    yield
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


def test_an_interrupted_call_leaves_the_classifier_right(load: Load, pictures: list[Path], interrupts: None) -> None:
    classifier = load()
    alone = [told(classifier.classify(picture)) for picture in pictures]
    pixels = to_pixels(pictures[0], classifier.spec)
    wanted = classifier.scores(pixels)
    broken = 0
    for index in range(60):
        try:
            signal.setitimer(signal.ITIMER_REAL, 1e-3 + index / 20_000)
            for _ in range(1000):
                classifier.scores(pixels)
        except KeyboardInterrupt:
            broken += 1
            assert classifier.scores(pixels) == wanted
    assert broken > 30
    assert [told(classifier.classify(picture)) for picture in pictures] == alone


DAEMONS = """
import sys, threading, time
import ressq_runtime.engines
from ressq_runtime import Classifier
from ressq_runtime.engines.interpreter import open_litert_interpreter
if sys.argv[2]:
    ressq_runtime.engines._OPENERS["tflite"]["litert"] = open_litert_interpreter
classifier = Classifier.load(sys.argv[1], threads=2)
pixels = bytes(classifier.spec.height ** 2 * 3)
def work():
    while True:
        classifier.scores(pixels)
for _ in range(4):
    threading.Thread(target=work, daemon=True).start()
time.sleep(0.05)
"""


@pytest.mark.parametrize("kind", ["int8.onnx", "int8.tflite", "int8.tflite by Interpreter"])
def test_a_process_ends_well_while_daemon_threads_are_in_calls(artefacts: dict[str, Path], kind: str) -> None:
    kind, _, by = kind.partition(" by ")
    command = [sys.executable, "-c", DAEMONS, str(artefacts[kind]), by]
    ends = [subprocess.run(command, capture_output=True, timeout=60) for _ in range(4)]
    assert [(end.returncode, b"terminate" in end.stderr) for end in ends] == [(0, False)] * 4
