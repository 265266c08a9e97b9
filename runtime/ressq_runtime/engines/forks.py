"""Whether this process is the one that opened an engine, or was forked from it.

An engine computes on threads of its own, which a forked process does not have: to free it there waits for them for
ever (LiteRT and Interpreter, two threads). So a forked process leaves alone what it inherits.
"""

from __future__ import annotations

import os
from ctypes import py_object, pythonapi

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# How many forks lie between the first process and this one. A list: it is still there when modules are taken down.
forks = [0]


def strand(engine: Any) -> None:
    """Keeps an inherited engine until the process ends, and beyond: it is never freed."""
    pythonapi.Py_IncRef(py_object(engine))


def _count_fork() -> None:
    forks[0] += 1


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_count_fork)
