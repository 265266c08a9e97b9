"""Interpreters behind one small protocol: pixels in, scores out.

`load_engine` picks by file type, then by what is installed. For `.tflite`: LiteRT's C API (needs no numpy),
LiteRT's Interpreter, tflite_runtime's. For `.onnx`: ONNX Runtime. A new interpreter is a module here and a
line in `_OPENERS`.
"""

from __future__ import annotations

import os

from ressq_runtime.errors import EngineError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

    from ressq_runtime.engines.tensor import TensorSpec

    class Engine(Protocol):
        """A model in an interpreter, for one thread of the caller's at a time.

        Fields: name (`litert`, `tflite`, `onnx`); version of the interpreter; delegate, what computes;
        threads it may use; inputs and outputs of the model.
        """

        name: str
        version: str
        delegate: str
        threads: int
        inputs: list[TensorSpec]
        outputs: list[TensorSpec]

        def run(self, pixels: bytes) -> list[float]:
            """The scores, one a class, of uint8 RGB pixels in NHWC order."""

        def read(self, name: str) -> list[float] | None:
            """The values of the output of that name after the last run; None: the model has none."""

        def close(self) -> None:
            """Frees the model; the engine can't run any more."""


# How many forks lie between the first process and this one. An engine computes on threads of its own, which a forked
# process does not have: to free it there waits for them for ever (LiteRT and Interpreter, two threads).
forks = [0]

ENGINES = ("auto", "litert", "tflite", "onnx")


def load_engine(path: str, engine: str = "auto", threads: int = 1) -> Engine:
    """The model in `path`, ready to run; engine: one of ENGINES, auto takes the first installed that fits the file.

    Raises:
        EngineError: no interpreter for this file is installed, it refuses the file, the model's input is not uint8
            pixels, or engine or threads are none that there are.
    """
    if engine not in ENGINES:
        raise EngineError(f"{path}: found the engine {engine!r}, wanted one of {', '.join(ENGINES)}")
    if not isinstance(threads, int) or threads < 1:
        raise EngineError(f"{path}: found {threads!r} threads, wanted a whole number from 1 on")
    kind = "onnx" if path.lower().endswith(".onnx") else "tflite"
    if engine != "auto" and (engine == "onnx") != (kind == "onnx"):
        raise EngineError(f"{path}: found engine {engine} for a .{kind} file, wanted one for it; use --engine auto")
    wanted = [name for name in _OPENERS[kind] if engine in ("auto", name)]
    for name in wanted:
        opened = _OPENERS[kind][name](path, threads)
        if opened is not None:
            _check_pixels(path, opened)
            return opened
    from ressq_runtime.engines.missing import explain_missing

    raise EngineError(f"{path}: {explain_missing(kind, engine)}")


def _open_litert(path: str, threads: int) -> Engine | None:
    from ressq_runtime.engines.litert_c import LiteRtEngine, Unavailable

    try:
        return LiteRtEngine(path, threads)
    except Unavailable:
        # Another release than those tried, or a model it can't take: Interpreter decides, and explains.
        from ressq_runtime.engines.interpreter import open_litert_interpreter

        return open_litert_interpreter(path, threads)


def _open_tflite(path: str, threads: int) -> Engine | None:
    from ressq_runtime.engines.interpreter import open_tflite_runtime

    return open_tflite_runtime(path, threads)


def _open_onnx(path: str, threads: int) -> Engine | None:
    from ressq_runtime.engines.onnx import open_onnx

    return open_onnx(path, threads)


_OPENERS: dict[str, dict[str, Callable[[str, int], Engine | None]]] = {
    "tflite": {"litert": _open_litert, "tflite": _open_tflite},
    "onnx": {"onnx": _open_onnx},
}


def _check_pixels(path: str, engine: Engine) -> None:
    """What `run` relies on: one input of uint8 pixels, and one output that holds the scores."""
    found = "; ".join(f"{spec.dtype} {list(spec.shape)}" for spec in engine.inputs)
    spec = engine.inputs[0]
    square = len(spec.shape) == 4 and 1 == spec.shape[0] < spec.shape[1] == spec.shape[2] and spec.shape[3] == 3
    if len(engine.inputs) != 1 or spec.dtype != "uint8" or not square:
        engine.close()
        raise EngineError(
            f"{path}: found the input {found}, wanted one of uint8 [1, H, H, 3]: its normalisation would be a guess; "
            "export it with uint8 pixels in, for instance by ressq-export"
        )


def explain_closed(path: str) -> EngineError:
    """What every engine says once it is closed."""
    return EngineError(f"{path}: found a closed engine, wanted an open one; load the model again")


def choose_output(path: str, outputs: list[TensorSpec]) -> int:
    """Which output holds the scores: the one named `scores`, else the only one.

    Raises:
        EngineError: several outputs and none is named `scores`.
    """
    named = [index for index, spec in enumerate(outputs) if spec.name == "scores"]
    if named or len(outputs) == 1:
        return named[0] if named else 0
    names = ", ".join(spec.name for spec in outputs)
    raise EngineError(f"{path}: found the outputs {names}, wanted one named scores; export the model with one output")


def _count_fork() -> None:
    forks[0] += 1


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_count_fork)
