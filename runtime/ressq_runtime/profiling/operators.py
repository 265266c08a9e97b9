"""Where an inference spends its time: by operator, and by module of the paper (conv1, fire2 .. fire9, head).

A baseline's modules are torchvision's blocks (layer1.0, features.3, stage2.1, inception3a).

The sum is held against the whole of the very same inferences, by the profiler's own clock. The profiler itself
costs time, so plain inferences are taken in turn with the profiled ones and shown beside them. Of each the
fastest quarter of the runs counts: the others shared the core.
"""

from __future__ import annotations

import os
import re
from time import perf_counter

from ressq_runtime.engines import load_engine
from ressq_runtime.errors import EngineError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    Clock = Callable[[], float]
    # (operator, layer or "", microseconds) of each operator, and the microseconds of the inference as a whole
    Operators = list[tuple[str, str, int]]
    Round = tuple[Operators, int]

RUNS = 40
_MODULE = re.compile(
    r"(conv\d|pool\d+|fire\d+|out_of_distribution|layer\d\.\d|stage\d\.\d|inception\d[a-e]|features\.\d+)(?!\d)"
    r"|(pixels|float|centred)|(head|mean|logits|scores|classes)"
)
# What an operator does, by the code in the file and by the first word of LiteRT's or XNNPACK's event.
_KINDS = {
    "weights": ((3, 4, 9), ("convolution", "fully", "dwconv", "conv_2d", "fully_connected", "depthwise_conv_2d")),
    "pool": ((1, 17), ("max", "average", "max_pool_2d", "average_pool_2d")),
    "concat": ((2,), ("copy", "concatenate", "concatenation")),
    "sum": ((0, 41), ("add", "subtract", "sub")),
    "mean": ((40,), ("mean",)),
    "softmax": ((25,), ("softmax",)),
    "convert": ((6, 53, 114), ("convert", "cast", "quantize", "dequantize")),
}
_BY_CODE = {code: kind for kind, (codes, _) in _KINDS.items() for code in codes}
_BY_WORD = {word: kind for kind, (_, words) in _KINDS.items() for word in words}


def measure_operators(
    path: str, engine: str, threads: int, pixels: bytes, *, runs: int = RUNS, clock: Clock = perf_counter
) -> tuple[dict[str, Any], dict[str, Any]]:
    """(operators, modules) of a model for the profile's JSON; {"not_measured": why} for what can't be had.

    So many plain and so many profiled inferences are run, in turn.
    """
    plain_ms: list[float] = []
    plain = load_engine(path, engine, threads)

    def run_plain() -> None:
        start = clock()
        plain.run(pixels)
        plain_ms.append(1000 * (clock() - start))

    try:
        rounds, why = _profile(path, engine, threads, pixels, runs + 1, run_plain)
    finally:
        plain.close()
    if why:
        return {"not_measured": why}, {"not_measured": why}
    # the first of each is left out: it pays for page faults and lazy allocation
    rows, profiled_ms = _mean_of_fastest(rounds[1:])
    whole = {"num_runs": runs, "inference_ms": round(_mean(_fastest(plain_ms[1:])), 4), "profiled_ms": profiled_ms}
    sum_ms = round(sum(row["ms"] for row in rows), 4)
    return {**whole, "sum_ms": sum_ms, "rows": rows}, _sum_modules(rows, {**whole, "sum_ms": sum_ms})


def find_module(layer: str) -> str | None:
    """The paper's module that a layer of an artefact belongs to: `input`, `conv1`, `pool1`, `fire2`, .., `head`.

    What tells how unlike the training pictures one is, wherever it looks, is `out_of_distribution`.
    """
    match = _MODULE.match(layer)
    if match is None:
        return None
    return match[1] or ("input" if match[2] else "head")


