"""Cold start: what one answer costs a process that starts from nothing, measured in fresh processes.

The clock is `time.perf_counter`, which is the same for all processes of a system, so that a child's marks
can be held against the moment its parent started it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from itertools import pairwise
from time import perf_counter

from ressq_runtime.errors import EngineError
from ressq_runtime.latency import LatencyProfile

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
from ressq_runtime import pixels
from ressq_runtime.classify import Classifier
marks.append(perf_counter())
path, picture, engine, threads, *labels = sys.argv[1:]
classifier = Classifier.load(path, engine=engine, threads=int(threads), labels=labels or None)
marks.append(perf_counter())
classifier.classify(picture)
marks.append(perf_counter())
from ressq_runtime.device import peak_memory_mb
import json
print(json.dumps([marks, peak_memory_mb()]))
"""


@dataclass(frozen=True)
class ColdStart:
    """Fresh processes, each from its start to its first answer.

    stages          python (until our first line), imports, load, first_answer, total; `first_ms` is the first
                    process, which may have found the files not yet in memory
    peak_memory_mb  the most memory such a process had resident, MiB; None where the system does not tell
    """

    stages: tuple[LatencyProfile, ...]
    peak_memory_mb: float | None


def measure_cold_start(
    path: str, picture: str, *, engine: str, threads: int, labels: Sequence[str] = (), processes: int = 6
) -> ColdStart:
    """Starts processes one after the other that load the artefact and classify the picture.

    Args:
        path: the artefact.
        picture: a picture file.
        engine: as in `load_engine`.
        threads: of the interpreter.
        labels: for a model without a card.
        processes: how many, 2 or more; the first is kept apart.

    Raises:
        EngineError: a process can't be started, or it failed.
    """
    found = [_start_one([path, picture, engine, str(threads), *labels]) for _ in range(processes)]
    spans = [_spans(marks) for marks, _ in found]
    stages = tuple(
        LatencyProfile(stage, first, tuple(rest))
        for stage, (first, *rest) in zip(STAGES, zip(*spans, strict=True), strict=True)
    )
    peaks = [peak for _, peak in found if peak is not None]
    return ColdStart(stages, max(peaks, default=None))


def _start_one(arguments: list[str]) -> tuple[list[float], float | None]:
    """The marks of one process in seconds, its start first, and its peak memory."""
    package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    inherited = os.environ.get("PYTHONPATH")
    environment = {**os.environ, "PYTHONPATH": package + (os.pathsep + inherited if inherited else "")}
    command = [sys.executable, "-c", _CHILD, *arguments]
    start = perf_counter()
    try:
        child = subprocess.run(  # noqa: S603 - this very Python
            command, env=environment, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False
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
