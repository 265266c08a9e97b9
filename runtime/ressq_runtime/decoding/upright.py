"""From a decoded picture of any kind to one that is upright and RGB, within a bounded memory.

Pillow keeps 4 bytes a pixel. Whatever has to be turned or converted is cut into strips, so that only the picture
as decoded and the one that is returned are ever whole: at 48 megapixels 384 MB, where Pillow's own functions,
one after the other, take 1.1 GB. Both work pixel by pixel, so strips change none.
"""

from __future__ import annotations

import struct
import zlib
from contextlib import suppress

from PIL import Image

from ressq_runtime.decoding.jpeg import SIDEWAYS
from ressq_runtime.decoding.memory_limit import is_rgb, refuse_above_most
from ressq_runtime.errors import PictureError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

# What Pillow raises on damaged data: each says that the file is broken, none that we are.
BROKEN = (
    OSError, SyntaxError, ValueError, EOFError, LookupError, TypeError, OverflowError, MemoryError, RuntimeError,
    struct.error, zlib.error,
)  # fmt: skip
STRIP_PIXELS = 1_000_000
_BYTES_A_PIXEL = 4

_EXIF_ORIENTATION = 0x0112
# EXIF orientation -> what undoes it (EXIF 2.3, table 6).
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_BACKWARDS = (3, 4, 6, 7)  # the first row becomes the last row or column


def name_broken(path: str, error: BaseException) -> PictureError:
    """The error for what Pillow raised."""
    return PictureError(f"{path}: found a broken picture ({error}), wanted a whole one; copy it again")


def to_upright_rgb(image: Image.Image, path: str) -> Image.Image:
    """The picture as its EXIF orientation wants it seen, in mode RGB; transparent is white.

    An opacity that is 0 everywhere is none: cameras and Windows leave the fourth byte of a pixel so.

    Raises:
        PictureError: its pixels are floating point, or grey beyond 16 bits, or it is too large to be turned.
    """
    orientation = read_orientation(image)
    turned = orientation in _UPRIGHT
    if is_rgb(image) and not turned:
        return image
    _check_values(image, path)
    width, height = image.size
    refuse_above_most(_BYTES_A_PIXEL * 2 * width * height, image.format, image.size, path)
    sideways, backwards = orientation in SIDEWAYS, orientation in _BACKWARDS
    whole = Image.new("RGB", (height, width) if sideways else (width, height))
    opaque = not _has_opacity(image) or all(_is_unseen(strip) for _, strip in _strips(image))
    for top, strip in _strips(image):
        strip, bottom = _to_rgb(strip, opaque=opaque), top + strip.height
        at = height - bottom if backwards else top
        whole.paste(strip.transpose(_UPRIGHT[orientation]) if turned else strip, (at, 0) if sideways else (0, at))
    return whole


def read_orientation(image: Image.Image) -> Any:
    """What stands for its EXIF orientation; 1 where that tells nothing."""
    if image.format != "TIFF":  # Pillow has turned it, and up to 10.0 keeps the tag
        with suppress(*BROKEN):  # in a PNG or WebP; a JPEG's is read apart, and costs no picture either
            return image.getexif().get(_EXIF_ORIENTATION, 1)
    return 1


def _strips(image: Image.Image) -> Iterator[tuple[int, Image.Image]]:
    """(first row, rows from there on) of some STRIP_PIXELS each."""
    rows = max(1, STRIP_PIXELS // image.width)
    for top in range(0, image.height, rows):
        yield top, image.crop((0, top, image.width, min(top + rows, image.height)))


def _has_opacity(image: Image.Image) -> bool:
    if image.mode.startswith("I"):  # of 16 bits, in which Pillow finds none
        return False
    return image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info


def _is_unseen(image: Image.Image) -> bool:
    """Whether no pixel has any opacity."""
    return image.convert("RGBA").getchannel("A").getextrema() == (0, 0)


def _check_values(image: Image.Image, path: str) -> None:
    if image.mode == "F":
        raise PictureError(f"{path}: found floating-point pixels, wanted 8 or 16 bits a channel; convert it")
    if image.mode == "I":
        low, high = image.getextrema()
        if not (isinstance(low, int) and isinstance(high, int) and low >= 0 and high <= 0xFFFF):
            raise PictureError(f"{path}: found grey values {low} to {high}, wanted 0 to 65535; convert it to 16 bits")


def _to_rgb(image: Image.Image, *, opaque: bool) -> Image.Image:
    if image.mode.startswith("I"):
        return _from_16_bit(image).convert("RGB")
    if _has_opacity(image):
        rgba = image.convert("RGBA")
        if opaque:
            return rgba.convert("RGB")
        white = Image.new("RGBA", rgba.size, (255, 255, 255, 255))
        return Image.alpha_composite(white, rgba).convert("RGB")
    return image.convert("RGB")


def _from_16_bit(image: Image.Image) -> Image.Image:
    """Grey of 16 bits to 8: v / 257, rounded. Pillow's own convert would clip at 255."""
    to_byte: Callable[[Any], Any] = lambda value: value * (1 / 257) + 0.5  # noqa: E731 - Pillow reads scale and offset
    return image.convert("I").point(to_byte).convert("L")
