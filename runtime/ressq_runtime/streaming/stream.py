"""Many pictures, one answer after the other: named by arguments, by a stream, or by coming into a folder."""

from __future__ import annotations

import os
import sys

from ressq_runtime.answer import refuse_address
from ressq_runtime.classify import available_cores
from ressq_runtime.errors import PictureError, printable
from ressq_runtime.faults import Faults
from ressq_runtime.inputs.names import refuse_locale
from ressq_runtime.rows import open_writer
from ressq_runtime.step import infer
from ressq_runtime.streaming.prefetch import prepare_all
from ressq_runtime.streaming.shutdown import GracefulShutdown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Callable, Iterable, Iterator

    from ressq_runtime.classify import Classifier
    from ressq_runtime.rows import Writer
    from ressq_runtime.streaming.watch import Watch

_CHUNK_BYTES = 1 << 16
# Linux refuses paths of 4096 bytes and more; what is longer is no list of paths.
_LONGEST_PATH_BYTES = 1 << 15
_HINT = "; use find -print0, or tr '\\n' '\\0'"


def answer_many(arguments: Namespace, classifier: Classifier, named: list[str]) -> int:
    """Classifies the pictures named, or those of --stdin0 or --watch; exit code 0, or 1 if one could not be read.

    Raises:
        RessqError: the pictures can't be listed, or the answers not written.
    """
    with open_writer(arguments, classifier) as writer, GracefulShutdown() as ending:
        if arguments.watch:
            return _answer_watched(arguments, classifier, writer, ending)
        pictures = read_paths() if arguments.stdin0 else named
        rows, gathered = bool(arguments.csv or arguments.json), Faults()
        tell = gathered.add if rows or not arguments.stdin0 else _tell  # a stream may go on for long
        try:
            answered, faults = _answer_each(classifier, pictures, arguments.top_k, writer, ending, tell)
        finally:
            for line in gathered.lines():
                _tell(line)
    if faults:
        hint = "" if rows or len(gathered.lines()) in (0, faults) else "; --json names each"
        print(f"ressq-infer: {answered} answered, {faults} could not be read{hint}", file=sys.stderr)
    return 1 if faults or writer.earlier_faults else 0


def _answer_watched(arguments: Namespace, classifier: Classifier, writer: Writer, ending: GracefulShutdown) -> int:
    """What comes into the folder, until a signal ends it, which is no fault: exit code 0."""
    from ressq_runtime.streaming.watch import Watch

    watch = Watch(arguments.watch, writer.done, say=_note)
    print(f"ressq-infer: watching {arguments.watch}; Ctrl-C ends", file=sys.stderr)
    try:
        _answer_each(classifier, watch.pictures(), arguments.top_k, writer, ending, _tell, watch)
    except KeyboardInterrupt:
        print("ressq-infer: stopped", file=sys.stderr)
    finally:
        watch.close()
    return 0


def _answer_each(
    classifier: Classifier,
    pictures: Iterable[str],
    top_k: int,
    writer: Writer,
    ending: GracefulShutdown,
    tell: Callable[[str], None],
    watch: Watch | None = None,
) -> tuple[int, int]:
    """How many of the pictures without an answer were answered, and how many could not be read."""
    answered = faults = 0
    new = (picture for picture in pictures if picture not in writer.done)
    # Only on a core that the interpreter leaves: where both shared one, it was slower as often as faster.
    spare = available_cores() > classifier.engine.threads
    for picture, prepared in prepare_all(new, classifier.spec, ahead=spare):
        if picture in writer.done:  # named twice, and it was on its way already
            continue
        if not isinstance(prepared, PictureError):
            answer = (picture, *infer(classifier, prepared, top_k))
            with ending.held():
                writer.write(answer)
            answered += 1
        elif watch is None or not watch.try_again(picture):
            tell(str(prepared))
            with ending.held():
                writer.write_fault(picture, str(prepared))
            faults += 1
    return answered, faults


def _note(text: str) -> None:
    print(f"ressq-infer: {printable(text)}", file=sys.stderr)


def _tell(fault: str) -> None:
    print(f"ressq-infer: error: {fault}", file=sys.stderr)


def read_paths(descriptor: int = 0) -> Iterator[str]:
    """The paths in a stream, each as soon as the NUL behind it is there; the last one may lack its NUL.

    A stream of none is no fault, since `find` may find nothing; but it is said.

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
        print("ressq-infer: stdin: found no path, nothing to do", file=sys.stderr)


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
