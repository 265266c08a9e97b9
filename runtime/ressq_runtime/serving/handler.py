"""One HTTP request: who may ask, what is asked, and the answer; errors are JSON."""

from __future__ import annotations

import io
import json
import socket
from base64 import b64encode
from contextlib import suppress
from functools import cache
from hashlib import sha256
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from importlib.resources import files

from ressq_runtime.errors import PictureError, RessqError
from ressq_runtime.serving.server import (
    LARGEST_UPLOAD_BYTES,
    LINGER_S,
    REPLY_S,
    BoundedReader,
    RefusalError,
    Server,
    drain,
)

_READ = ("GET", "HEAD")
_METHODS = {"/": _READ, "/classify": ("POST",), "/healthz": _READ, "/info": _READ, "/last": _READ}
_ALWAYS = {
    "Connection": "close",
    "Cache-Control": "no-store",  # a picture must not end in a browser's cache on disk
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
}


class Handler(BaseHTTPRequestHandler):
    """Reads one request within its bounds, answers it, hangs up."""

    protocol_version = "HTTP/1.1"  # curl asks before it uploads (Expect: 100-continue) only of 1.1
    wbufsize = -1
    server: Server

    def setup(self) -> None:
        """Puts the bounds between the connection and the parser."""
        super().setup()
        self._bounds = BoundedReader(self.connection)
        self.rfile = io.BufferedReader(self._bounds)
        self.requestline = self.request_version = self.command = ""
        self._unread = True

    def handle(self) -> None:
        """One request; a refusal is answered too."""
        self.close_connection = True
        try:
            self.handle_one_request()
        except RefusalError as refusal:
            self._reply_error(refusal.status, str(refusal), **refusal.headers)
        except PictureError as error:
            # curl's type for -d, which leaves out line ends and zeros, and for --data-binary.
            is_data = self.headers.get_content_type() == "application/x-www-form-urlencoded"
            hint = "; if curl -d sent it, use --data-binary" if is_data else ""
            self._reply_error(HTTPStatus.UNPROCESSABLE_ENTITY, str(error) + hint)
        except RessqError as error:
            # The model's fault, and its message names files: for our log alone.
            self.server.say(f"error: {error}")
            self._reply_error(HTTPStatus.INTERNAL_SERVER_ERROR, "the model failed; the server's log says why")

    def finish(self) -> None:
        """Sends what is left to send; hears a refused client out."""
        self.connection.settimeout(REPLY_S)
        self.wfile.flush()
        if self._unread:
            with suppress(OSError):  # it may have hung up
                self.connection.shutdown(socket.SHUT_WR)
            drain(self.connection, LINGER_S)
        super().finish()

    def handle_expect_100(self) -> bool:
        """Lets the client upload only what will be read."""
        self._check()
        super().handle_expect_100()
        self.wfile.flush()
        return True

    def do_GET(self) -> None:
        """The page, the last answer, the card, or a sign of life."""
        path = self._check()
        self._unread = False
        resident = self.server.resident
        if path == "/":
            page, policy = load_page()
            self._reply(HTTPStatus.OK, page, "text/html; charset=utf-8", {"Content-Security-Policy": policy})
        elif path == "/info":
            self._reply_json(resident.info())
        elif path == "/healthz":
            self._reply_json({"status": "ok"})
        elif self.headers.get("If-None-Match") == (tag := resident.tag):
            self._reply(HTTPStatus.NOT_MODIFIED, b"", "application/json", {"ETag": tag})
        else:
            tag, last = resident.last()
            self._reply_json(last, ETag=tag)

    def do_HEAD(self) -> None:
        """What GET answers, without its body."""
        self.do_GET()

    def do_POST(self) -> None:
        """The answer for the picture in the body."""
        self._check()
        size = self._upload_size()
        self._bounds.allow_upload(size)
        body = self.rfile.read(size)
        if len(body) < size:
            raise RefusalError(HTTPStatus.BAD_REQUEST, f"found {len(body)} bytes, wanted the {size} announced")
        self._unread = False
        self._reply_json(self.server.resident.answer(body))

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """http.server's own refusals, in JSON."""
        status = HTTPStatus(code)
        if status is HTTPStatus.NOT_IMPLEMENTED:
            self._check()  # refuses every method that a path does not have
        self._reply_error(status, message or explain or status.phrase)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
        """A page that asks every second would fill the journal."""

    def version_string(self) -> str:
        """The Server header: no versions for strangers."""
        return "ressq-serve"

    def _check(self) -> str:
        """The path asked for.

        Raises:
            RefusalError: a foreign page or name, no such path, another method, an upload too large.
        """
        hosts, names = self.headers.get_all("Host", []), self.server.names
        path = self.path.partition("?")[0]
        if self.server.address.socket_path is None and not names.has_host(hosts, self.request_version):
            raise RefusalError(
                HTTPStatus.MISDIRECTED_REQUEST,
                "found another Host, wanted this machine's address; start it with --name NAME if that is its name",
            )
        origin = self.headers.get("Origin")
        if origin is not None and not names.has_origin(origin, (hosts or [""])[0]):
            raise RefusalError(
                HTTPStatus.FORBIDDEN,
                "found another site's request, wanted this page's or a program's; behind a proxy start it with "
                "--name ORIGIN, like https://pi.example.org",
            )
        if path not in _METHODS:
            raise RefusalError(HTTPStatus.NOT_FOUND, f"found no such path, wanted one of {', '.join(_METHODS)}")
        if self.command not in (methods := _METHODS[path]):
            allowed = ", ".join(methods)
            raise RefusalError(HTTPStatus.METHOD_NOT_ALLOWED, f"found {self.command}, wanted {allowed}", Allow=allowed)
        if self.command == "POST":
            if self.headers.get_content_type() == "multipart/form-data":
                raise RefusalError(
                    HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
                    "found a form, wanted curl --data-binary @FILE",
                )
            self._upload_size()
        return path

    def _upload_size(self) -> int:
        """Content-Length, within bounds."""
        sizes = self.headers.get_all("Content-Length", [])
        # Several lengths, or chunks, are how a request is smuggled past a proxy; no client of ours needs them.
        if len(sizes) != 1 or not (sizes[0].isascii() and sizes[0].isdecimal()) or "Transfer-Encoding" in self.headers:
            raise RefusalError(HTTPStatus.LENGTH_REQUIRED, "wanted the picture's bytes with one Content-Length")
        # The number of digits first: a longer number takes Python long to read.
        if len(sizes[0]) > len(str(LARGEST_UPLOAD_BYTES)) or int(sizes[0]) > LARGEST_UPLOAD_BYTES:
            raise RefusalError(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                f"found a larger picture, wanted at most {LARGEST_UPLOAD_BYTES} bytes; make a smaller copy",
            )
        return int(sizes[0])

    def _reply(self, status: HTTPStatus, body: bytes, kind: str, headers: dict[str, str]) -> None:
        self.connection.settimeout(REPLY_S)
        self.send_response(status)
        for name, value in {**_ALWAYS, "Content-Type": kind, "Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _reply_json(self, value: object, status: HTTPStatus = HTTPStatus.OK, **headers: str) -> None:
        self._reply(status, json.dumps(value).encode() + b"\n", "application/json", headers)

    def _reply_error(self, status: HTTPStatus, message: str, **headers: str) -> None:
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        self._reply_json({"error": message}, status, **headers)


@cache
def load_page() -> tuple[bytes, str]:
    """The page, and the policy that lets its own style and script run and nothing else, from nowhere else."""
    text = (files("ressq_runtime.serving") / "page.html").read_text("utf-8")
    hashes = {
        tag: b64encode(sha256(text.partition(f"<{tag}>")[2].partition(f"</{tag}>")[0].encode()).digest()).decode()
        for tag in ("style", "script")
    }
    policy = "; ".join((
        "default-src 'none'", f"style-src 'sha256-{hashes['style']}'", f"script-src 'sha256-{hashes['script']}'",
        "img-src data:", "connect-src 'self'", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'",
    ))  # fmt: skip
    return text.encode(), policy
