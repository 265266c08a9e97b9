"""Cold start of several files: a fresh process each, in turn."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

from ressq_runtime.classifier import Classifier
from ressq_runtime.errors import EngineError
from ressq_runtime.profiling.coldstart import STAGES, start_fresh
from ressq_runtime.profiling.latency import LatencyProfile


def measure_cold(
    classifiers: Sequence[Classifier], picture: str, processes: int, seed: int = 0
) -> list[dict[str, Any]]:
    """For each file, as it is loaded: the stages of `profiling.coldstart` and `peak_memory_mb`, or `not_measured`.

    Args:
        classifiers: their path, engine and threads are loaded anew in each process.
        picture: what each process answers.
        processes: for each file, 2 or more; the first may have found it not yet in memory, and is kept apart.
        seed: of the order, which is another one in each round.
    """
    order = random.Random(seed)
    found: list[list[tuple[list[float], float | None]]] = [[] for _ in classifiers]
    faults: dict[int, str] = {}
    for _ in range(processes):
        for index in order.sample(range(len(classifiers)), len(classifiers)):
            if index not in faults:
                engine = classifiers[index].engine
                try:
                    started = start_fresh(classifiers[index].path, picture, engine=engine.name, threads=engine.threads)
                except EngineError as error:  # an emulator starts no processes: the rest can still be measured
                    faults[index] = str(error)
                else:
                    found[index].append(started)
    return [{"not_measured": faults[index]} if index in faults else _to_json(rows) for index, rows in enumerate(found)]


def _to_json(rows: list[tuple[list[float], float | None]]) -> dict[str, Any]:
    columns = zip(STAGES, zip(*(spans for spans, _ in rows), strict=True), strict=True)
    peaks = [peak for _, peak in rows if peak is not None]
    stages = {stage: LatencyProfile(stage, times[0], times[1:]).to_json() for stage, times in columns}
    return {"stages": stages, "num_processes": len(rows), "peak_memory_mb": max(peaks, default=None)}
