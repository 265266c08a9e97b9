"""`ressq-infer --camera`: frames of a Raspberry Pi's camera by picamera2, of any other by OpenCV. Both are optional."""

from __future__ import annotations

import os
import sys

from ressq_runtime.answer import load_named, timed_answer
from ressq_runtime.errors import PictureError
from ressq_runtime.rows import open_writer
from ressq_runtime.streaming.ending import Ending

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Iterator
    from typing import Any, Protocol

    from ressq_runtime.spec import PixelSpec

    class Camera(Protocol):
        """Where frames come from."""

        def frames(self) -> Iterator[Any]:
            """The newest frame each time, a uint8 (H, W, 3) RGB array, until closed.

            Raises:
                PictureError: the camera gives no more.
            """

        def close(self) -> None:
            """Lets the camera go."""


# What every camera can do; larger only for a network that sees more.
SMALLEST_FRAME_HEIGHT = 480
_LONGEST_WAIT_S = 10  # for a frame; picamera2 before 0.3.20 takes it for True, and waits for ever
_MEND = "check its cable, then start again"


class PiCamera:
    """A camera on a Raspberry Pi's ribbon cable."""

    def __init__(self, camera: Any, spec: PixelSpec) -> None:
        self._camera = camera
        height = max(SMALLEST_FRAME_HEIGHT, spec.resize)
        # libcamera names a format as the kernel does, from the highest bit of a little-endian word: "BGR888" lies
        # in memory as R, G, B, and "RGB888" as B, G, R (picamera2's issues 843 and 191; its own make_image agrees).
        main = {"format": "BGR888", "size": (height * 4 // 3, height)}
        camera.configure(camera.create_preview_configuration(main=main))
        camera.start()

    def frames(self) -> Iterator[Any]:
        while True:
            try:
                frame = self._camera.capture_array("main", wait=_LONGEST_WAIT_S)
            except (RuntimeError, TimeoutError) as error:
                raise PictureError(f"camera: found no more frames ({str(error) or 'none in 10 s'}); {_MEND}") from error
            yield frame

    def close(self) -> None:
        self._camera.close()  # which stops it; its own stop() would wait behind a frame that never comes


class OpenCvCamera:
    """A USB camera by its number, or what OpenCV opens by name: a device, a video file, a stream."""

    def __init__(self, name: str, spec: PixelSpec) -> None:
        """Opens it.

        Raises:
            PictureError: OpenCV is missing, or can't open it.
        """
        try:
            import cv2
        except ImportError as error:
            raise PictureError(
                f"camera {name}: found neither picamera2 with such a camera nor OpenCV, wanted one of them; sudo apt "
                "install python3-picamera2 on a Raspberry Pi, or pip install opencv-python-headless for USB cameras"
            ) from error
        self._cv2, self._name = cv2, name
        self._capture = cv2.VideoCapture(int(name) if name.isdecimal() else name)
        if not self._capture.isOpened():
            raise PictureError(f"camera {name}: found none, wanted one that OpenCV can open; ls /dev/video* lists them")
        if self._is_file:
            return
        height = max(SMALLEST_FRAME_HEIGHT, spec.resize)
        self._capture.set(cv2.CAP_PROP_FRAME_WIDTH, height * 4 // 3)
        self._capture.set(cv2.CAP_PROP_FRAME_HEIGHT, height)
        # The driver queues four frames: a slow network would always see the past (opencv#13145).
        self._capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)

    def frames(self) -> Iterator[Any]:
        """The newest frame each time; of a file each frame, then the end."""
        while True:
            found, frame = self._capture.read()
            if not found and self._is_file:
                return
            if not found:
                raise PictureError(f"camera {self._name}: found no more frames; {_MEND}")
            yield self._cv2.cvtColor(frame, self._cv2.COLOR_BGR2RGB)  # OpenCV's own order is blue first

    def close(self) -> None:
        self._capture.release()

    @property
    def _is_file(self) -> bool:
        return os.path.isfile(self._name)


def open_camera(name: str, spec: PixelSpec) -> Camera:
    """The camera of that number or name, started; its frames have `spec.resize` pixels a side or more if it can.

    Raises:
        PictureError: there is none, or nothing that drives it.
    """
    return _open_pi_camera(name, spec) or OpenCvCamera(name, spec)


def answer_camera(arguments: Namespace, path: str, origin: str) -> int:
    """Classifies what the camera sees, a line a frame, until Ctrl-C, SIGTERM or a file's end; exit code 0.

    In a line, the frame's time (UTC) stands for the path.

    Raises:
        RessqError: the model or the camera can't be had, or the camera broke off.
    """
    from datetime import UTC, datetime

    classifier = load_named(arguments, path, origin)
    camera = open_camera(arguments.camera, classifier.spec)
    try:
        with open_writer(arguments, classifier) as writer, Ending() as ending:
            for frame in camera.frames():
                at = datetime.now(UTC).isoformat(timespec="milliseconds")
                answer = (at, *timed_answer(classifier, frame, arguments.top_k))
                with ending.held():
                    writer.write(answer)
    except KeyboardInterrupt:
        print("ressq-infer: stopped", file=sys.stderr)
    finally:
        camera.close()
    return 0


def _open_pi_camera(name: str, spec: PixelSpec) -> Camera | None:
    """None where picamera2 is not installed or does not list this camera, or lists it on USB: OpenCV drives those."""
    try:
        from picamera2 import Picamera2
    except ImportError:
        return None
    listed = {str(found["Num"]): found for found in Picamera2.global_camera_info()}
    if name not in listed or "usb" in listed[name]["Id"].lower():
        return None
    try:
        return PiCamera(Picamera2(int(name)), spec)
    except RuntimeError as error:
        raise PictureError(f"camera {name}: picamera2 can't start it ({error}); close what else uses it") from error
