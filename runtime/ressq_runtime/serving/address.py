"""Where `--serve` listens, TCP or a Unix socket, and by which names it may be called."""

from __future__ import annotations

import errno
import os
import socket
import stat
from argparse import ArgumentTypeError
from ipaddress import ip_address

from ressq_runtime.errors import OutputError


class Address:
    """One address to listen on: `family` and `place` as sockets take them, `text` as the user wrote it."""

    __slots__ = ("family", "place", "text")

    def __init__(self, text: str) -> None:
        """Reads `HOST:PORT`, `[IPV6]:PORT` or `unix:PATH`.

        Raises:
            ArgumentTypeError: it is none of them.
        """
        self.text = text
        self.place: str | tuple[str, int]
        if text.startswith("unix:"):
            if not hasattr(socket, "AF_UNIX"):
                raise ArgumentTypeError(f"{text}: found a system without Unix sockets; use 127.0.0.1:8765")
            self.family = socket.AF_UNIX
            self.place = text.removeprefix("unix:")
            return
        host, _, port = text.rpartition(":")
        inner = host[1:-1] if host.startswith("[") and host.endswith("]") else host
        if not inner or (":" in inner and inner == host) or not (port.isdecimal() and int(port) <= 0xFFFF):
            raise ArgumentTypeError(f"found {text!r}, wanted HOST:PORT, [IPV6]:PORT or unix:PATH, like 127.0.0.1:8765")
        self.family = socket.AF_INET6 if ":" in inner else socket.AF_INET
        self.place = inner, int(port)

    @property
    def socket_path(self) -> str | None:
        """The Unix socket's path; None over TCP."""
        return self.place if isinstance(self.place, str) else None

    def clear(self) -> None:
        """Removes the socket file of a server that died, so that this one can bind.

        Raises:
            OutputError: something else lies there, or a server answers.
        """
        if self.socket_path is None or not os.path.lexists(self.socket_path):
            return
        if not stat.S_ISSOCK(os.lstat(self.socket_path).st_mode):
            raise OutputError(f"{self.text}: found a file that is no socket, wanted nothing; choose another path")
        with socket.socket(self.family) as probe:
            if probe.connect_ex(self.socket_path) != errno.ECONNREFUSED:
                raise OutputError(f"{self.text}: found another server's socket; stop it, or choose another path")
        try:
            os.unlink(self.socket_path)
        except OSError as error:
            raise OutputError(f"{self.text}: {error.strerror}; choose another path") from error


def is_loopback(host: str) -> bool:
    """True for an address (not a name) that only this machine can reach."""
    return ip_address(host.partition("%")[0]).is_loopback


def is_known_host(header: str, bound_to: str) -> bool:
    """True if a request's Host header names this machine.

    DNS rebinding turns a foreign page's own name into our address, so a name must be ours; a bare IP address
    can't be rebound.
    """
    host = header.strip().lower()
    host = host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]
    name = socket.gethostname().lower()
    if host.rstrip(".") in ("localhost", name, f"{name}.local", bound_to.lower()):
        return True
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
