"""A file that grows by one text after the other, written by one process at a time."""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress
from time import monotonic

from ressq_runtime.errors import OutputError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

# After a power cut the pictures of the last second are done again. An fsync a row would take 30 times as long
# as the row itself on a virtual disk, more on a memory card, and wear that out.
SYNC_SECONDS = 1.0


class Appender:
    """The end of a file: each text is one write, and on the disk about a second later."""

    def __init__(self, path: str) -> None:
        """Opens the file, or makes it; links are followed.

        Raises:
            OutputError: it is no file, or another process has it open to append to it.
            OSError: it can't be opened.
        """
        self._path = os.path.realpath(path)
        self._descriptor = _open_alone(path)
        self._synced_at = 0.0

    def write(self, text: str) -> None:
        """Appends the text, whole.

        Raises:
            OSError: the disk is full; the file is as it was.
        """
        content = text.encode("utf-8", "surrogateescape")
        written = os.write(self._descriptor, content)
        if written < len(content):  # the disk is full: no half rows
            os.ftruncate(self._descriptor, os.fstat(self._descriptor).st_size - written)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        if monotonic() - self._synced_at >= SYNC_SECONDS:
            os.fsync(self._descriptor)
            self._synced_at = monotonic()

    def truncate(self, size_bytes: int) -> None:
        """Removes what lies behind the first bytes."""
        os.ftruncate(self._descriptor, size_bytes)

    def replace(self, parts: Iterable[bytes]) -> None:
        """Puts another content in the file's place, in one step; then it can only be closed.

        Raises:
            OSError: the disk is full; the file is as it was.
        """
        partial = f"{self._path}.{os.getpid()}.part"
        try:
            with open(partial, "wb") as file:
                file.writelines(parts)
                file.flush()
                os.fsync(file.fileno())
            os.chmod(partial, stat.S_IMODE(os.fstat(self._descriptor).st_mode))
            os.replace(partial, self._path)
        finally:
            with suppress(FileNotFoundError):
                os.remove(partial)

    def close(self) -> None:
        """Everything is on the disk, and another process may have the file."""
        try:
            os.fsync(self._descriptor)
        finally:
            os.close(self._descriptor)


def _open_alone(path: str) -> int:
    """A descriptor that appends to the file, which no other process may write meanwhile."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0), 0o666)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OutputError(f"{path}: found a device or a pipe, wanted a file, which can be continued; name another")
        _lock(descriptor, path)
        if not os.path.samestat(os.fstat(descriptor), os.stat(path)):  # replaced while we opened it
            raise _taken(path)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _lock(descriptor: int, path: str) -> None:
    try:
        from fcntl import LOCK_EX, LOCK_NB, flock
    except ImportError:  # Windows
        return
    try:
        flock(descriptor, LOCK_EX | LOCK_NB)
    except BlockingIOError as error:
        raise _taken(path) from error
    except OSError:
        pass  # a network drive without locks: better a table that nothing guards than none


def _taken(path: str) -> OutputError:
    return OutputError(f"{path}: found another process that writes it, wanted one; wait for it, or end it")
