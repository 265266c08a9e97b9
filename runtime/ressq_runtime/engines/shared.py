"""One engine for many threads: one call at a time, and none in a process that was forked from the one that opened it.

A lock, not an engine a thread: docs/decisions/0024.
"""

from __future__ import annotations

import atexit
import os
from _thread import RLock
from _weakref import ref
from ctypes import py_object, pythonapi

from ressq_runtime.errors import EngineError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from ressq_runtime.engines.engine import Engine
    from ressq_runtime.engines.tensor import Tensor

# How many forks lie between the first process and this one. An engine computes on threads of its own, which a forked
# process does not have: to free it there waits for them for ever (LiteRT and Interpreter, two threads).
forks = [0]

# At the process's end, for a call in hand.
_GRACE_S = 5.0

_open: set[ref[SharedEngine]] = set()


class SharedEngine:
    """An engine that any thread may call; `engine` is the one of this process after its first call.

    A call from within a call, as a signal's handler makes it, would mix two pictures or wait for itself: refused.
    """

    __slots__ = ("__weakref__", "_busy", "_closed", "_forks", "_home", "_locks", "_path", "_reopen", "engine")

    def __init__(self, path: str, engine: Engine, reopen: Callable[[], Engine]) -> None:
        """`reopen` opens the model again, for a forked process."""
        self.engine = engine
        self._path, self._reopen = path, reopen
        self._forks, self._home = forks, forks[0]
        # By process: a thread that a fork did not copy may hold the one before. Reentrant: a signal's handler runs
        # in the thread that it interrupts, which may be in the middle of a call.
        self._locks = {self._home: RLock()}
        self._busy = self._closed = False
        _open.add(ref(self, _open.discard))

    def run(self, data: bytes) -> dict[str, Tensor]:
        """The model's outputs, as `Engine.run` gives them.

        Raises:
            EngineError: as there, or this thread is in a call already.
        """
        with self._lock():
            self._enter()
            try:
                return self.engine.run(data)
            finally:
                self._busy = False
                if self._closed:
                    self.engine.close()

    def close(self) -> None:
        """Frees the engine, after the call in hand."""
        with self._lock():
            self._closed = True
            if self._forks[0] == self._home and not self._busy:
                self.engine.close()

    def keep(self) -> None:
        """From now on no other thread comes in."""
        self._lock().acquire(timeout=_GRACE_S)

    def __del__(self) -> None:
        if self._forks[0] != self._home:
            self._strand()

    def _strand(self) -> None:
        """Keeps an inherited engine until the process ends, and beyond: it is never freed."""
        pythonapi.Py_IncRef(py_object(self.engine))

    def _lock(self) -> RLock:
        count = self._forks[0]
        return self._locks.get(count) or self._locks.setdefault(count, RLock())

    def _enter(self) -> None:
        if self._closed:
            raise explain_closed(self._path)
        if self._forks[0] != self._home:
            opened = self._reopen()
            self._strand()
            self.engine, self._home, self._busy = opened, self._forks[0], False
        if self._busy:
            raise EngineError(
                f"{self._path}: found a call within a call of the same thread, as from a signal's handler, wanted one "
                "after the other; let the handler set a flag, and call later"
            )
        self._busy = True


def explain_closed(path: str) -> EngineError:
    """What every engine says once it is closed."""
    return EngineError(f"{path}: found a closed engine, wanted an open one; load the model again")


def _count_fork() -> None:
    forks[0] += 1


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_count_fork)


@atexit.register
def _keep_all() -> None:
    """Python's end takes daemon threads down wherever they are: in ONNX Runtime or Interpreter, that aborts it."""
    for each in list(_open):
        shared = each()
        if shared is not None:
            shared.keep()
