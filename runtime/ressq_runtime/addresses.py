"""Addresses of cameras: what is one, and how it is told to people without what lets one in."""

from __future__ import annotations


def is_address(name: str) -> bool:
    """True for a network address, `scheme://...`."""
    scheme, found, _ = name.partition("://")
    return bool(found) and scheme.isalnum()


def is_pipeline(name: str) -> bool:
    """True for one of GStreamer, `rtspsrc location=... ! ... ! appsink`, which some builds of OpenCV open."""
    return " ! " in name


def cut_address(address: str) -> str:
    """`scheme://host/...` of a network address: user, password, path and query may each be what lets one in."""
    scheme, _, rest = address.partition("://")
    end = min((rest.index(sign) for sign in "/?#" if sign in rest), default=len(rest))
    _, at, host = rest[:end].rpartition("@")
    port = host.rpartition("]")[2].partition(":")[2]
    if "@" in rest[end:] or (port and not port.isdecimal()):  # a password with signs that should have been escaped
        return f"{scheme}://***"
    return f"{scheme}://{'***@' if at else ''}{host}{'/...' if rest[end + 1 :] else rest[end:]}"


def hide_secrets(text: str) -> str:
    """The text, its network addresses cut short where they hold a user, a query or another `name=value`."""
    words = text.split(" ")
    for index, word in enumerate(words):
        address = word.rstrip(":;,.)'\"")
        if any(sign in address.partition("://")[2] for sign in "@?="):
            words[index] = cut_address(address) + word[len(address) :]
    return " ".join(words)
