"""Files that are either whole or not there: written under a temporary name, then moved into place."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ressq_runtime.errors import OutputError

WAITS = (0.1, 0.2, 0.4, 0.8, 1.6)  # seconds until a file that another program holds is tried again


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary path in the same folder, which becomes `path` when the block ends well.

    After a crash at any moment `path` holds the old bytes or the new ones, never a mixture.

    Raises:
        OutputError: the file cannot be written (no such folder, read-only, disk full).
    """
    # Suffix kept: matplotlib and others choose a format by it.
    temporary = path.with_name(f".{path.stem}.{os.getpid()}.tmp{path.suffix}")
    try:
        yield temporary
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())  # else a power cut may leave the new name with no bytes
        _move(temporary, path)
    except OSError as error:
        raise cannot_write(path, error) from error
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def _move(temporary: Path, path: Path) -> None:
    for seconds in WAITS:
        try:
            temporary.replace(path)
        except PermissionError:  # Windows: a virus scanner or a spreadsheet has the file open
            time.sleep(seconds)
        else:
            return
    temporary.replace(path)


def remove_leftovers(folder: Path) -> None:
    """Delete the temporary files that a killed process left."""
    with suppress(OSError):
        for path in folder.glob(".*.tmp*"):
            path.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text, all of it or nothing; what is none of it in a path, as its escape.

    Raises:
        OutputError: the file cannot be written.
    """
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8", errors="backslashreplace")


def write_bytes(path: Path, content: bytes) -> None:
    """Write bytes, all of them or nothing.

    Raises:
        OutputError: the file cannot be written.
    """
    with replacing(path) as temporary:
        temporary.write_bytes(content)


def cannot_write(path: Path, error: OSError) -> OutputError:
    """The error for a file that cannot be written, with the system's reason."""
    reason = (error.strerror or str(error)).lower()
    held = isinstance(error, PermissionError)
    advice = "close the program that holds it, or mend its permissions," if held else "free space"
    return OutputError(f"{path}: cannot write: {reason}; {advice} or choose another --out")
