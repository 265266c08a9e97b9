"""What an answer costs on this device: cold start, each stage when warm, threads, modules, memory, the board.

The rule: no figure without the circumstances that made it. The board is described before and after, the
first call is kept apart, thread counts are measured in turn, one run each, so that a board that heats up
slows all of them alike.
"""

from __future__ import annotations

import os
from itertools import pairwise
from time import perf_counter

from ressq_runtime.classifier import Classifier
from ressq_runtime.engines import load_engine
from ressq_runtime.errors import EngineError, PictureError
from ressq_runtime.model import STAGES, Model, default_threads
from ressq_runtime.profiling.coldstart import measure_cold_start
from ressq_runtime.profiling.device import describe_device, peak_memory_mb
from ressq_runtime.profiling.latency import LatencyProfile
from ressq_runtime.profiling.operators import measure_operators

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from ressq_runtime.profiling.device import Device

    Clock = Callable[[], float]
    Path = str | os.PathLike[str]

RUNS = 50
WARMUP_RUNS = 5  # litert-benchmark's
# More threads must be worth their cores: the fewest that are within this of the fastest are recommended.
NEAR_THE_FASTEST = 1.05


def profile(
    model: Classifier | Model | Path,
    pictures: Sequence[Path],
    *,
    runs: int = RUNS,
    processes: int = 6,
    root: str = "/",
    clock: Clock = perf_counter,
) -> dict[str, Any]:
    """Everything `ressq-profile` says, ready for json.dumps and for `render_table`.

    Args:
        model: an artefact, or one that is loaded: what it was loaded with is loaded anew.
        pictures: picture files, used in turn.
        runs: warm runs that count, per stage and per thread count.
        processes: fresh processes for the cold start, the first kept apart; 0 leaves the cold start out.
        root, clock: where the system's files lie, and what tells seconds; tests give others.

    Raises:
        PictureError: there is no picture, or one can't be read.
        RessqError: the artefact can't be loaded.
    """
    if not pictures:
        raise PictureError("profile: found no picture, wanted one or more to measure with")
    before = describe_device(root)
    model = model.model if isinstance(model, Classifier) else model
    wanted = model if isinstance(model, Model) else Model.load(model)
    labels = () if wanted.card else wanted.task.labels
    cold = _cold_start(wanted, os.fspath(pictures[0]), labels, processes)
    start = clock()
    engine = wanted.engine
    loaded = Model.load(wanted.path, engine=engine.name, threads=engine.threads, **wanted.task.settings)
    init_ms = 1000 * (clock() - start)
    found = {"cold_start": cold, **_identity(loaded), **_measure_warm(loaded, pictures, runs, clock, root)}
    found["latency"] = {"init_ms": round(init_ms, 3), "num_warmup_runs": WARMUP_RUNS, **found["latency"]}
    found["peak_memory_mb"] = cold.get("peak_memory_mb") or found["peak_memory_mb"]
    return {"format": 1, "pictures": len(pictures), **found, **_describe_board(before, describe_device(root))}


def _measure_warm(model: Model, pictures: Sequence[Path], runs: int, clock: Clock, root: str) -> dict[str, Any]:
    """What this process measures: stages, memory, thread counts, modules."""
    stages = time_stages(model, pictures, runs, clock)
    peak_mb = peak_memory_mb(root)  # with one engine; the sweep loads several
    sweep = sweep_threads(model, pictures[0], range(1, default_threads() + 1), runs, clock)
    pixels, engine = model.prepare(os.fspath(pictures[0]))[0], model.engine
    operators, modules = measure_operators(model.path, engine.name, engine.threads, pixels, runs=runs)
    return {
        "latency": stages[STAGES.index("inference")].to_json(),
        "stages": {stage.stage: {**stage.to_json(), "samples_ms": stage.rounded_samples} for stage in stages},
        "peak_memory_mb": peak_mb,
        "threads": {str(count): found.to_json() for count, found in sweep.items()},
        "recommended_threads": recommend_threads(sweep),
        "modules": modules,
        "operators": operators,
    }


