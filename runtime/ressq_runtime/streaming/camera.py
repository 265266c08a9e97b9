"""What a camera sees, answered frame by frame. picamera2 and OpenCV are optional."""

from __future__ import annotations

import os
from time import monotonic, time
from urllib.parse import unquote, urlsplit

from ressq_runtime.addresses import cut_address, is_address, is_pipeline
from ressq_runtime.errors import PictureError
from ressq_runtime.inputs import want_pictures
from ressq_runtime.streaming.delay import Delay
from ressq_runtime.streaming.frames import SMALLEST_FRAME_HEIGHT, Frame, Reader, to_utc
from ressq_runtime.streaming.shutdown import GracefulShutdown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any, Protocol, TypeVar

    from ressq_runtime.inputs.picture_spec import PixelSpec
    from ressq_runtime.model import Model
    from ressq_runtime.rows import Say, Writer
    from ressq_runtime.streaming.frames import Source

    Answer = TypeVar("Answer")

    class Camera(Protocol):
        """Where frames come from."""

        def frames(self) -> Iterator[Frame]:
            """The newest frame each time, until closed; of a film each frame, to its end.

            Raises:
                PictureError: the camera gives no more.
            """

        def close(self) -> None:
            """Lets the camera go."""


_LONGEST_WAIT_S = 10  # for a frame; picamera2 before 0.3.20 takes it for True, and waits for ever
# Frames that can't be read are told of once in this time: a faulty camera sends thirty a second.
_TELL_S = 60.0


class PiCamera:
    """A camera on a Raspberry Pi's ribbon cable; picamera2 itself keeps the newest frame."""

    def __init__(self, camera: Any, spec: PixelSpec) -> None:
        self._camera = camera
        height = max(SMALLEST_FRAME_HEIGHT, *spec.least)
        # libcamera names a format as the kernel does, from the highest bit of a little-endian word: "BGR888" lies
        # in memory as R, G, B, and "RGB888" as B, G, R (picamera2's issues 843 and 191; its own make_image agrees).
        main = {"format": "BGR888", "size": (height * 4 // 3, height)}
        camera.configure(camera.create_preview_configuration(main=main))
        camera.start()

    def frames(self) -> Iterator[Frame]:
        while True:
            try:
                picture = self._camera.capture_array("main", wait=_LONGEST_WAIT_S)
            except (RuntimeError, TimeoutError) as error:
                why = str(error) or f"none in {_LONGEST_WAIT_S} s"
                raise PictureError(
                    f"camera: found no more frames ({why}); check its cable, then start again"
                ) from error
            yield Frame(picture, time())

    def close(self) -> None:
        self._camera.close()  # which stops it; its own stop() would wait behind a frame that never comes


def open_camera(name: str, spec: PixelSpec, say: Say) -> Camera:
    """The camera, film or stream of that number, file or address, once it gives pictures.

    Its frames are at least as large as the network's input, if it can. `say` hears when they cease, and come again.

    Raises:
        PictureError: there is none, or nothing that drives it.
    """
    if name.lower().startswith("file://"):
        name = unquote(urlsplit(name).path)
    return _open_pi_camera(name, spec) or _open_reader(name, spec, say)


def answer_camera(model: Model, name: str, writer: Writer, say: Say) -> None:
    """Answers what the camera sees, a row a frame, until Ctrl-C, SIGTERM or a film's end.

    In a row, the time when the frame was received (UTC) stands for the path.

    Raises:
        RessqError: the camera can't be had, or broke off.
    """
    camera = open_camera(name, want_pictures(model.path, model.input, "a camera"), say)
    try:
        with GracefulShutdown() as ending:
            answers = answer_each(camera, lambda frame: model.answer(frame.picture), say)
            for frame, (answer, spent) in answers:
                with ending.held():
                    writer.write((to_utc(frame.received), answer, spent))
    except KeyboardInterrupt:
        say("stopped")
    finally:
        camera.close()


def answer_each(camera: Camera, answer: Callable[[Frame], Answer], say: Say) -> Iterator[tuple[Frame, Answer]]:
    """Each frame with what `answer` says of it; those that can't be read are counted to `say`.

    Raises:
        PictureError: the camera gives no more.
    """
    unread, told = 0, -_TELL_S
    for frame in camera.frames():
        try:
            answered = answer(frame)
        except PictureError as fault:
            unread += 1
            if monotonic() - told >= _TELL_S:
                frames = f"{unread} frame{'s' if unread > 1 else ''}"
                say(f"camera: {frames} could not be read, the last: {fault}")
                unread, told = 0, monotonic()
        else:
            yield frame, answered


def _open_reader(name: str, spec: PixelSpec, say: Say) -> Camera:
    """A film, a device or a stream, read by a thread."""
    shown, delay = _shown(name), Delay()
    reader = Reader(shown, lambda: _connect(name, spec, delay), lambda text: say(f"camera {shown}: {text}"))
    try:
        if is_address(name) or is_pipeline(name):
            from ressq_runtime.streaming.native_stderr import wait_and_listen

            wait_and_listen(reader.wait_for_first, name, shown)
        else:
            reader.wait_for_first()
    except BaseException:
        reader.close()
        raise
    return reader


def _connect(name: str, spec: PixelSpec, delay: Delay) -> Source:
    if name.lower().startswith(("http://", "https://")):
        from ressq_runtime.streaming.mjpeg import open_mjpeg

        if (stream := open_mjpeg(name)) is not None:
            return stream
    from ressq_runtime.streaming.opencv import OpenCvSource

    return OpenCvSource(name, spec, delay)


def _shown(name: str) -> str:
    """The name for messages: without what may be a password."""
    if is_address(name):
        return cut_address(name)
    if is_pipeline(name):
        return f"{name.split()[0]} ! ..."
    return "***@" + name.rpartition("@")[2] if "@" in name and not os.path.exists(name) else name


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
