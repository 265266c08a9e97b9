"""`ressq-serve` as a real process, and requests to it, whole or by the byte."""

from __future__ import annotations

import http.client
import json
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

STARTED_S = 60


class Served(NamedTuple):
    """A running server: its process, what it said while starting, and its port on 127.0.0.1 (0: a Unix socket)."""

    process: subprocess.Popen[str]
    said: str
    port: int


class Reply(NamedTuple):
    """An HTTP reply; `json` reads its body."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@contextmanager
def serving(model: Path | str, *options: str, address: str = "127.0.0.1:0", first: str = "") -> Iterator[Served]:
    """A server that runs the statements `first` before it starts, to set a bound that a test can reach."""
    code = f"{first}\nfrom ressq_runtime.commands.serve import run\nrun()"
    command = [sys.executable, "-c", code, address, "--model", str(model), *options]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    try:
        said = ""
        while "serving on" not in said:
            line = process.stderr.readline()
            assert line, f"it ended: {said}"
            said += line
        port = re.search(r"serving on http://\S+:(\d+)/", said)
        yield Served(process, said, int(port[1]) if port else 0)
    finally:
        process.terminate()
        process.wait(STARTED_S)
        process.stderr.close()


def ask(port: int, method: str, path: str, body: bytes | None = None, **headers: str) -> Reply:
    """One whole request; a header's name is written with underscores."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=STARTED_S)
    try:
        connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
        reply = connection.getresponse()
        return Reply(reply.status, dict(reply.getheaders()), reply.read())
    finally:
        connection.close()


def connect(port: int) -> socket.socket:
    """An open connection, for requests that http.client would not send."""
    return socket.create_connection(("127.0.0.1", port), STARTED_S)


def read_reply(connection: socket.socket) -> Reply:
    """The reply on a raw connection, up to its end."""
    whole = b""
    while part := connection.recv(65_536):
        whole += part
    head, _, body = whole.partition(b"\r\n\r\n")
    status, *lines = head.decode().split("\r\n")
    return Reply(int(status.split()[1]), dict(line.split(": ", 1) for line in lines), body)


def send_raw(port: int, request: str | bytes) -> Reply:
    """The reply to these bytes."""
    with connect(port) as connection:
        connection.sendall(request if isinstance(request, bytes) else request.replace("\n", "\r\n").encode())
        return read_reply(connection)
