"""What a person sees while an export runs: on a terminal the stage and a bar, on stderr; elsewhere nothing."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn


class Screen:
    """One line on stderr that names the stage and counts; `stage` begins the next."""

    def __init__(self, progress: Progress | None) -> None:
        self._progress = progress
        self._task = progress.add_task("start", total=None) if progress else None

    def stage(self, name: str) -> Callable[[int, int], None]:
        """Begin a stage; what to call with (done, of how many)."""
        if self._progress is None or self._task is None:
            return _ignore
        progress, task = self._progress, self._task
        progress.reset(task, description=name, total=None)
        return lambda done, total: progress.update(task, completed=done, total=total)


def _ignore(_done: int, _total: int) -> None:
    """Nobody watches."""


@contextmanager
def open_screen() -> Iterator[Screen]:
    """A screen on stderr where that is a terminal, else one that shows nothing."""
    if not sys.stderr.isatty():
        yield Screen(None)
        return
    # A copy of the descriptor: the original goes to the log while a converter runs.
    with os.fdopen(os.dup(sys.stderr.fileno()), "w", encoding="utf-8") as terminal:
        columns = (
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
        )
        with Progress(*columns, console=Console(file=terminal, force_terminal=True), transient=True) as progress:
            yield Screen(progress)
