"""A network camera on loopback: Motion JPEG over HTTP, by the frame, with all that such cameras do wrong."""

from __future__ import annotations

import io
import socket
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress

from PIL import Image

HEAD = "HTTP/1.0 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=frame\r\n\r\n"
WAIT_S = 60


def jpeg(colour: tuple[int, int, int] | Image.Image, side: int = 80) -> bytes:
    """A JPEG of one colour, or of a picture."""
    image = colour if isinstance(colour, Image.Image) else Image.new("RGB", (side, side), colour)
    packed = io.BytesIO()
    image.convert("RGB").save(packed, "JPEG", quality=95)
    return packed.getvalue()


def part(frame: bytes, kind: str = "image/jpeg") -> bytes:
    """A frame as it stands in the stream."""
    return b"--frame\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s\r\n" % (kind.encode(), len(frame), frame)


class Camera:
    """A server with one client at a time. Its test sends what the client is to get.

    Fields: url, of the stream; requests, the heads of those that came; came_at, when, by time.monotonic.
    """

    def __init__(self, head: str | Iterable[str] = HEAD, port: int = 0) -> None:
        """Listens; each client gets the head, of several each the next, the last one ever after."""
        self._heads = [head] if isinstance(head, str) else list(head)
        self._listener = socket.create_server(("127.0.0.1", port))
        self.port: int = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/live"
        self.requests: list[str] = []
        self.came_at: list[float] = []
        self._client: socket.socket | None = None
        self._change = threading.Condition()
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def send(self, *pieces: bytes) -> None:
        """Sends to the client; waits for one if there is none."""
        with self._change:
            assert self._change.wait_for(lambda: self._client, WAIT_S), "no client came"
            client = self._client
        assert client is not None
        for piece in pieces:
            client.sendall(piece)

    def hang_up(self) -> None:
        """Ends the client's connection."""
        with self._change:
            if self._client:
                with suppress(OSError):
                    self._client.shutdown(socket.SHUT_RDWR)
                self._client.close()
            self._client = None

    def close(self) -> None:
        """Hangs up and listens no more."""
        with suppress(OSError):  # closed before
            self._listener.shutdown(socket.SHUT_RDWR)  # wakes the thread that accepts
        self._thread.join()
        self._listener.close()
        self.hang_up()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            client.settimeout(WAIT_S)
            head = self._heads.pop(0) if len(self._heads) > 1 else self._heads[0]
            self.came_at.append(time.monotonic())
            request = ""
            with suppress(OSError):
                request = client.recv(65_536).decode("latin-1")
                client.sendall(head.encode())
            if " 200 " in head.partition("\r\n")[0]:
                self.hang_up()
                with self._change:
                    self._client = client
                    self._change.notify_all()
            else:
                client.close()
            self.requests.append(request)


@contextmanager
def network_camera(head: str | Iterable[str] = HEAD, port: int = 0) -> Iterator[Camera]:
    """A camera that is switched off at the end."""
    camera = Camera(head, port)
    try:
        yield camera
    finally:
        camera.close()
