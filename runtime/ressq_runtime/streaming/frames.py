"""The frames of a source that runs on its own time: a thread reads them all and keeps the last one alone.

Whoever asks late sees the present, not what a socket or a driver kept meanwhile. A stream that breaks off is
opened again, and it is said since when there is no picture.
"""

from __future__ import annotations

from threading import Condition, Event, Thread
from time import monotonic, time

from ressq_runtime.errors import PictureError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any, Protocol

    class Source(Protocol):
        """Where a reader gets frames from.

        Fields: every, whether each frame is wanted, as of a film; again, whether to open it anew when it breaks off;
        patience, how many times longer than others' the pauses between its frames may be.
        """

        every: bool
        again: bool
        patience: int

        def read(self) -> Any:
            """The next frame, None at the end of a film.

            Raises:
                PictureError: there are no more; the message is `found X; do this`, without the source's name.
            """

        def close(self) -> None:
            """Lets the source go."""


# What every camera can do; larger only for a network that sees more.
SMALLEST_FRAME_HEIGHT = 480
# From opening to the first frame: a stream over RTSP is looked at for up to 5 s before it gives one.
START_S = 20.0
# Without a frame for this long, a stream is said to be without pictures, though nothing broke off.
QUIET_S = 5.0
# The waits between two tries to open a stream again: doubled each time, up to the longest.
FIRST_WAIT_S, LONGEST_WAIT_S = 1.0, 30.0
# For a thread that is inside OpenCV, and lets a device go when it returns.
_CLOSE_S = 0.3


class Frame:
    """A picture, a uint8 (H, W, 3) RGB array or a file's bytes, and when it was received, in seconds since 1970."""

    __slots__ = ("picture", "received")

    def __init__(self, picture: Any, received: float) -> None:
        self.picture = picture
        self.received = received


class Reader:
    """A thread that reads one source; one other thread takes its frames."""

    def __init__(self, name: str, connect: Callable[[], Source], say: Callable[[str], None]) -> None:
        """Begins to read; the name is for messages, `say` gets those that are no faults."""
        self._name, self._connect, self._say = name, connect, say
        self._change = Condition()
        self._closed = Event()
        self._frame: Frame | None = None
        self._fault: BaseException | None = None  # why there is no frame now
        self._over = False
        self._patience = 1
        self._received, self._received_at = 0.0, 0.0  # the last frame, by time() and by monotonic()
        # A daemon: it may hang in a read when the process is to end.
        self._thread = Thread(target=self._work, name="camera", daemon=True)
        self._thread.start()

    def wait_for_first(self) -> None:
        """Returns when there is a frame, or the end of a film.

        Raises:
            PictureError: there is none, or none in time.
        """
        with self._change:
            if not self._change.wait_for(lambda: self._frame or self._over, START_S):
                raise PictureError(f"camera {self._name}: found no picture in {START_S:.0f} s; see if it sends any")
        self._raise_fault()

    def frames(self) -> Iterator[Frame]:
        """The newest frame each time, none twice; of a film each frame, to its end.

        Raises:
            PictureError: the source gives no more, and is not one to open again.
        """
        while (frame := self._take()) is not None:
            yield frame

    def close(self) -> None:
        """Ends the thread, which lets the source go."""
        self._closed.set()
        with self._change:
            self._change.notify_all()
        self._thread.join(_CLOSE_S)

    def _take(self) -> Frame | None:
        since = 0.0
        with self._change:
            while (frame := self._frame) is None and not self._over and not self._closed.is_set():
                self._change.wait(QUIET_S / 5)
                if not since and self._is_without():
                    since = self._received
                    why = str(self._fault or "nothing received").partition(";")[0].removeprefix("found ")
                    self._say(f"no picture since {to_utc(since)} ({why}); trying again")
            self._frame = None
            self._change.notify_all()
        if frame is None and not self._closed.is_set():
            self._raise_fault()
        if frame is not None and since:
            self._say(f"pictures again at {to_utc(frame.received)}, after {frame.received - since:.0f} s")
        return frame

    def _is_without(self) -> bool:
        """True where a stream has no frame to give, and is not just between two."""
        if self._frame or self._over:
            return False
        return self._fault is not None or monotonic() - self._received_at > QUIET_S * self._patience

    def _work(self) -> None:
        """Reads until closed, or until the source is over; opens a stream again."""
        wait_s = FIRST_WAIT_S
        again = False
        while not self._closed.is_set():
            try:
                source = self._connect()
                self._patience = source.patience
                try:
                    while not self._closed.is_set():
                        if (picture := source.read()) is None:
                            return self._end(None)
                        self._keep(Frame(picture, time()), every=source.every)
                        again, wait_s = source.again, FIRST_WAIT_S
                finally:
                    source.close()
            except PictureError as fault:
                if not again:
                    return self._end(fault)
                with self._change:
                    self._fault = fault
                    self._change.notify_all()
            except BaseException as error:  # whatever it is, it is the caller's to handle
                return self._end(error)
            self._closed.wait(wait_s)
            wait_s = min(2 * wait_s, LONGEST_WAIT_S)
        return None

    def _keep(self, frame: Frame, *, every: bool) -> None:
        with self._change:
            if every:
                self._change.wait_for(lambda: self._frame is None or self._closed.is_set())
            self._frame, self._fault = frame, None
            self._received, self._received_at = frame.received, monotonic()
            self._change.notify_all()

    def _end(self, fault: BaseException | None) -> None:
        with self._change:
            self._fault, self._over = fault, True
            self._change.notify_all()

    def _raise_fault(self) -> None:
        if self._over and isinstance(self._fault, PictureError):
            raise PictureError(f"camera {self._name}: {self._fault}") from self._fault
        if self._over and self._fault:
            raise self._fault


def to_utc(seconds: float) -> str:
    """ISO 8601, milliseconds, of seconds since 1970."""
    from datetime import UTC, datetime

    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
