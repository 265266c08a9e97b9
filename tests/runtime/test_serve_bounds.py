"""`ressq-serve` under clients that are too large, too slow or too many."""

from __future__ import annotations

import io
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from ressq_runtime.serving.server import LARGEST_HEADER_BYTES, LARGEST_UPLOAD_BYTES
from served import Served, ask, connect, read_reply, send_raw, serving

# A second where the product waits for five and twenty.
SHORT = """
import ressq_runtime.serving.server as server
server.HEADER_S = server.UPLOAD_S = 1.0
"""
# And two places where it has eight.
FEW = f"{SHORT}server.MOST_REQUESTS = 2\n"


@pytest.fixture(scope="module")
def served(artefacts: dict[str, Path]) -> Iterator[Served]:
    with serving(artefacts["int8.tflite"], first=SHORT) as started:
        yield started


@pytest.fixture(scope="module")
def crowded(artefacts: dict[str, Path]) -> Iterator[Served]:
    with serving(artefacts["int8.tflite"], first=FEW) as started:
        yield started


def head(size: object, more: str = "") -> bytes:
    text = f"POST /classify HTTP/1.1\r\nHost: localhost\r\nContent-Length: {size}\r\n{more}\r\n"
    return text.encode()


def test_a_large_upload_is_refused_before_it_is_read(served: Served) -> None:
    for size in (LARGEST_UPLOAD_BYTES + 1, 10**30, "9" * 5000):
        reply = send_raw(served.port, head(size))
        assert reply.status == 413
        assert f"found a larger picture, wanted at most {LARGEST_UPLOAD_BYTES} bytes" in reply.json["error"]


def test_a_picture_of_too_many_pixels_is_refused_in_every_format(served: Served) -> None:
    for kind in ("JPEG", "PNG"):
        written = io.BytesIO()
        Image.new("RGB", (6000, 5000)).save(written, kind)
        reply = ask(served.port, "POST", "/classify", written.getvalue())
        assert reply.status == 422, kind
        assert "wanted at most 25 megapixels" in reply.json["error"]


def test_a_client_that_asks_first_uploads_only_what_will_be_read(served: Served) -> None:
    with connect(served.port) as connection:
        connection.sendall(head(LARGEST_UPLOAD_BYTES + 1, "Expect: 100-continue\r\n"))
        assert read_reply(connection).status == 413
    with connect(served.port) as connection:
        connection.sendall(head(4, "Expect: 100-continue\r\n"))
        assert connection.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(b"none")
        assert read_reply(connection).status == 422


def test_the_refusal_reaches_a_client_that_does_not_ask(served: Served) -> None:
    with connect(served.port) as connection:
        connection.sendall(head(LARGEST_UPLOAD_BYTES + 1))
        connection.sendall(bytes(LARGEST_UPLOAD_BYTES + 1))
        assert read_reply(connection).status == 413


@pytest.mark.parametrize("length", [
    "", "Content-Length: -1\n", "Content-Length: +4\n", "Content-Length: 4, 4\n", "Content-Length: 0x4\n",
    "Content-Length: 4\nContent-Length: 5\n", "Transfer-Encoding: chunked\n",
    "Content-Length: 4\nTransfer-Encoding: chunked\n",
])  # fmt: skip
def test_without_one_plain_length_there_is_no_upload(served: Served, length: str) -> None:
    reply = send_raw(served.port, f"POST /classify HTTP/1.1\nHost: localhost\n{length}\nabcd")
    assert reply.status == 411
    assert "wanted the picture's bytes with one Content-Length" in reply.json["error"]


def test_a_large_header_is_refused(served: Served) -> None:
    reply = send_raw(served.port, f"GET / HTTP/1.1\nHost: localhost\nX: {'x' * LARGEST_HEADER_BYTES}\n\n")
    assert reply.status == 431
    assert f"found a header of more than {LARGEST_HEADER_BYTES} bytes" in reply.json["error"]


@pytest.mark.parametrize("request_", ["", "GET / HTTP/1.1\r\n", head(100).decode(), head(100).decode() + "some"])
def test_a_request_that_stops_is_refused_in_time(served: Served, request_: str) -> None:
    started = time.monotonic()
    reply = send_raw(served.port, request_.encode())
    assert (reply.status, reply.json["error"]) == (408, "found no whole request in time; send it faster")
    assert time.monotonic() - started < 3


@pytest.mark.parametrize("start", [b"GET / HTTP/1.1\r\nX: ", head(1000)], ids=["header", "upload"])
def test_a_byte_now_and_then_does_not_keep_a_place(served: Served, start: bytes) -> None:
    started = time.monotonic()
    with connect(served.port) as connection:
        connection.sendall(start)
        connection.settimeout(0.2)
        reply = b""
        while not reply and time.monotonic() - started < 10:
            connection.sendall(b"x")
            try:
                reply = connection.recv(1000)
            except TimeoutError:
                continue
    assert reply.startswith(b"HTTP/1.1 408 ")
    assert time.monotonic() - started < 3


def test_an_upload_that_breaks_off_is_named(served: Served) -> None:
    with connect(served.port) as connection:
        connection.sendall(head(100) + b"some")
        connection.shutdown(1)
        reply = read_reply(connection)
    assert (reply.status, reply.json["error"]) == (400, "found 4 bytes, wanted the 100 announced")


def test_one_too_many_is_told_to_come_again_and_served_when_there_is_a_place(crowded: Served) -> None:
    with connect(crowded.port) as first, connect(crowded.port) as second:
        first.sendall(b"GET")
        second.sendall(b"GET")
        time.sleep(0.2)
        reply = ask(crowded.port, "GET", "/healthz")
        assert (reply.status, reply.headers["Retry-After"]) == (503, "1")
        assert reply.json["error"] == "server busy; try again in a second"
        assert read_reply(first).status == read_reply(second).status == 408
    while (reply := ask(crowded.port, "GET", "/healthz")).status == 503:  # a place is free a moment after its reply
        time.sleep(0.05)
    assert reply.status == 200


def test_places_do_not_leak_and_memory_stays(crowded: Served, shapes: Path) -> None:
    picture = (shapes / "circle" / "00.png").read_bytes()
    for _ in range(50):
        with connect(crowded.port) as connection:
            connection.sendall(head(len(picture)) + picture)  # and hangs up unread
    resident_kb = []
    for _ in range(2):
        for _ in range(100):
            while ask(crowded.port, "POST", "/classify", picture).status == 503:
                time.sleep(0.05)
        status = Path(f"/proc/{crowded.process.pid}/status").read_text()
        resident_kb.append(int(re.findall(r"VmRSS:\s+(\d+)", status)[0]))
    assert resident_kb[1] - resident_kb[0] < 4_000
