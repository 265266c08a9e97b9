"""The sockets of a server: how many requests at once, how long and how large each may be."""

from __future__ import annotations

import io
import socket
import socketserver
import sys
from http import HTTPStatus
from threading import BoundedSemaphore
from time import monotonic

from ressq_runtime.errors import OutputError
from ressq_runtime.serving.address import Address, OwnNames

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from ressq_runtime.rows import Say
    from ressq_runtime.serving.serve import Resident

# One classifies, the others wait with their upload in memory: 8 x 20 MB fit a Pi Zero 2 beside the model.
MOST_REQUESTS = 8
LARGEST_UPLOAD_BYTES = 20_000_000
LARGEST_HEADER_BYTES = 16_384

# A request has this long to arrive whole, however its bytes are spread: a slow sender must not keep a place.
HEADER_S = 5.0
UPLOAD_S = 20.0
# What a client may take to read its answer, and what a refused one may still send before we hang up.
REPLY_S = 5.0
LINGER_S = 1.0
# On SIGTERM and Ctrl-C the requests in flight are answered, for as long as this.
GRACE_S = 3.0

RETRY_AFTER_S = 1
_BUSY_TEXT = b'{"error": "server busy; try again in a second"}\n'
_BUSY = (
    f"HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nRetry-After: {RETRY_AFTER_S}\r\n"
    f"Content-Length: {len(_BUSY_TEXT)}\r\nConnection: close\r\n\r\n"
).encode() + _BUSY_TEXT


class RefusalError(Exception):
    """A request that is not answered: the HTTP status and a message for the client."""

    def __init__(self, status: HTTPStatus, message: str, **headers: str) -> None:
        super().__init__(message)
        self.status = status
        self.headers = headers


class BoundedReader(io.RawIOBase):
    """What a connection sends, until a deadline and up to a number of bytes."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._deadline = monotonic() + HEADER_S
        self._left = LARGEST_HEADER_BYTES

    def allow_upload(self, size_bytes: int) -> None:
        """After the header: lets this many more bytes come, within UPLOAD_S from now."""
        self._deadline = monotonic() + UPLOAD_S
        self._left += size_bytes

    def readable(self) -> bool:
        """True: what io.BufferedReader asks first."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Receives some bytes.

        Raises:
            RefusalError: too late, or too many.
        """
        view = memoryview(buffer)[: self._left]
        if not view:
            raise RefusalError(
                HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
                f"found a header of more than {LARGEST_HEADER_BYTES} bytes; send less",
            )
        try:
            # Not per receive: the time that is left for all of it, or a byte a second would go on for ever.
            self._connection.settimeout(max(self._deadline - monotonic(), 1e-3))
            received = self._connection.recv_into(view)
        except TimeoutError as error:
            raise RefusalError(HTTPStatus.REQUEST_TIMEOUT, "found no whole request in time; send it faster") from error
        self._left -= received
        return received


class Server(socketserver.ThreadingMixIn, socketserver.TCPServer):
    """Listens on one address; a thread per request, MOST_REQUESTS at once, the rest turned away with 503."""

    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 32

    def __init__(
        self,
        address: Address,
        handler: type[socketserver.BaseRequestHandler],
        resident: Resident,
        names: Iterable[str],
        say: Say,
    ) -> None:
        """Binds and listens; `names` are further ones of this machine, `say` takes what is for our log alone.

        Raises:
            OutputError: the address is taken, or not this machine's.
        """
        self.address = address
        self.resident = resident
        self.say = say
        self.names = OwnNames("" if address.socket_path is not None else str(address.place[0]), names)
        self.address_family = address.family
        self._places = BoundedSemaphore(MOST_REQUESTS)
        address.clear()
        try:
            super().__init__(address.place, handler)  # type: ignore[arg-type]  # a Unix socket's address is a path
        except OSError as error:
            raise OutputError(f"{address.text}: {error.strerror or error}; choose another address") from error

    def process_request(self, request: Any, client_address: Any) -> None:
        """Answers in a thread of its own, or at once with 503."""
        if self._places.acquire(blocking=False):
            try:
                super().process_request(request, client_address)
            except RuntimeError:  # no more threads
                self._places.release()
                raise
            return
        try:
            request.settimeout(REPLY_S)
            request.sendall(_BUSY)
            request.shutdown(socket.SHUT_WR)
            drain(request, 0.05)  # this thread accepts: it can't wait long
        except OSError:
            pass  # it has hung up
        self.close_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """One request, then its place is free."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._places.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hung up is no error; all else is, and its trace goes to stderr, never to the client."""
        if not isinstance(sys.exception(), (ConnectionError, TimeoutError)):
            super().handle_error(request, client_address)

    def finish(self) -> None:
        """Stops listening, removes the Unix socket and lets the requests in flight end, within GRACE_S."""
        self.server_close()
        if self.address.socket_path is not None:
            self.address.clear()
        until = monotonic() + GRACE_S
        for _ in range(MOST_REQUESTS):
            self._places.acquire(timeout=max(until - monotonic(), 0))


def drain(connection: socket.socket, seconds: float) -> None:
    """Reads what a refused client still sends: closing with bytes unread resets the connection, answer and all."""
    until = monotonic() + seconds
    while (left := until - monotonic()) > 0:
        connection.settimeout(left)
        try:
            if not connection.recv(65_536):
                return
        except OSError:
            return