def _describe_board(before: Device, after: Device) -> dict[str, Any]:
    return {
        "device": {"before": before.to_json(), "after": after.to_json()},
        "warnings": list(dict.fromkeys(before.warnings + after.warnings)),
    }


def time_stages(model: Model, pictures: Sequence[Path], runs: int, clock: Clock = perf_counter) -> list[LatencyProfile]:
    """Warm latency of each of STAGES, the pictures in turn.

    Raises:
        PictureError: a picture can't be read.
    """
    rows = [_time_once(model, pictures[run % len(pictures)], clock) for run in range(WARMUP_RUNS + runs)]
    columns = zip(STAGES, zip(*rows, strict=True), strict=True)
    return [LatencyProfile(stage, times[0], times[WARMUP_RUNS:]) for stage, times in columns]


def sweep_threads(
    model: Model, picture: Path, counts: Sequence[int], runs: int, clock: Clock = perf_counter
) -> dict[int, LatencyProfile]:
    """Latency of the inference alone by number of threads, measured in turn.

    Raises:
        PictureError: the picture can't be read.
    """
    pixels = model.prepare(os.fspath(picture))[0]
    engines = {count: load_engine(model.path, model.engine.name, count) for count in counts}
    times: dict[int, list[float]] = {count: [] for count in counts}
    for _ in range(WARMUP_RUNS + runs):
        for count, engine in engines.items():
            start = clock()
            engine.run(pixels)
            times[count].append(1000 * (clock() - start))
    for engine in engines.values():
        engine.close()
    return {count: LatencyProfile("inference", all_[0], tuple(all_[WARMUP_RUNS:])) for count, all_ in times.items()}


def recommend_threads(sweep: dict[int, LatencyProfile]) -> int:
    """The fewest threads whose median latency is within 5 % of the best."""
    fastest = min(found.percentile_ms(50) for found in sweep.values())
    return min(count for count, found in sweep.items() if found.percentile_ms(50) <= NEAR_THE_FASTEST * fastest)


def _time_once(model: Model, picture: Path, clock: Clock) -> list[float]:
    """Milliseconds of each of STAGES for one picture."""
    data, decode_s, preprocess_s, size = model.prepare(os.fspath(picture), clock)
    marks = [clock()]
    outputs = model.run(data)
    marks.append(clock())
    model.task.answer(outputs, size)
    marks.append(clock())
    spans = [decode_s, preprocess_s, *(after - before for before, after in pairwise(marks))]
    return [1000 * span for span in [*spans, sum(spans)]]


def _cold_start(model: Model, picture: str, labels: Sequence[str], processes: int) -> dict[str, Any]:
    if processes < 2:
        return {"not_measured": "left out"}
    try:
        stages, peak_mb = measure_cold_start(
            model.path, picture, engine=model.engine.name, threads=model.engine.threads, labels=labels,
            processes=processes,
        )  # fmt: skip
    except EngineError as error:  # an emulator or a sandbox starts no processes: the rest can still be measured
        return {"not_measured": str(error)}
    rows = {stage.stage: stage.to_json() for stage in stages}
    return {"stages": rows, "num_processes": processes, "peak_memory_mb": peak_mb}


def _identity(model: Model) -> dict[str, Any]:
    """What was measured: the file and what ran it."""
    from hashlib import sha256

    import PIL

    from ressq_runtime import __version__

    with open(model.path, "rb") as file:
        content = file.read()
    engine = model.engine
    return {
        "model": model.path,
        "model_size_mb": round(len(content) / (1 << 20), 2),
        "sha256": sha256(content).hexdigest(),
        "precision": model.card.scheme if model.card else None,
        "engine": engine.name,
        "delegate": engine.delegate,
        "num_threads": engine.threads,
        "versions": {"ressq-runtime": __version__, engine.name: engine.version, "pillow": PIL.__version__},
    }
