"""An end by Ctrl-C or SIGTERM: it breaks off the wait for a picture, never the writing of an answer."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from signal import SIG_IGN, SIGINT, SIGTERM, getsignal, signal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType
    from typing import Any


class GracefulShutdown:
    """While entered, both signals raise KeyboardInterrupt: at once, or at the end of `with held()`.

    An answer goes to two places, stdout and the table; a signal between them would part the two.
    """

    def __init__(self) -> None:
        self._asked = False
        self._holding = False
        self._before: dict[Any, Any] = {}

    def __enter__(self) -> GracefulShutdown:
        with suppress(ValueError):  # not the main thread, which alone gets signals
            for number in (SIGINT, SIGTERM):
                # Ignored, for instance in a shell's background, it stays ignored.
                if getsignal(number) is not SIG_IGN:
                    self._before[number] = signal(number, self._end)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal(number, handler)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Inside, a signal waits.

        Raises:
            KeyboardInterrupt: at the end, if one came.
        """
        self._holding = True
        try:
            yield
        finally:
            self._holding = False
        if self._asked:
            raise KeyboardInterrupt

    def _end(self, _number: int, _frame: FrameType | None) -> None:
        self._asked = True
        if not self._holding:
            raise KeyboardInterrupt
