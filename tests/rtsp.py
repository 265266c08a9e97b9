"""A camera on loopback that speaks RTSP (RFC 2326): Motion JPEG in RTP packets (RFC 2435) on the same connection."""

from __future__ import annotations

import io
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from PIL import Image

RATE = 30
_CLOCK_HZ = 90_000  # of RTP's times for video
_PAYLOAD_BYTES = 1_300
_QUALITY = 50
_SIDE = 160
_SDP = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=door\r\nt=0 0\r\nm=video 0 RTP/AVP 26\r\na=control:video\r\n"


class RtspCamera:
    """One client at a time.

    Fields: url; plays, how often a client came to play; colour, of the pictures that it sends now; speed, of its own
    clock, 1 for a right one.
    """

    def __init__(self, status: str = "200 OK") -> None:
        """Listens; answers DESCRIBE with this status."""
        self.colour = (200, 0, 0)
        self.speed = 1.0
        self.plays = 0
        self._status = status
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.url = f"rtsp://127.0.0.1:{self.port}/live"
        self._over, self._hang_up = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def hang_up(self) -> None:
        """Ends the client's connection."""
        self._hang_up.set()

    def close(self) -> None:
        """Hangs up and listens no more."""
        self._over.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            with client, suppress(OSError):
                self._answer(client)

    def _answer(self, client: socket.socket) -> None:
        while request := client.recv(65_536).decode():
            method, number = request.partition(" ")[0], request.partition("CSeq: ")[2].partition("\r\n")[0]
            body = _SDP if method == "DESCRIBE" else ""
            more = {
                "DESCRIBE": f"Content-Type: application/sdp\r\nContent-Base: {self.url}/\r\n",
                "SETUP": "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n",
            }.get(method, "")
            status = self._status if method == "DESCRIBE" else "200 OK"
            head = f"RTSP/1.0 {status}\r\nCSeq: {number}\r\nSession: 7\r\n{more}Content-Length: {len(body)}\r\n\r\n"
            client.sendall((head + body).encode())
            if method == "PLAY":
                self.plays += 1
                self._play(client)

    def _play(self, client: socket.socket) -> None:
        began, sequence = time.monotonic(), 0
        self._hang_up.clear()
        while not self._over.wait(1 / RATE):
            if self._hang_up.is_set():
                raise ConnectionAbortedError
            scan = _scan(self.colour)
            stamp = int((time.monotonic() - began) * self.speed * _CLOCK_HZ) & 0xFFFFFFFF
            for offset in range(0, len(scan), _PAYLOAD_BYTES):
                piece = scan[offset : offset + _PAYLOAD_BYTES]
                marker = 0x80 if offset + len(piece) == len(scan) else 0
                packet = struct.pack(">BBHII", 0x80, 26 | marker, sequence & 0xFFFF, stamp, 1)
                packet += struct.pack(">I", offset) + bytes([1, _QUALITY, _SIDE // 8, _SIDE // 8]) + piece
                client.sendall(struct.pack(">cBH", b"$", 0, len(packet)) + packet)
                sequence += 1


def _scan(colour: tuple[int, int, int]) -> bytes:
    """A JPEG's data between its headers, which RTP leaves out, and its end."""
    packed = io.BytesIO()
    Image.new("RGB", (_SIDE, _SIDE), colour).save(packed, "JPEG", quality=_QUALITY, subsampling=2)
    whole = packed.getvalue()
    start = whole.index(b"\xff\xda")
    return whole[start + 2 + int.from_bytes(whole[start + 2 : start + 4], "big") : -2]


@contextmanager
def rtsp_camera(status: str = "200 OK") -> Iterator[RtspCamera]:
    """A camera that is switched off at the end."""
    camera = RtspCamera(status)
    try:
        yield camera
    finally:
        camera.close()
