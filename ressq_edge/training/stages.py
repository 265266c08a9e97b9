"""Where the time of training goes, by stage."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

# A batch is drawn while the network works on the one before: what counts is how long it is waited for.
STAGES = ("waiting for pictures", "forward", "backward", "optimiser", "validation", "saving")


class Stages:
    """Seconds in each stage, and in all; on a GPU work counts where its result is waited for."""

    def __init__(self) -> None:
        self.seconds = dict.fromkeys(STAGES, 0.0)
        self.total_s = 0.0

    @contextmanager
    def time(self, stage: str) -> Iterator[None]:
        """Counts the time of a block as this stage's."""
        started = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[stage] += time.perf_counter() - started

    @contextmanager
    def whole(self) -> Iterator[None]:
        """Counts the time of a block as all that there is."""
        started = time.perf_counter()
        try:
            yield
        finally:
            self.total_s += time.perf_counter() - started

    def rows(self) -> list[tuple[str, str, str]]:
        """(stage, seconds, share) of each stage, of what is none of them, and of all, as text."""
        if not self.total_s:
            return []
        rest = self.total_s - sum(self.seconds.values())
        seconds = self.seconds | {"other": rest, "all": self.total_s}
        return [(stage, f"{value:.1f} s", f"{value / self.total_s:.1%}") for stage, value in seconds.items()]
