"""What it takes to decode a picture, from its header, and the most that it may take.

Pillow keeps 4 bytes a pixel. Beside the picture itself there is what its decoder keeps, which a hostile file can make
as large as it likes, and the second picture that one in another mode or orientation is copied to.
"""

from __future__ import annotations

from PIL import Image

from ressq_runtime.errors import PictureError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# With the interpreter and its model beside it, a process stays near 512 MB: all that the smaller boards have.
MOST_BYTES = 490_000_000

_BYTES_A_PIXEL = 4
# Decoders that fill the picture as they read. WebP, AVIF, JPEG 2000 and HEIC keep up to four copies beside it.
_STREAMED = ("PNG", "BMP", "GIF", "PPM")
_COPIES_OF_OTHERS = 4

_START_OF_SCAN = b"\xff\xda"
_COEFFICIENT_BYTES = 2

_BITS_PER_SAMPLE, _COMPRESSION, _ORIENTATION, _SAMPLES_PER_PIXEL, _ROWS_PER_STRIP = 258, 259, 274, 277, 278
_TILE_WIDTH, _TILE_LENGTH = 322, 323


def check_footprint(image: Image.Image, full_size: tuple[int, int], path: str) -> None:
    """Refuses a picture, opened but not loaded, whose decoding takes more than MOST_BYTES.

    `full_size`: (width, height) before a JPEG's scale was chosen.

    Raises:
        PictureError: it would take more.
    """
    one = image.width * image.height * _BYTES_A_PIXEL
    if image.format in ("JPEG", "MPO"):
        width, height = full_size
        beside = max(_copy(image, one), 0 if is_one_scan(image) else int(width * height * _coefficient_bytes(image)))
    elif image.format == "TIFF":
        beside = _beside_tiff(image, one)
    elif image.format in _STREAMED:
        beside = _copy(image, one)
    else:
        beside = _COPIES_OF_OTHERS * one
    refuse_above_most(one + beside, image.format, full_size, path)


def refuse_above_most(needed: int, kind: str | None, size: tuple[int, int], path: str) -> None:
    """Refuses a picture that takes `needed` bytes, where that is more than MOST_BYTES.

    Raises:
        PictureError: it is.
    """
    if needed > MOST_BYTES:
        found, most = needed // 1_000_000, MOST_BYTES // 1_000_000
        raise PictureError(
            f"{path}: found {size[0]}x{size[1]} pixels in a {kind or 'picture'} that take {found} MB to decode, "
            f"wanted at most {most} MB; make a smaller copy, or save it as a baseline JPEG: that is decoded smaller"
        )


def is_rgb(image: Image.Image) -> bool:
    """Whether the picture is opaque RGB and needs no other copy."""
    return image.mode == "RGB" and "transparency" not in image.info


def _copy(image: Image.Image, one: int) -> int:
    return 0 if is_rgb(image) else one


def is_one_scan(image: Image.Image) -> bool:
    """Whether a JPEG's first scan holds all of it; else libjpeg keeps the coefficients of the full size.

    Pillow has stopped behind the head of that scan; wherever else it has, the answer is no.
    """
    file: Any = getattr(image, "fp", None)
    count, at = len(image.getbands()), file.tell()
    head = _START_OF_SCAN + (2 * count + 6).to_bytes(2, "big") + bytes([count])
    file.seek(max(0, at - 2 * count - 8))
    found = file.read(len(head))
    file.seek(at)
    return found == head and "progressive" not in image.info


def _coefficient_bytes(image: Image.Image) -> float:
    """Of a JPEG's coefficients, for each pixel of the full size: colour is mostly sampled at half of it."""
    layers: list[tuple[int, ...]] = getattr(image, "layer", None) or [(0, 1, 1, 0)] * len(image.getbands())
    sampled = sum(layer[1] * layer[2] for layer in layers)
    highest = max(layer[1] for layer in layers) * max(layer[2] for layer in layers)
    return _COEFFICIENT_BYTES * sampled / max(highest, 1)  # libjpeg will refuse 0


def _beside_tiff(image: Image.Image, one: int) -> int:
    """A compressed strip or tile is decoded as a whole; Pillow turns the picture while loading."""
    tags: Any = getattr(image, "tag_v2", {})
    bits = tags.get(_BITS_PER_SAMPLE, (1,))
    sample_bits = max(bits) * max(len(bits), tags.get(_SAMPLES_PER_PIXEL, 1))
    rows = min(tags.get(_ROWS_PER_STRIP, image.height), image.height)
    pixels = max(image.width * rows, tags.get(_TILE_WIDTH, 0) * tags.get(_TILE_LENGTH, 0))
    block = pixels * sample_bits // 8 if tags.get(_COMPRESSION, 1) != 1 else 0
    return one + block if tags.get(_ORIENTATION, 1) != 1 else max(block, _copy(image, one))
