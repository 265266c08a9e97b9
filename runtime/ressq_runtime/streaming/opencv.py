"""What OpenCV opens: a USB camera, a film, a stream over RTSP."""

from __future__ import annotations

import os
import socket
import stat
from time import monotonic
from urllib.parse import urlsplit

from ressq_runtime.addresses import is_address, is_pipeline
from ressq_runtime.errors import PictureError
from ressq_runtime.streaming.delay import KEY_FRAMES_PATIENCE, LATE_S, Delay
from ressq_runtime.streaming.frames import SMALLEST_FRAME_HEIGHT
from ressq_runtime.streaming.mjpeg import MEND, STALL_S, explain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from ressq_runtime.inputs.picture_spec import PixelSpec

_PORTS = {"rtsp": 554, "rtsps": 322, "rtmp": 1935}


class OpenCvSource:
    """A USB camera by its number or device, a film by its file, a stream by its address.

    Fields: every, of a film; again, of a stream; patience.
    """

    def __init__(self, name: str, spec: PixelSpec, delay: Delay) -> None:
        """Opens it; by `delay` it is known whether its frames came too late before.

        Raises:
            PictureError: OpenCV is missing, or can't open it; the camera is not named.
        """
        _refuse_other_letters(name)
        try:
            import cv2
        except ImportError as error:
            raise PictureError(
                "found neither picamera2 with such a camera nor OpenCV, wanted one of them; sudo apt "
                "install python3-picamera2 on a Raspberry Pi, or pip install opencv-python-headless for USB cameras"
            ) from error
        self._cv2 = cv2
        self._delay = delay
        delay.restart()
        self.patience = KEY_FRAMES_PATIENCE if delay.key_frames else 1
        self._stall_s = STALL_S * self.patience
        if is_address(name):
            _knock(name)
        if is_address(name) and cv2.CAP_FFMPEG in cv2.videoio_registry.getStreamBackends():
            # By FFmpeg alone: OpenCV's others print the address that they do not understand, password and all.
            limits = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, int(STALL_S * 1000)]
            limits += [cv2.CAP_PROP_READ_TIMEOUT_MSEC, int(self._stall_s * 1000)]
            with delay.options():
                self._capture = cv2.VideoCapture(name, cv2.CAP_FFMPEG, limits)
        else:
            # A number of so many digits is none of a device, and none that OpenCV takes.
            self._capture = cv2.VideoCapture(int(name) if name.isdecimal() and len(name) < 9 else name)
        if not self._capture.isOpened():
            raise PictureError(_explain_closed(name))
        is_device = name.isdecimal() or _is_kind(name, stat.S_ISCHR)
        if is_device:
            self._ask_for_size(max(SMALLEST_FRAME_HEIGHT, *spec.least))
        self._has_times = name.lower().startswith(("rtsp", "rtmp"))
        # A film over HTTP has a length, too; a recorder tells one of its live streams over RTSP now and then.
        told = not is_device and not self._has_times and self._capture.get(cv2.CAP_PROP_FRAME_COUNT) > 0
        self.every = told or _is_kind(name, stat.S_ISREG)
        self.again = not is_device and not self.every

    def read(self) -> Any:
        """The next frame, uint8 (H, W, 3) RGB; None at a film's end.

        Raises:
            PictureError: there are no more; the camera is not named.
        """
        began = monotonic()
        found, frame = self._capture.read()
        if self.again and monotonic() - began >= self._stall_s:
            # FFmpeg gave up, and has its decoder's last frame to give: an old one.
            raise PictureError(f"found no frame in {self._stall_s:.0f} s; {MEND}")
        if found and self._has_times and not self._delay.key_frames:
            self._check_delay()
        if found:
            return self._cv2.cvtColor(frame, self._cv2.COLOR_BGR2RGB)  # OpenCV's own order is blue first
        if self.every:
            return None
        raise PictureError(f"found no more frames; {MEND if self.again else 'check its cable, then start again'}")

    def _check_delay(self) -> None:
        if self._delay.is_late(self._capture.get(self._cv2.CAP_PROP_POS_MSEC) / 1000):
            self._delay.key_frames = True
            raise PictureError(
                f"found frames more than {LATE_S:.0f} s late, since this device decodes slower than the camera sends: "
                "name the camera's smaller stream, until then only key frames are read"
            )

    def close(self) -> None:
        """Lets it go."""
        self._capture.release()

    def _ask_for_size(self, height: int) -> None:
        self._capture.set(self._cv2.CAP_PROP_FRAME_WIDTH, height * 4 // 3)
        self._capture.set(self._cv2.CAP_PROP_FRAME_HEIGHT, height)
        # One is filled while the other is read. Of the driver's four (opencv#13145) a slow board gets the oldest.
        self._capture.set(self._cv2.CAP_PROP_BUFFERSIZE, 2)


def _refuse_other_letters(name: str) -> None:
    """OpenCV does not refuse a name that is no UTF-8: it ends the process by a segmentation fault."""
    try:
        name.encode()
    except UnicodeEncodeError:
        raise PictureError(
            "found a name with bytes that this locale does not read, wanted UTF-8; export LC_ALL=C.UTF-8, or rename it"
        ) from None


def _knock(address: str) -> None:
    """Connects and hangs up: OpenCV tells that a stream can't be opened, and not why."""
    try:
        parts = urlsplit(address)
        if not parts.hostname or parts.scheme not in _PORTS:
            return
        socket.create_connection((parts.hostname, parts.port or _PORTS[parts.scheme]), STALL_S).close()
    except (OSError, ValueError) as error:
        raise PictureError(f"found {explain(error)}; {MEND}") from error


def _is_kind(name: str, test: Callable[[int], bool]) -> bool:
    try:
        return bool(test(os.stat(name).st_mode))
    except (OSError, ValueError):
        return False


def _may_open(path: str) -> bool:
    try:
        os.close(os.open(path, os.O_RDWR | getattr(os, "O_NONBLOCK", 0)))
    except PermissionError:
        return False
    except OSError:  # another fault, as of a device that is in use
        pass
    return True


def _explain_closed(name: str) -> str:
    if is_address(name):
        return "found no stream that OpenCV can open; check address, user and password, and whether the camera is on"
    if is_pipeline(name):
        return "found no pipeline that this OpenCV can open; try it with gst-launch-1.0 first"
    path = f"/dev/video{name}" if name.isdecimal() else name
    if _is_kind(path, stat.S_ISCHR) and not _may_open(path):
        return f"found {path}, which this user may not open; sudo usermod -aG video $USER, then log in again"
    if _is_kind(path, stat.S_ISCHR):
        return f"found {path}, wanted a camera that gives pictures; close what else uses it, or try another number"
    if _is_kind(path, stat.S_ISREG):
        return "found a file, wanted a film that OpenCV can open; ressq-infer answers pictures"
    if name.isdecimal():
        return "found none, wanted one that OpenCV can open; ls /dev/video* lists them"
    return (
        "found no such device or file, wanted a number, a device, a film, a folder or an address like rtsp://HOST/PATH"
    )
