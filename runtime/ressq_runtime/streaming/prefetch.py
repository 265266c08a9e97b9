"""Pictures prepared one ahead of the other: decoded on one core while the interpreter works on another."""

from __future__ import annotations

from ressq_runtime.errors import InputError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from queue import Queue

    from ressq_runtime.inputs.input_spec import InputSpec, Prepared

    # A source and the model's bytes, or why there are none.
    Outcome = tuple[str, Prepared | InputError]

# Prepared pictures that may wait for the interpreter: enough to even out large and small ones.
AHEAD = 2


def prepare_all(pictures: Iterable[str], spec: InputSpec, *, ahead: bool) -> Iterator[Outcome]:
    """Every picture with its pixels or its fault, in order; paths are taken no faster than they are needed.

    Ahead: on a thread, while the caller computes.
    """
    if ahead:
        yield from _prepare_ahead(pictures, spec)
        return
    for path in pictures:
        yield path, _attempt(path, spec)


def _attempt(path: str, spec: InputSpec) -> Prepared | InputError:
    try:
        return spec.prepare(path)
    except InputError as fault:
        return fault


def _prepare_ahead(pictures: Iterable[str], spec: InputSpec) -> Iterator[Outcome]:
    from queue import Queue
    from threading import Event, Thread

    ready: Queue[Outcome | BaseException | None] = Queue(AHEAD)
    left = Event()

    def work() -> None:
        try:
            for path in pictures:
                if left.is_set():
                    return
                ready.put((path, _attempt(path, spec)))
            ready.put(None)
        except BaseException as error:  # whatever it is, it is the caller's to handle
            ready.put(error)

    # A daemon: it may hang in a read when the process is to end.
    Thread(target=work, name="prepare", daemon=True).start()
    try:
        while (found := ready.get()) is not None:
            if isinstance(found, BaseException):
                raise found
            yield found
    finally:
        left.set()
        _empty(ready)


def _empty(ready: Queue[Outcome | BaseException | None]) -> None:
    """Lets a thread that waits to put see that nobody takes any more."""
    while not ready.empty():
        ready.get_nowait()
