"""What a network answers, one module a task; all others know a task by `task.Task` alone.

A new task is a module here and a line in `_TASKS`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from ressq_export.errors import ExportError
from ressq_export.network.input_tensor import input_tensor

if TYPE_CHECKING:
    from ressq_edge.network.checkpoint import Checkpoint
    from ressq_export.tasks.task import Task


Colours = Sequence[Sequence[int]]  # (r, g, b) of each class


def _classify(labels: Sequence[str], _colours: Colours | None, _size: tuple[int, int]) -> Task:
    from ressq_export.tasks.classify import Classify

    return Classify(labels)


def _segment(labels: Sequence[str], colours: Colours | None, size: tuple[int, int]) -> Task:
    from ressq_export.tasks.segment import Segment

    return Segment(labels, colours or (), size)


_TASKS: dict[str, Callable[[Sequence[str], Colours | None, tuple[int, int]], Task]] = {
    "classify": _classify,
    "segment": _segment,
}


def open_task(checkpoint: Checkpoint) -> Task:
    """The task that the network was trained for.

    Raises:
        ExportError: this version does not know it.
    """
    _, height, width, *_ = input_tensor(checkpoint.input).shape
    size = height, width
    return find_task(checkpoint.config.get("task", ""), checkpoint.labels, checkpoint.colours, size)


def find_task(name: str, labels: Sequence[str], colours: Colours | None = None, size: tuple[int, int] = (0, 0)) -> Task:
    """The task of that name.

    Raises:
        ExportError: this version does not know it.
    """
    if name not in _TASKS:
        wanted = ", ".join(_TASKS)
        raise ExportError(
            f"task: found {name!r} in the run, wanted one of {wanted}; train again, or upgrade ressq-edge"
        )
    return _TASKS[name](labels, colours, size)
