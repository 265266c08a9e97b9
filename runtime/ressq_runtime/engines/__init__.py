"""Interpreters behind one small protocol: bytes in, named outputs out.

`load_engine` picks by file type, then by what is installed. For `.tflite`: LiteRT's C API (needs no numpy),
LiteRT's Interpreter, tflite_runtime's. For `.onnx`: ONNX Runtime. A new interpreter is a module here and a
line in `_OPENERS`.
"""

from __future__ import annotations

from ressq_runtime.errors import EngineError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from ressq_runtime.engines.engine import Engine

ENGINES = ("auto", "litert", "tflite", "onnx")


def load_engine(path: str, engine: str = "auto", threads: int = 1) -> Engine:
    """The model in `path`, ready to run; engine: one of ENGINES, auto takes the first installed that fits the file.

    Raises:
        EngineError: no interpreter for this file is installed, it refuses the file, or engine or threads are none
            that there are.
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
