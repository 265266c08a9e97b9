"""Frames that come late: whoever decodes slower than a camera sends falls behind it, by as much as the socket holds.

Video's frames are told by the ones before, so none can be left out but all between two key frames, which are whole.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from time import monotonic

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# So late for so long is no hiccup of the network, after which the frames that it held come at once.
LATE_S = 3.0
# How far two clocks part in a second: a camera's is right to some 50 millionths.
_DRIFT = 1e-3
# Between two key frames lie up to ten seconds, where others come every 33 ms.
KEY_FRAMES_PATIENCE = 6
_OPTIONS = "OPENCV_FFMPEG_CAPTURE_OPTIONS"


class Delay:
    """How late a stream's frames come, by its clock and ours.

    Fields: key_frames, whether to decode those alone, since all are too many.
    """

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        """Nothing is known yet."""
        self.key_frames = False
        self._clock = clock
        self.restart()

    def restart(self) -> None:
        """The stream is opened anew, and its time with it."""
        self._least: float | None = None
        self._before = self._since = self._clock()

    def is_late(self, frame_s: float) -> bool:
        """Whether the frames have been late for long, and now the one of this time of the stream."""
        now = self._clock()
        apart = now - frame_s
        least = apart if self._least is None else min(apart, self._least + (now - self._before) * _DRIFT)
        self._least, self._before = least, now
        if apart - least < LATE_S:
            self._since = now
        return now - self._since > LATE_S

    @contextmanager
    def options(self) -> Iterator[None]:
        """OpenCV opens streams as is wanted meanwhile."""
        before = os.environ.get(_OPTIONS)
        if self.key_frames:
            os.environ[_OPTIONS] = f"{before or 'rtsp_transport;tcp'}|avdiscard;nonkey"
        try:
            yield
        finally:
            if self.key_frames:
                del os.environ[_OPTIONS]
                os.environ.update({} if before is None else {_OPTIONS: before})
