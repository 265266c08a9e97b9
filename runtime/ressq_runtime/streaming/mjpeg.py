"""Motion JPEG over HTTP, as network cameras, mjpg-streamer, motion and ESP32 boards send it.

Without OpenCV: a frame that nobody looks at is never decoded, so that a slow board keeps up with a fast camera.
"""

from __future__ import annotations

from http.client import HTTPException, InvalidURL
from time import monotonic
from urllib.error import HTTPError, URLError
from urllib.parse import quote, unquote, urlsplit
from urllib.request import (
    HTTPBasicAuthHandler,
    HTTPDigestAuthHandler,
    HTTPPasswordMgrWithDefaultRealm,
    Request,
    build_opener,
)

from ressq_runtime.errors import PictureError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from http.client import HTTPResponse

# Without a whole frame for this long, a connection is given up.
STALL_S = 10.0
# What no camera sends in one frame, or before one: not MJPEG, and it must not fill the memory.
LARGEST_FRAME_BYTES = 20_000_000
_CHUNK_BYTES = 1 << 16
_LEGAL = "!#$%&'()*+,/:;=?@[]~"  # in an address; a space or an umlaut is not
MEND = "check the address, and whether the camera is on"


def open_mjpeg(address: str) -> MjpegStream | None:
    """The stream at an http:// or https:// address; None where something else is, which OpenCV may know.

    Raises:
        PictureError: nothing answers, or it refuses, or what answers is no stream; the camera is not named.
    """
    try:
        response = _ask(address)
    except HTTPError as error:
        error.close()
        advice = "check user and password" if error.code in (401, 403) else "check the address"
        raise PictureError(f"found HTTP {error.code} {error.reason}; {advice}") from error
    except (OSError, HTTPException, ValueError) as error:
        raise PictureError(f"found {explain(error)}; {MEND}") from error
    kind = response.headers.get_content_type()
    if kind.startswith("multipart/"):
        return MjpegStream(response)
    response.close()
    if kind.startswith("image/") or kind == "text/html":
        raise PictureError(f"found {kind}, wanted a stream; the camera's manual tells the address of its video")
    return None


def _ask(address: str) -> HTTPResponse:
    parts = urlsplit(address)
    host = parts.netloc.rpartition("@")[2]
    passwords = HTTPPasswordMgrWithDefaultRealm()
    if parts.username is not None:
        user, password = unquote(parts.username), unquote(parts.password or "")
        passwords.add_password(None, f"{parts.scheme}://{host}/", user, password)
    opener = build_opener(HTTPBasicAuthHandler(passwords), HTTPDigestAuthHandler(passwords))
    bare = quote(parts._replace(netloc=host, fragment="").geturl(), safe=_LEGAL)
    answer: HTTPResponse = opener.open(Request(bare, headers={"User-Agent": "ressq-watch"}), timeout=STALL_S)  # noqa: S310
    return answer


class MjpegStream:
    """A connection to such a camera."""

    every = False
    again = True
    patience = 1

    def __init__(self, response: HTTPResponse) -> None:
        self._response = response
        boundary = response.headers.get_boundary("")
        # Some name it with its dashes, as it stands between the frames, some without them.
        self._boundary = b"--" + boundary.removeprefix("--").encode()
        self._held = bytearray()
        self._until = 0.0

    def read(self) -> bytes:
        """The next frame, as the file that was sent.

        Raises:
            PictureError: the connection broke off, or brings something else; the camera is not named.
        """
        self._until = monotonic() + STALL_S
        try:
            while True:
                self._take(self._find(self._boundary) + len(self._boundary))
                header = self._read_header()
                size = header.get(b"content-length", b"")
                is_told = size.isdigit() and len(size) < 10
                frame = self._take(int(size) if is_told else self._find(b"\n" + self._boundary))
                if frame and header.get(b"content-type", b"image/").startswith(b"image/"):
                    return frame
        except (OSError, HTTPException) as error:
            raise PictureError(f"found {explain(error)}; {MEND}") from error

    def close(self) -> None:
        """Hangs up."""
        self._response.close()

    def _read_header(self) -> dict[bytes, bytes]:
        """Names, in lower case, and values: what stands between a boundary and its frame."""
        header = {}
        self._take(self._find(b"\n") + 1)
        while line := self._take(self._find(b"\n") + 1).strip():
            name, _, value = line.partition(b":")
            header[name.lower()] = value.strip().lower()
        return header

    def _find(self, sign: bytes) -> int:
        """How many bytes come before it."""
        start = 0
        while (found := self._held.find(sign, start)) < 0:
            start = max(0, len(self._held) - len(sign))
            self._receive()
        return found

    def _take(self, size: int) -> bytes:
        while len(self._held) < size:
            self._receive(size)
        taken = bytes(self._held[:size])
        del self._held[:size]
        return taken

    def _receive(self, wanted: int = 0) -> None:
        if max(wanted, len(self._held)) > LARGEST_FRAME_BYTES:
            raise PictureError(f"found a frame of more than {LARGEST_FRAME_BYTES} bytes, wanted Motion JPEG; {MEND}")
        if monotonic() > self._until:
            raise TimeoutError
        if not (part := self._response.read1(_CHUNK_BYTES)):
            raise PictureError(f"found the end of the stream; {MEND}")
        self._held += part


def explain(error: Exception) -> str:
    """What went wrong, in words that hold nothing of the address."""
    if isinstance(error, URLError) and isinstance(error.reason, Exception):
        return explain(error.reason)
    if isinstance(error, TimeoutError):
        return f"no answer in {STALL_S:.0f} s"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    if isinstance(error, ConnectionError):
        return "a closed connection"
    return "no valid address" if isinstance(error, (InvalidURL, ValueError)) else "an answer that is not HTTP"
