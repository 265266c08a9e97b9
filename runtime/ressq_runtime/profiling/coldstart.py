"""Cold start: what one answer costs a process that starts from nothing, measured in fresh processes.

The clock is `time.perf_counter`, which is the same for all processes of a system, so that a child's marks
can be held against the moment its parent started it.
"""

from __future__ import annotations

import json
import subprocess
import sys
from itertools import pairwise
from time import perf_counter

from ressq_runtime.engines.sandbox import child_environment
from ressq_runtime.errors import EngineError
from ressq_runtime.profiling.latency import LatencyProfile

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

STAGES = ("python", "imports", "load", "first_answer", "total")
_TIMEOUT_S = 300.0

# No -m: runpy's own imports would be counted as ours.
_CHILD = """
from time import perf_counter
marks = [perf_counter()]
import sys
from ressq_runtime.decoding import jpeg
from ressq_runtime.model import Model
marks.append(perf_counter())
path, picture, engine, threads, *labels = sys.argv[1:]
model = Model.load(path, engine=engine, threads=int(threads), labels=labels or None, top_k=1)
marks.append(perf_counter())
model.answer(picture)
marks.append(perf_counter())
from ressq_runtime.profiling.device import peak_memory_mb
import json
print(json.dumps([marks, peak_memory_mb()]))
"""


def measure_cold_start(
    path: str, picture: str, *, engine: str, threads: int, labels: Sequence[str] = (), processes: int = 6
) -> tuple[list[LatencyProfile], float | None]:
    """Latency of each of STAGES, and the most memory a process had resident in MiB (None: the system does not tell).

    Starts two or more processes one after the other that load the artefact and classify the picture. The first, kept
    apart as `first_ms`, may have found the files not yet in memory.

    Raises:
        EngineError: a process can't be started, or it failed.
    """
    found = [start_fresh(path, picture, engine=engine, threads=threads, labels=labels) for _ in range(processes)]
    columns = zip(STAGES, zip(*(spans for spans, _ in found), strict=True), strict=True)
    peaks = [peak for _, peak in found if peak is not None]
    return [LatencyProfile(stage, times[0], times[1:]) for stage, times in columns], max(peaks, default=None)


def start_fresh(
    path: str, picture: str, *, engine: str, threads: int, labels: Sequence[str] = ()
) -> tuple[list[float], float | None]:
    """Milliseconds of each of STAGES in one fresh process, and its peak memory in MiB; arguments and errors as in
    `measure_cold_start`."""
    marks, peak = _start_one([path, picture, engine, str(threads), *labels])
    return _spans(marks), peak


def _start_one(arguments: list[str]) -> tuple[list[float], float | None]:
    """The marks of one process in seconds, its start first, and its peak memory."""
    command = [sys.executable, "-Pc", _CHILD, *arguments]
    start = perf_counter()
    try:
        child = subprocess.run(  # noqa: S603 - this very Python
            command, env=child_environment(), capture_output=True, text=True, timeout=_TIMEOUT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise EngineError(f"{sys.executable}: can't measure a cold start ({error}); leave it out") from error
    if child.returncode != 0:
        reason = (child.stderr.strip().splitlines() or [f"exit code {child.returncode}"])[-1]
        raise EngineError(f"{sys.executable}: can't measure a cold start ({reason}); leave it out")
    marks, peak = json.loads(child.stdout.splitlines()[-1])
    return [start, *marks], peak


def _spans(marks: list[float]) -> list[float]:
    """Milliseconds between marks, and from the first to the last."""
    spans = [after - before for before, after in pairwise(marks)]
    return [1000 * span for span in [*spans, marks[-1] - marks[0]]]
