"""An ordinary JPEG through Pillow's C core alone: the bytes of `pixels`, without the cost of importing `PIL.Image`.

`PIL._imaging` is Pillow's own and private. It is used in the releases that were tried, for ordinary files, by the
calls that `PIL.Image` would make, in their order; for all else the answer is None, and `pixels` decides and explains.
"""

from __future__ import annotations

import os
from io import BytesIO

from ressq_runtime.decoding.jpeg_header import read_header
from ressq_runtime.decoding.jpeg_scans import BLOCK_BYTES, feed, split_one_scan

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import IO, Any

    from ressq_runtime.inputs.picture_spec import PixelSpec

FIRST_KNOWN, FIRST_UNKNOWN = (9, 4, 0), (13, 1, 0)

# Up to here no JPEG, progressive, grey or turned, meets a limit of `pixels` or of Pillow. `serve` has a lower one.
most_pixels = 40_000_000
_SCALES = (8, 4, 2)

# Below this a picture holds less than the network's receptive field needs; it is a mistake, not a photo.
SMALLEST_SIDE = 32
# The centre crop of a longer strip would show a twentieth of it, and resizing it would fill the memory.
LARGEST_ASPECT = 20

# Numbers of the C core: what undoes an EXIF orientation, a filter, a way to convert.
_UPRIGHT = {2: 0, 3: 3, 4: 1, 5: 5, 6: 4, 7: 6, 8: 2}
SIDEWAYS = (5, 6, 7, 8)  # EXIF orientations: rows become columns
_BILINEAR = 2
_FLOYD_STEINBERG = 3

# Whatever the C core objects to, `pixels` will name.
_REFUSALS = (OSError, ValueError, TypeError, AttributeError, LookupError, RuntimeError, MemoryError, OverflowError)


def decode_jpeg(source: object, least: tuple[int, int]) -> tuple[Any, tuple[int, int]] | None:
    """The picture upright as an image of Pillow's C core, RGB, and (width, height) of the whole one.

    None: take `pixels.decode`.

    Args:
        source: a path or a file's bytes; anything else gives None.
        least: (width, height) that it keeps, as in `pixels.decode`.
    """
    core = find_core()
    source = os.fspath(source) if isinstance(source, os.PathLike) else source
    if core is None or not isinstance(source, (str, bytes)) or (isinstance(source, str) and not os.path.isfile(source)):
        return None
    try:
        with open(source, "rb") if isinstance(source, str) else BytesIO(source) as file:
            header = read_header(file)
            if header is None or header[0][0] * header[0][1] > most_pixels or not is_photo(header[0]):
                return None
            size, mode, orientation, one_scan = header
            image = _decode(core, file, _draft(size, to_file(least, orientation)), mode, one_scan)
            if orientation in _UPRIGHT:
                image = image.transpose(_UPRIGHT[orientation])
            if mode != "RGB":
                image = image.convert("RGB", _FLOYD_STEINBERG)
            return image, to_file(size, orientation)
    except _REFUSALS:
        return None


def crop_core(image: Any, spec: PixelSpec) -> bytes | None:
    """`pixels.crop` for an image of Pillow's C core; None: take `pixels`, from the file on."""
    try:
        size = spec.resized(image.size)
        if image.size != size:
            image = image.resize(size, _BILINEAR, (0, 0, *image.size))
        encoder = find_core().raw_encoder("RGB", "RGB")
        encoder.setimage(image.crop(spec.crop_box(size)), (0, 0, spec.width, spec.height))
        parts, status = [], 0
        while status == 0:
            _, status, part = encoder.encode(BLOCK_BYTES)
            parts.append(part)
        return b"".join(parts) if status > 0 else None
    except _REFUSALS:
        return None


def is_photo(size: tuple[int, int]) -> bool:
    """Whether a picture of that size is one to answer: neither a dot nor a strip."""
    return min(size) >= SMALLEST_SIDE and max(size) <= LARGEST_ASPECT * min(size)


def find_core() -> Any:
    """Pillow's C core; None: not of a release that was tried."""
    try:
        from PIL import _imaging
    except ImportError:
        return None
    numbers = str(getattr(_imaging, "PILLOW_VERSION", "")).split(".")
    known = len(numbers) == 3 and all(number.isdecimal() for number in numbers)
    return _imaging if known and FIRST_KNOWN <= tuple(map(int, numbers)) < FIRST_UNKNOWN else None


def to_file(size: tuple[int, int], orientation: object) -> tuple[int, int]:
    """(width, height) in a file with this EXIF orientation of what has this size upright, and the reverse."""
    return size[::-1] if orientation in SIDEWAYS else size


def _draft(size: tuple[int, int], least: tuple[int, int]) -> tuple[int, int, int]:
    """(width, height, scale) as `JpegImageFile.draft` chooses them."""
    possible = min(size[0] // least[0], size[1] // least[1])
    scale = next((scale for scale in _SCALES if possible >= scale), 1)
    width, height = ((side + scale - 1) // scale for side in size)
    return width, height, scale


def _decode(core: Any, file: IO[bytes], draft: tuple[int, int, int], mode: str, one_scan: bool) -> Any:
    """What `ImageFile.load` does with a JPEG.

    Raises:
        OSError: the data are damaged, or end early.
    """
    width, height, scale = draft
    image = core.new(mode, (width, height))

    def make() -> Any:
        decoder = core.jpeg_decoder(mode, mode, "", scale, 0)
        decoder.setimage(image, (0, 0, width, height))
        return decoder

    decode_scans(make, file, one_scan=one_scan)
    return image


def decode_scans(make: Callable[[], Any], file: IO[bytes], *, one_scan: bool) -> None:
    """Decodes a JPEG into the image of the decoder that `make` gives; one_scan: all of the picture is in one.

    Raises:
        OSError: the data are damaged, or end early; the message says which.
    """
    if one_scan:
        try:
            feed(make(), split_one_scan(file))
        except OSError:  # or its end is not where it was taken to be
            pass
        else:
            return
    from ressq_runtime.decoding.jpeg_pieces import split_scans

    feed(make(), split_scans(file))
