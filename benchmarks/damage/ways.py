"""Ways to save a photo again, and ways to damage what is saved."""

from __future__ import annotations

import io
import random
from collections.abc import Callable

from PIL import Image

SECTOR_BYTES = 512
_SHORTEST = 4 * SECTOR_BYTES  # data that are damaged
# Of a file without scans: its head, and what says where the pixels lie.
_HEAD_BYTES = 600

Damage = Callable[[bytes, int, random.Random], bytes | None]


def _again(kind: str, mode: str = "RGB", **settings: object) -> Callable[[bytes], bytes]:
    def save(photo: bytes) -> bytes:
        packed = io.BytesIO()
        with Image.open(io.BytesIO(photo)) as image:
            image.convert(mode).save(packed, kind, **settings)
        return packed.getvalue()

    return save


SAVED: dict[str, Callable[[bytes], bytes]] = {
    "as it is": lambda photo: photo,
    "with tables of its own": _again("JPEG", quality=85, optimize=True),
    "progressive": _again("JPEG", quality=85, progressive=True),
    "grey": _again("JPEG", "L", quality=85),
    "a restart marker in each row": _again("JPEG", quality=85, restart_marker_rows=1),
    "WebP": _again("WEBP", quality=85),
    "AVIF": _again("AVIF", quality=75),
    "PNG": _again("PNG"),
}


def data_start(content: bytes) -> int:
    """Where what is damaged begins: in a JPEG the data of the first scan."""
    if content[:2] != b"\xff\xd8":
        return _HEAD_BYTES
    at = content.index(b"\xff\xda")
    return at + 2 + int.from_bytes(content[at + 2 : at + 4], "big")


def _replace(make: Callable[[bytes, int, random.Random], bytes], size: int = SECTOR_BYTES) -> Damage:
    """Damage of some bytes at a random place; None of a file that is too short."""

    def damage(content: bytes, start: int, state: random.Random) -> bytes | None:
        if len(content) < start + _SHORTEST:
            return None
        at = state.randrange(start, len(content) - 2 - size)
        return content[:at] + make(content, at, state) + content[at + size :]

    return damage


def _elsewhere(content: bytes, at: int, _: random.Random) -> bytes:
    other = at - SECTOR_BYTES if at > len(content) // 2 else at + SECTOR_BYTES
    return content[other : other + SECTOR_BYTES]


def _cut(content: bytes, start: int, state: random.Random) -> bytes | None:
    return content[: state.randrange((start + len(content)) // 2, len(content) - SECTOR_BYTES)]


DAMAGES: dict[str, Damage] = {
    "512 zeros": _replace(lambda *_: bytes(SECTOR_BYTES)),
    "512 random bytes": _replace(lambda *given: given[2].randbytes(SECTOR_BYTES)),
    "512 bytes of another place": _replace(_elsewhere),
    "512 bytes lost": _replace(lambda *_: b""),
    "a byte": _replace(lambda *given: given[2].randbytes(1), 1),
    "a bit": _replace(lambda content, at, state: bytes([content[at] ^ 1 << state.randrange(8)]), 1),
    "cut": _cut,
}
