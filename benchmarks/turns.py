"""Several pieces of work in turn, round after round, by both clocks."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from statistics import median
from time import perf_counter, process_time
from typing import NamedTuple, TypeVar

Key = TypeVar("Key")


class Rounds(NamedTuple):
    """Milliseconds of each round: its calls' median by the wall clock, and their mean of processors."""

    wall_ms: list[float]
    cpu_ms: list[float]


def take_turns(jobs: Mapping[Key, Callable[[], object]], rounds: int, burst: int, seed: int = 0) -> dict[Key, Rounds]:
    """Each job `burst` times in each round, behind a call that is not counted; another order in each round."""
    order = random.Random(seed)
    found = {key: Rounds([], []) for key in jobs}
    for _ in range(rounds):
        for key in order.sample(list(jobs), len(jobs)):
            jobs[key]()  # another one had the caches
            used = process_time()
            found[key].wall_ms.append(median(_time(jobs[key]) for _ in range(burst)))
            # Around them all: a system books the time of other threads at its ticks, no single call's.
            found[key].cpu_ms.append(1000 * (process_time() - used) / burst)
    return found


def _time(job: Callable[[], object]) -> float:
    started = perf_counter()
    job()
    return 1000 * (perf_counter() - started)
