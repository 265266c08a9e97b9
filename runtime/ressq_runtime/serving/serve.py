"""One classifier that stays, so that start-up is paid once. docs/serve.md says how to use it.

Pictures live in memory, the last one only.
"""

from __future__ import annotations

import io
import sys
from base64 import b64encode
from contextlib import contextmanager
from ctypes import CDLL
from http import HTTPStatus
from threading import Event, Lock, Thread
from time import time_ns

from PIL import Image

from ressq_runtime.decoding import jpeg
from ressq_runtime.inputs import want_pictures
from ressq_runtime.inputs.picture import decode
from ressq_runtime.serving.address import is_loopback
from ressq_runtime.serving.server import RETRY_AFTER_S, RefusalError, Server
from ressq_runtime.streaming.shutdown import GracefulShutdown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

    from ressq_runtime.model import Model
    from ressq_runtime.rows import Say
    from ressq_runtime.serving.address import Address
    from ressq_runtime.streaming.camera import Camera
    from ressq_runtime.tasks.task import Answer

# A stranger's PNG of a few kilobytes can unfold to any size: 25 megapixels take 150 MB, as WebP 400.
MOST_PIXELS = 25_000_000
# Blocks from this size on go back to the system when freed. Left to itself, glibc keeps what a large picture took.
RETURNED_BYTES = 1 << 20
_M_MMAP_THRESHOLD = -3  # malloc.h
# Longer side of the picture on the page, and a JPEG quality at which a photo of that size takes 50 kB.
SHOWN_SIDE = 640
SHOWN_QUALITY = 80
# How long a request waits until its picture's turn to be decoded.
WAIT_S = 10.0


class Resident:
    """A model for many requests, and its last answer.

    The model serves every thread; here one picture is decoded at a time, for the memory's sake.
    """

    def __init__(self, model: Model, live: bool) -> None:
        self._model = model
        self._live = live
        self._turn = Lock()
        self._keeping = Lock()
        self._started = time_ns()
        # Count of answers; picture, row and answer of the last.
        self._kept: tuple[int, Any, dict[str, Any], Answer | None] = 0, b"", {}, None

    @property
    def tag(self) -> str:
        """Names the last answer: another picture or another start, another tag."""
        return f'"{self._started:x}-{self._kept[0]}"'

    def answer(self, source: Any, wait_s: float = WAIT_S, at: str | None = None) -> dict[str, Any]:
        """The object of `--json` for a picture: a file's bytes, or a uint8 (H, W, 3) RGB array.

        Its path is when a camera's frame was received, else null.

        Raises:
            PictureError: the picture can't be read.
            RefusalError: the others took too long.
        """
        with self._decoding(wait_s):
            prepared = self._model.prepare(source)
        said, latency_ms = self._model.infer(prepared)
        row = {"path": at, **said.to_json(), "latency_ms": latency_ms}
        with self._keeping:
            self._kept = self._kept[0] + 1, source, row, said
        return row

    def last(self) -> tuple[str, dict[str, Any]]:
        """(tag, the last answer with its picture as a data URL); before the first one without both."""
        with self._decoding(), self._keeping:
            count, source, row, said = self._kept
            # Drawn when somebody looks, once a picture: a script that classifies thousands pays nothing for it.
            if said is not None:
                row = {**row, "picture": _draw(decode(source, SHOWN_SIDE), said)}
                self._kept = count, b"", row, None
            return self.tag, {"count": count, "live": self._live, **row}

    def info(self) -> dict[str, Any]:
        """The card; for a foreign model its labels."""
        card = self._model.card
        return card.data if card else {"labels": self._model.task.labels}

    @contextmanager
    def _decoding(self, wait_s: float = WAIT_S) -> Iterator[None]:
        if not self._turn.acquire(timeout=wait_s):
            raise RefusalError(
                HTTPStatus.SERVICE_UNAVAILABLE, "server busy; try again in a second", Retry_After=str(RETRY_AFTER_S)
            )
        try:
            yield
        finally:
            self._turn.release()


def bound_memory() -> None:
    """Sets this process's bounds for the pictures of strangers; before a model is loaded."""
    Image.MAX_IMAGE_PIXELS = MOST_PIXELS // 2  # Pillow warns at this number and refuses twice of it
    jpeg.most_pixels = MOST_PIXELS
    if sys.platform == "linux" and hasattr(libc := CDLL(None), "mallopt"):
        libc.mallopt(_M_MMAP_THRESHOLD, RETURNED_BYTES)


def serve(model: Model, address: Address, names: Iterable[str], camera: str | None, say: Say) -> None:
    """Serves until SIGTERM or Ctrl-C, under this machine's names and further ones, live where a camera is named.

    Raises:
        RessqError: the address or the camera can't be had, or the camera broke off.
    """
    from ressq_runtime.serving.handler import Handler

    spec = want_pictures(model.path, model.input, "ressq-serve")
    # What the first picture would pay for: Pillow's decoders, and the first inference, which sets up its buffers.
    Image.init()
    model.run(bytes(model.engine.inputs[0].size_bytes))
    opened = None
    if camera is not None:
        from ressq_runtime.streaming.camera import open_camera

        opened = open_camera(camera, spec, say)
    resident = Resident(model, live=opened is not None)
    with GracefulShutdown():
        _serve_until_told(Server(address, Handler, resident, names, say), opened)


def _serve_until_told(server: Server, camera: Camera | None) -> None:
    stop = Event()
    faults: list[BaseException] = []
    try:
        _announce(server)
        if camera is not None:
            Thread(target=_classify_live, args=(camera, server, stop, faults), daemon=True).start()
        server.serve_forever()
    except KeyboardInterrupt:
        server.say("stopped")
    finally:
        stop.set()
        server.finish()
        if camera is not None:
            camera.close()
    if faults:
        raise faults[0]


def _classify_live(camera: Camera, server: Server, stop: Event, faults: list[BaseException]) -> None:
    """The newest frame to the classifier, until told to stop or the camera breaks off, which ends the server."""
    from ressq_runtime.streaming.camera import answer_each
    from ressq_runtime.streaming.frames import to_utc

    resident = server.resident
    try:
        for _ in answer_each(
            camera, lambda frame: resident.answer(frame.picture, -1, to_utc(frame.received)), server.say
        ):
            # A wait, however short: locks are not fair, and a fast camera would keep uploads out for ever.
            if stop.wait(1e-3):
                return
    except BaseException as fault:  # whatever it is, a server that shows an old picture as live is worse
        faults.append(fault)
        server.shutdown()


def _announce(server: Server) -> None:
    address = server.address
    if address.socket_path is not None:
        where = f"{address.text}; try: curl --unix-socket {address.socket_path} http://localhost/healthz"
    else:
        host, port = server.socket.getsockname()[:2]
        where = f"http://{f'[{host}]' if ':' in host else host}:{port}/"
        if is_loopback(host):
            where += " to this machine alone"
        else:
            server.say(
                f"WARNING: {host} is no loopback address: everybody on the network can send pictures "
                "and see the last one; there is neither password nor encryption"
            )
    server.say(f"serving on {where} (Ctrl-C stops)")


def _draw(image: Image.Image, said: Answer) -> str:
    """A data URL: the picture with the answer over it, as a JPEG of at most SHOWN_SIDE pixels a side."""
    image.thumbnail((SHOWN_SIDE, SHOWN_SIDE), Image.Resampling.BILINEAR)
    out = io.BytesIO()
    said.draw_over(image).save(out, "JPEG", quality=SHOWN_QUALITY)
    return "data:image/jpeg;base64," + b64encode(out.getvalue()).decode()
