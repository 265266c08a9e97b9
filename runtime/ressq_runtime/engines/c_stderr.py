"""What C code prints to `stderr`, sent nowhere for a while: LiteRT before 2.1.5 can't be told to be quiet.

Descriptor 2 stays as it is, and with it what Python prints and logs meanwhile in other threads. Only what other C code
writes to the stream `stderr` in that time is lost.
"""

from __future__ import annotations

import os
from _thread import RLock
from ctypes import CDLL, c_void_p

_turn = RLock()  # reentrant: a garbage collection inside may close another engine
_before: list[int | None] = []  # what `stderr` was at each entry
_nowhere: list[int | None] = []


def silence() -> None:
    """From now on C's `stderr` leads nowhere, until `restore` is called in this thread; others wait for that."""
    _turn.acquire()
    stderr = _find()
    _before.append(stderr.value)
    stderr.value = _open_nowhere()


def restore() -> None:
    """C's `stderr` is what it was."""
    _find().value = _before.pop()
    _turn.release()


def _find() -> c_void_p:
    """The variable `stderr`, which glibc lets programs set."""
    return c_void_p.in_dll(CDLL(None), "stderr")


def _open_nowhere() -> int | None:
    """One C stream for the process, never closed: another thread may be about to print to it."""
    if not _nowhere:
        libc = CDLL(None)
        libc.fopen.restype = c_void_p
        _nowhere.append(libc.fopen(os.devnull.encode(), b"w"))
    return _nowhere[0]


def _begin_child() -> None:
    """The thread that was inside is not in a forked process."""
    global _turn
    _turn = RLock()
    if _before:
        _find().value = _before[0]
        _before.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_begin_child)
