"""What a network learns to give, one module a task; all others know a task by `task.Task` alone.

A new task is a module here and a line in `_TASKS`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ressq_edge.errors import RunError

if TYPE_CHECKING:
    from collections.abc import Callable

    from ressq_edge.config import Config
    from ressq_edge.data.split import Split
    from ressq_edge.tasks.task import Task


def _classify(split: Split, config: Config) -> Task:
    from ressq_edge.tasks.classify import Classify

    return Classify(split, config)


def _segment(split: Split, config: Config) -> Task:
    from ressq_edge.tasks.segment import Segment

    return Segment(split, config)


_TASKS: dict[str, Callable[[Split, Config], Task]] = {"classify": _classify, "segment": _segment}


def open_task(name: str, split: Split, config: Config) -> Task:
    """The task of that name, for this split and these settings.

    Raises:
        RunError: there is none.
    """
    if name not in _TASKS:
        raise RunError(f"task: found {name!r}, wanted one of {', '.join(_TASKS)}; upgrade ressq-edge")
    return _TASKS[name](split, config)