def name_events(events: Sequence[tuple[str, int]], operators: Sequence[tuple[int, str]]) -> Operators | None:
    """LiteRT's events with the layers of the file's operators; None where they don't fit each other.

    Both are in the order run, but not one to one: XNNPACK adds copies and drops reshapes. What it never
    adds, drops or moves is a layer with weights, so no other event is looked for beyond the next of these.
    """
    kinds = [_BY_CODE.get(code) for code, _ in operators]
    words = [name.partition(" ")[0].lower() for name, _ in events]
    if not kinds or kinds.count("weights") != [_BY_WORD.get(word) for word in words].count("weights"):
        return None
    found: Operators = []
    position = -1
    for (name, us), word in zip(events, words, strict=True):
        kind = _BY_WORD.get(word)
        for ahead in range(position + 1, len(kinds)):
            if kinds[ahead] == kind:
                position = ahead
                break
            if kinds[ahead] == "weights":
                break
        found.append((name, operators[max(position, 0)][1], us))
    return found


def _profile(
    path: str, engine: str, threads: int, pixels: bytes, runs: int, before_each: Callable[[], None]
) -> tuple[list[Round], str]:
    """What each run took, or why that can't be had."""
    if engine == "onnx":
        from ressq_runtime.engines.onnx_profile import profile_nodes

        rounds = profile_nodes(path, threads, pixels, runs, before_each)
        return [(_name_reorders(nodes), whole) for nodes, whole in rounds], ""
    if engine != "litert":
        return [], f"{engine} gives no times of operators; ai-edge-litert does"
    from ressq_runtime.artefact.tflite_graph import read_operators
    from ressq_runtime.engines.litert_c import LiteRtEngine, Unavailable

    try:
        profiled = LiteRtEngine(path, threads, profile=True)
    except Unavailable as error:
        return [], f"Interpreter gives no times of operators, and LiteRT's C API can't serve ({error})"
    with open(os.fspath(path), "rb") as file:
        operators = read_operators(file.read())
    found: list[Round] = []
    for _ in range(runs):
        before_each()
        events, whole = profiled.profile_operators(pixels)
        found.append((name_events(events, operators) or [(name, "", us) for name, us in events], whole))
    profiled.close()
    return found, ""


def _name_reorders(nodes: Operators) -> Operators:
    """ONNX Runtime's own nodes (ReorderOutput, ..) get the layer behind them, which wants its input so."""
    layer = ""
    found: Operators = []
    for operator, name, us in reversed(nodes):
        layer = name if find_module(name) else layer
        found.append((operator, layer or name, us))
    return found[::-1]


def _sum_modules(rows: list[dict[str, Any]], whole: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, float] = {}
    for row in rows:
        found[row["module"]] = found.get(row["module"], 0.0) + row["ms"]
    if None in found or "head" not in found:
        return {"not_measured": "the layers have not the names that ressq-export gives them"}
    total = whole["sum_ms"] or 1
    return {**whole, "rows": {name: {"ms": round(ms, 4), "share": round(ms / total, 4)} for name, ms in found.items()}}


def _mean_of_fastest(rounds: list[Round]) -> tuple[list[dict[str, Any]], float]:
    """The mean milliseconds of each operator in the fastest rounds, and of those rounds as a whole."""
    if len({len(operators) for operators, _ in rounds}) != 1:
        raise EngineError("profile: found another number of operators in one run than in the next; measure again")
    kept = _fastest(rounds, lambda each: each[1])
    rows = []
    for column in zip(*(operators for operators, _ in kept), strict=True):
        operator, layer, _ = column[0]
        ms = round(_mean([us for *_, us in column]) / 1000, 4)
        rows.append({"operator": operator, "layer": layer or None, "module": find_module(layer), "ms": ms})
    return rows, round(_mean([whole for _, whole in kept]) / 1000, 4)


def _fastest(runs: list[Any], key: Callable[[Any], float] | None = None) -> list[Any]:
    """The fastest quarter."""
    return sorted(runs, key=key)[: (len(runs) + 3) // 4]


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
