"""LiteRT's C API engine gives Interpreter's bytes; `make litert-versions` runs this with every release that is used."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from ctypes import c_void_p
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ressq_runtime.artefact.installed import BUILTIN
from ressq_runtime.engines.litert_c import LiteRtEngine
from ressq_runtime.engines.litert_library import find_library
from ressq_runtime.errors import EngineError
from ressq_runtime.profiling.device import _fields
from tiny_tflite import SIZE, tiny_model

Interpreter = pytest.importorskip("ai_edge_litert.interpreter", reason="LiteRT is not installed").Interpreter
PIXEL_BYTES = SIZE * SIZE * 3
# Growth of resident memory over 200 loads that is the allocator's: 20 kB a load would be a leak.
ALLOCATOR_SLACK_KB = 4096


@pytest.fixture
def write(tmp_path: Path) -> Any:
    """Writes a tiny model; gives its path."""

    def write_model(**wanted: Any) -> Path:
        path = tmp_path / "tiny.tflite"
        path.write_bytes(tiny_model(**wanted))
        return path

    return write_model


def random_pixels(seed: int, shape: tuple[int, ...] = (1, SIZE, SIZE, 3)) -> np.ndarray[Any, Any]:
    return np.random.default_rng(seed).integers(0, 256, shape, np.uint8)


def interpreter_scores(path: Path, pixels: np.ndarray[Any, Any]) -> bytes:
    interpreter = Interpreter(str(path), num_threads=1)
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], pixels)
    interpreter.invoke()
    details = next(found for found in interpreter.get_output_details() if found["name"] == "scores")
    raw = interpreter.get_tensor(details["index"])
    scale, zero_point = details["quantization"]
    return (((raw.astype(np.float32) - zero_point) * np.float32(scale)) if scale else raw).tobytes()


def engine_scores(engine: LiteRtEngine, pixels: np.ndarray[Any, Any]) -> bytes:
    return np.array(engine.run(pixels.tobytes())["scores"].values(), np.float32).tobytes()


@pytest.mark.parametrize("wanted", [
    {}, {"output": "int8"}, {"output": "uint8"}, {"outputs": 2}, {"signatures": 0}, {"dynamic": True},
], ids=str)  # fmt: skip
def test_the_scores_are_those_of_interpreter_byte_for_byte(write: Any, wanted: dict[str, Any]) -> None:
    path = write(**wanted)
    engine = LiteRtEngine(path)
    seen = set()
    for seed in range(10):
        pixels = random_pixels(seed)
        scores = engine_scores(engine, pixels)
        assert scores == interpreter_scores(path, pixels)
        seen.add(scores)
    assert len(seen) > 1, "the scores must depend on the pixels, or equality says nothing"


@pytest.mark.parametrize("kind", ["int8.tflite", "fp32.tflite"])
def test_an_artefact_gives_the_bytes_of_interpreter(artefacts: dict[str, Path], kind: str) -> None:
    compare_on_random_pixels(artefacts[kind])


def test_the_builtin_model_gives_the_bytes_of_interpreter() -> None:
    compare_on_random_pixels(Path(BUILTIN))


def compare_on_random_pixels(path: Path) -> None:
    engine = LiteRtEngine(path)
    seen = set()
    for seed in range(4):
        pixels = random_pixels(seed, engine.inputs[0].shape)
        scores = engine_scores(engine, pixels)
        assert scores == interpreter_scores(path, pixels)
        seen.add(scores)
    assert len(seen) > 1


def test_one_thread_and_two_give_the_same_bytes(write: Any) -> None:
    path, pixels = write(), random_pixels(0)
    assert engine_scores(LiteRtEngine(path, 1), pixels) == engine_scores(LiteRtEngine(path, 2), pixels)


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="threads are counted in /proc")
def test_it_computes_with_the_threads_it_was_given(write: Any) -> None:
    path = write()

    def threads_started(threads: int) -> int:
        before = len(list(Path("/proc/self/task").iterdir()))
        engine = LiteRtEngine(path, threads)
        engine.run(bytes(PIXEL_BYTES))
        started = len(list(Path("/proc/self/task").iterdir())) - before
        engine.close()
        return started

    assert [threads_started(threads) for threads in (1, 2, 3)] == [0, 1, 2]


def test_the_tensors_are_described_as_the_file_declares_them(write: Any) -> None:
    engine = LiteRtEngine(write(output="int8"), threads=2)
    (pixels,), (scores,) = engine.inputs, engine.outputs
    assert (pixels.name, pixels.dtype, pixels.shape, pixels.scale) == ("pixels", "uint8", (1, SIZE, SIZE, 3), 0)
    assert (scores.name, scores.dtype, scores.shape) == ("scores", "int8", (1, 4))
    assert (scores.scale, scores.zero_point) == (1 / 256, -128)
    assert (engine.name, engine.delegate, engine.threads) == ("litert", "xnnpack", 2)
    assert engine.version == ".".join(map(str, find_library().version))


def test_too_few_pixels_are_refused_before_they_are_copied(write: Any) -> None:
    with pytest.raises(EngineError, match=rf"found 3 bytes for the input, wanted {PIXEL_BYTES}"):
        LiteRtEngine(write()).run(bytes(3))


def test_a_closed_engine_says_so(write: Any) -> None:
    engine = LiteRtEngine(write())
    engine.close()
    engine.close()
    with pytest.raises(EngineError, match="found a closed engine"):
        engine.run(bytes(PIXEL_BYTES))


def test_a_status_of_litert_becomes_our_error(write: Any) -> None:
    engine = LiteRtEngine(write(), profile=True)
    engine._outputs = (c_void_p * 0)()
    with pytest.raises(EngineError, match=r"failed to run it \(LiteRtRunCompiledModel gave status"):
        engine.run(bytes(PIXEL_BYTES))
    with pytest.raises(EngineError, match=r"failed to run it \(LiteRtRunCompiledModel gave status"):
        engine.profile_operators(bytes(PIXEL_BYTES))


def test_operators_are_timed_in_the_order_they_run(write: Any) -> None:
    engine = LiteRtEngine(write(), profile=True)
    (operators, whole), (again, _) = (engine.profile_operators(bytes(PIXEL_BYTES)) for _ in range(2))
    names = [name.upper() for name, _ in operators]
    assert names == [name.upper() for name, _ in again]
    assert names[0].startswith("CAST")
    assert "SOFTMAX" in names[-1]
    assert any(name.startswith("CONV") for name in names)
    assert all(microseconds >= 0 for _, microseconds in operators)
    assert 0 < sum(microseconds for _, microseconds in operators) <= whole


def test_without_a_profiler_operators_are_refused(write: Any) -> None:
    with pytest.raises(EngineError, match="open it with profile=True"):
        LiteRtEngine(write()).profile_operators(bytes(PIXEL_BYTES))


def test_an_engine_in_each_of_four_threads(write: Any) -> None:
    path = write()
    pixels = [random_pixels(seed) for seed in range(4)]
    alone = [engine_scores(LiteRtEngine(path), each) for each in pixels]

    def load_and_run(each: np.ndarray[Any, Any]) -> set[bytes]:
        engine = LiteRtEngine(path)
        return {engine_scores(engine, each) for _ in range(50)}

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(load_and_run, pixels)) == [{scores} for scores in alone]


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="resident memory is read from /proc")
@pytest.mark.host  # an emulated process counts the emulator's memory as its own
def test_loading_and_closing_does_not_grow_memory(write: Any) -> None:
    path = write()

    def resident_kb() -> int:
        return int(_fields(Path("/proc/self/status").read_text())["VmRSS"].split()[0])

    def load(times: int) -> None:
        for _ in range(times):
            LiteRtEngine(path).close()

    load(50)
    before = resident_kb()
    load(200)
    assert resident_kb() - before < ALLOCATOR_SLACK_KB


def test_neither_numpy_nor_the_package_is_imported(write: Any) -> None:
    code = (
        "import sys; from ressq_runtime.engines.litert_c import LiteRtEngine; "
        f"LiteRtEngine({str(write())!r}).run(bytes({PIXEL_BYTES})); "
        "print([name for name in ('numpy', 'ai_edge_litert', 'typing', 'dataclasses') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_it_prints_nothing_but_the_delegates_line(write: Any, capfd: pytest.CaptureFixture[str]) -> None:
    LiteRtEngine(write()).close()
    out, err = capfd.readouterr()
    assert out == ""
    assert [line for line in err.splitlines() if "XNNPACK delegate" not in line] == []
