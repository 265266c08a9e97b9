"""What all commands do alike: they mend their streams, tell faults under their own name, and end with a code."""

from __future__ import annotations

import os
import sys

from ressq_runtime.errors import RessqError, printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from ressq_runtime.rows import Say


def guard(name: str, work: Callable[[Say], int]) -> int:
    """Does a command's work; returns its exit code, 1 for a fault, which is told, and 130 for Ctrl-C."""

    def say(text: str) -> None:
        print(f"{name}: {printable(text)}", file=sys.stderr)

    mend_streams()
    try:
        return work(say)
    except RessqError as error:
        say(f"error: {error}")
        return 1
    except BrokenPipeError:  # the reader has what it wanted (`| head`)
        _drop_stdout()
        return 1
    except OSError as error:
        say(f"error: {error}; check the disk that it writes to")
        return 1
    except KeyboardInterrupt:
        say("interrupted")
        return 130


def leave(name: str, code: int) -> None:
    """Ends the process of an installed command with the exit code of its `main`.

    Everything is flushed, then the process ends at once: taking Python's modules down one by one costs
    half an inference and changes nothing.
    """
    try:
        sys.stdout.flush()
    except OSError as error:
        if code == 0:  # else it has been told: what could not be written is still in the buffer
            print(f"{name}: error: stdout: {error.strerror}; free space, or write elsewhere", file=sys.stderr)
        code = 1
    sys.stderr.flush()
    os._exit(code)


def mend_streams() -> None:
    """A closed stdout fails where it is written to, a closed stderr is wanted so; any file name can be shown."""
    sys.stdout = sys.stdout or os.fdopen(os.open(os.devnull, os.O_RDONLY), "w")
    sys.stderr = sys.stderr or open(os.devnull, "w")
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="backslashreplace")


def print_result(command: str, text: str, advice: str) -> int:
    """Prints what a command found; the exit code: 1 where stdout takes it no more, which is told with the advice."""
    try:
        print(text, flush=True)
    except OSError as error:
        if not isinstance(error, BrokenPipeError):
            print(f"{command}: error: stdout: {error.strerror}; {advice}", file=sys.stderr)
        _drop_stdout()
        return 1
    return 0


def _drop_stdout() -> None:
    """Python would complain again when it closes stdout."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
