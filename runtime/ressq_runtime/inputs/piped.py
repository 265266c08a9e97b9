"""A picture that comes through a pipe: `rpicam-still -o - | ressq-infer -` touches no memory card."""

from __future__ import annotations

import os
import sys

from ressq_runtime.errors import PictureError

LARGEST_BYTES = 20_000_000  # of one picture that somebody sends, here or to `serve`
_HINT = "for instance: rpicam-still -n -o - | ressq-infer -"


def read_piped(name: str) -> bytes:
    """All that comes from stdin (`-`), or from a descriptor's path, as a shell makes it of <(command).

    Raises:
        PictureError: nothing comes, or too much, or it can't be read.
    """
    shown = "stdin" if name == "-" else name
    if name in ("-", "/dev/stdin") and sys.stdin is None:
        raise PictureError(f"{shown}: found it closed, wanted a picture; {_HINT}")
    try:
        with open(0 if name == "-" else name, "rb", closefd=name != "-") as file:
            if file.isatty():
                raise PictureError(f"{shown}: found a terminal, wanted a picture; {_HINT}")
            content = file.read(LARGEST_BYTES + 1)
    except OSError as error:
        raise PictureError(f"{shown}: {error.strerror or error}; {_HINT}") from error
    if not content:
        raise PictureError(f"{shown}: found nothing, wanted a picture; see what the command before it says")
    if len(content) > LARGEST_BYTES:
        raise PictureError(
            f"{shown}: found more than {LARGEST_BYTES // 1_000_000} MB, wanted one picture; make a smaller copy"
        )
    return content


def is_piped(name: str) -> bool:
    """Whether a picture of that name is to be read by `read_piped`."""
    if name == "-":
        return True
    descriptor = name.startswith(("/dev/stdin", "/dev/fd/", "/proc/"))
    return descriptor and os.path.exists(name) and not os.path.isfile(name) and not os.path.isdir(name)


def name_row(name: str, table: str | None) -> str:
    """How a row names such a picture: as the command did, in a table, which knows pictures by their names, by now."""
    if table is None:
        return name
    from datetime import UTC, datetime

    return datetime.now(UTC).isoformat(timespec="milliseconds")
