"""Many pictures, one answer after the other: named by arguments, by a stream, or by coming into a folder."""

from __future__ import annotations

import os

from ressq_runtime.errors import InputError, PictureError
from ressq_runtime.faults import Faults
from ressq_runtime.inputs.names import refuse_address, refuse_locale
from ressq_runtime.model import available_cores
from ressq_runtime.streaming.prefetch import prepare_all
from ressq_runtime.streaming.shutdown import GracefulShutdown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from ressq_runtime.model import Model
    from ressq_runtime.rows import Say, Writer
    from ressq_runtime.streaming.watch import Watch

_CHUNK_BYTES = 1 << 16
# Linux refuses paths of 4096 bytes and more; what is longer is no list of paths.
_LONGEST_PATH_BYTES = 1 << 15
_HINT = "; use find -print0, or tr '\\n' '\\0'"


def answer_many(model: Model, pictures: Iterable[str], writer: Writer, say: Say, *, rows: bool, endless: bool) -> int:
    """Answers the pictures that have no answer; returns how many could not be read.

    Args:
        rows: the writer's rows name each fault, so that a summary of them does for people.
        endless: the pictures may come for long, so that without rows each fault is told at once.

    Raises:
        RessqError: the pictures can't be listed, or the answers not written.
    """
    gathered = Faults()
    with GracefulShutdown() as ending:
        tell = gathered.add if rows or not endless else lambda fault: say(f"error: {fault}")
        try:
            answered, faults = _answer_each(model, pictures, writer, ending, tell)
        finally:
            for line in gathered.lines():
                say(f"error: {line}")
    if faults:
        hint = "" if rows or len(gathered.lines()) in (0, faults) else "; --json names each"
        say(f"{answered} answered, {faults} could not be read{hint}")
    return faults


def answer_watched(model: Model, folder: str, writer: Writer, say: Say) -> None:
    """Answers what comes into the folder, until a signal ends it, which is no fault.

    Raises:
        RessqError: the folder can't be read, or the answers not written.
    """
    from ressq_runtime.streaming.watch import Watch

    with GracefulShutdown() as ending:
        watch = Watch(folder, writer.done, say=say)
        say(f"watching {folder}; Ctrl-C ends")
        try:
            _answer_each(model, watch.pictures(), writer, ending, lambda fault: say(f"error: {fault}"), watch)
        except KeyboardInterrupt:
            say("stopped")
        finally:
            watch.close()


def _answer_each(
    model: Model,
    pictures: Iterable[str],
    writer: Writer,
    ending: GracefulShutdown,
    tell: Callable[[str], None],
    watch: Watch | None = None,
) -> tuple[int, int]:
    """How many of the pictures without an answer were answered, and how many could not be read."""
    answered = faults = 0
    new = (picture for picture in pictures if picture not in writer.done)
    # Only on a core that the interpreter leaves: where both shared one, it was slower as often as faster.
    spare = available_cores() > model.engine.threads
    for picture, prepared in prepare_all(new, model.input, ahead=spare):
        if picture in writer.done:  # named twice, and it was on its way already
            continue
        if not isinstance(prepared, InputError):
            row = (picture, *model.infer(prepared))
            with ending.held():
                writer.write(row)
            answered += 1
        elif watch is None or not watch.try_again(picture):
            tell(str(prepared))
            with ending.held():
                writer.write_fault(picture, str(prepared))
            faults += 1
    return answered, faults


def read_paths(say: Say, descriptor: int = 0) -> Iterator[str]:
    """The paths in a stream, each as soon as the NUL behind it is there; the last one may lack its NUL.

    A stream of none is no fault, since `find` may find nothing; but it is told.

    Raises:
        PictureError: the stream can't be read, or holds lines or network addresses.
    """
    rest, named = b"", False
    while chunk := _read(descriptor):
        *paths, rest = (rest + chunk).split(b"\0")
        for path in paths:
            named = True
            yield _decode(path)
        if len(rest) > _LONGEST_PATH_BYTES:
            raise PictureError(f"stdin: found {len(rest)} bytes without a NUL, wanted paths, each ended by one{_HINT}")
    if not named and b"\n" in rest:
        raise PictureError(f"stdin: found lines, wanted paths, each ended by a NUL{_HINT}")
    if rest:
        yield _decode(rest)
    elif not named:
        say("stdin: found no path, nothing to do")


def _decode(path: bytes) -> str:
    name = os.fsdecode(path)
    if not name.isascii():
        refuse_locale("stdin", [name])
    if "://" in name:
        refuse_address(name)
    return name


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, _CHUNK_BYTES)
    except OSError as error:
        raise PictureError(f"stdin: {error.strerror}; redirect it from a file or a pipe") from error
