"""Where a server listens, TCP or a Unix socket, and by which names it may be called."""

from __future__ import annotations

import errno
import os
import re
import socket
import stat
from argparse import ArgumentTypeError
from ipaddress import ip_address

from ressq_runtime.errors import OutputError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

LOOPBACK = "127.0.0.1"
_NAME = re.compile(r"(https?://)?[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?\.?(:[0-9]{1,5})?")


class Address:
    """One address to listen on: `family` and `place` as sockets take them, `text` as the user wrote it."""

    __slots__ = ("family", "place", "text")

    def __init__(self, text: str) -> None:
        """Reads `HOST:PORT`, `[IPV6]:PORT`, `unix:PATH`, or a port alone, which is one of 127.0.0.1.

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
            if not self.place:  # which Linux binds to an abstract name that nobody knows
                raise ArgumentTypeError(
                    "found unix: without a path, wanted unix:PATH, like unix:/run/user/1000/ressq.sock"
                )
            return
        host, _, port = text.rpartition(":") if ":" in text else (LOOPBACK, "", text)
        inner = host[1:-1] if host.startswith("[") and host.endswith("]") else host
        if not inner or (":" in inner and inner == host) or not (port.isdecimal() and int(port) <= 0xFFFF):
            raise ArgumentTypeError(
                f"found {text!r}, wanted HOST:PORT, [IPV6]:PORT or unix:PATH, or a port alone, like 127.0.0.1:8765"
            )
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


class OwnNames:
    """The names that a request may call this server by, and the web pages that may use it."""

    __slots__ = ("_hosts", "_origins")

    def __init__(self, bound_to: str, named: Iterable[str] = ()) -> None:
        """This machine's names, the one that the server is bound to, and `named`, as `read_name` gives them."""
        name = socket.gethostname().lower()
        short = name.partition(".")[0]
        self._hosts = {"localhost", name, short, f"{short}.local", bound_to.lower()}
        self._origins = set()
        for entry in named:
            scheme, _, place = entry.rpartition("://")
            self._hosts.add(_to_host(place))
            self._origins |= {f"{one}://{place}" for one in ([scheme] if scheme else ("http", "https"))}

    def has_host(self, headers: list[str], version: str) -> bool:
        """True if a request's one Host header names this machine.

        DNS rebinding turns a foreign page's own name into our address, so a name must be ours; a bare IP address
        can't be rebound. HTTP/1.0 may do without, as HAProxy's checks do; a browser always names one.
        """
        if len(headers) != 1:
            return not headers and version == "HTTP/1.0"
        host = _to_host(headers[0])
        if host in self._hosts:
            return True
        try:
            ip_address(host)
        except ValueError:
            return False
        return True

    def has_origin(self, origin: str, host: str) -> bool:
        """True if the page of this Origin header is ours: at the request's own Host, or named by `--name`."""
        return origin.partition("://")[2] == host or origin.lower() in self._origins


def read_name(text: str) -> str:
    """A name of `--name`, `HOST[:PORT]` or an origin, in lower case.

    Raises:
        ArgumentTypeError: it is neither.
    """
    name = text.strip().lower().removesuffix("/")
    if not _NAME.fullmatch(name):
        raise ArgumentTypeError(f"found {text!r}, wanted a name or an origin, like pi.lan or https://pi.example.org")
    return name


def _to_host(place: str) -> str:
    """The host of `HOST[:PORT]`."""
    host = place.strip().lower()
    return (host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]).rstrip(".")
