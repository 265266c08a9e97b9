"""Drawn JPEGs of each kind that is decoded in its own way."""

from __future__ import annotations

import io
import random

from PIL import Image

# name -> mode and how it is saved
KINDS = {
    "baseline": ("RGB", {}),
    "optimized": ("RGB", {"optimize": True, "quality": 90}),
    "all colours": ("RGB", {"subsampling": 0, "quality": 95}),
    "progressive": ("RGB", {"progressive": True, "quality": 90}),
    "grey": ("L", {"quality": 90}),
    "grey, progressive": ("L", {"progressive": True}),
    "CMYK": ("CMYK", {}),
}


def drawing(size: tuple[int, int] = (420, 330), mode: str = "RGB") -> Image.Image:
    """Something in every place, with few plain areas: as a photo."""
    state = random.Random(size[0])
    layers = [Image.frombytes("RGB", (n, n), state.randbytes(3 * n * n)).resize(size) for n in (7, 40, 200)]
    return Image.blend(Image.blend(layers[0], layers[1], 0.4), layers[2], 0.1).convert(mode)


def to_jpeg(image: Image.Image, **settings: object) -> bytes:
    out = io.BytesIO()
    image.save(out, "JPEG", **settings)
    return out.getvalue()


def make(kind: str) -> bytes:
    mode, settings = KINDS[kind]
    return to_jpeg(drawing(mode=mode), **settings)


def scan_start(content: bytes) -> int:
    """Where the data of the first scan begin."""
    at = content.index(b"\xff\xda")
    return at + 2 + int.from_bytes(content[at + 2 : at + 4], "big")


def damage(whole: bytes, bad: bytes) -> bytes:
    """The JPEG with these bytes in the middle of its scan."""
    at = (scan_start(whole) + len(whole)) // 2
    return whole[:at] + bad + whole[at + len(bad) :]
