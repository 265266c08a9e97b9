"""What a file is that Pillow does not know."""

from __future__ import annotations

import struct
import sys
from io import BytesIO

from PIL import Image, TiffImagePlugin

from ressq_runtime.errors import PictureError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import BinaryIO

DECODE = "the bytes that it stands for; base64.b64decode decodes it"
# How JPEG, PNG, WebP, GIF and TIFF begin in base64, in which a text of that length is no name of a file.
_BASE64 = ("/9j/", "iVBORw0KGgo", "UklGR", "R0lGOD", "SUkqA", "TU0AK")
_SHORTEST_BASE64 = 100
_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".heic", ".avif")
_LONGEST_PATH = 4096

_HEIC_BRANDS = (b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1")

# What takes a picture's place, by the bytes at some place, in lower case, and what to do then.
_OTHERS = (
    (0, b"version https://git-lfs", "a Git LFS pointer", "get the picture that it stands for: git lfs pull"),
    (0, b"<!doctype html", "a web page", "download the picture itself"),
    (0, b"<html", "a web page", "download the picture itself"),
    (4, b"tfl3", "a model", "name it behind --model"),
)

_TIFF_HEADS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")  # little- and big-endian; with a plus: BigTIFF
_MOST_TAGS = 1000  # of a file that may claim any number; real ones have a few dozen
_SHORT, _LONG = 3, 4
_BITS, _COMPRESSION, _PHOTOMETRIC, _BANDS, _SAMPLE_FORMAT = _TAGS = (
    TiffImagePlugin.BITSPERSAMPLE, TiffImagePlugin.COMPRESSION, TiffImagePlugin.PHOTOMETRIC_INTERPRETATION,
    TiffImagePlugin.SAMPLESPERPIXEL, TiffImagePlugin.SAMPLEFORMAT,
)  # fmt: skip
_UINT = 1
_NUMBERS = {_UINT: "uint", 2: "int", 3: "float", 5: "complex int", 6: "complex float"}
_RGB = 2
_COLOURS = {0: "white-is-0", 1: "grey", _RGB: "RGB"}
_BANDS_OF = {0: 1, 1: 1, _RGB: 3, 3: 1, 5: 4, 6: 3, 8: 3}  # by photometric; the others are palette, CMYK, YCbCr, LAB


def open_unidentified(file: str | BytesIO, path: str, error: Exception) -> Image.Image:
    """A phone's HEIC picture, where pillow-heif is installed.

    Raises:
        PictureError: it is none, or pillow-heif is missing; from the error that Pillow gave.
        OSError, ValueError, OverflowError, struct.error: it is a TIFF that ends in the middle, or points outside;
            OSError: also a JPEG or PNG whose header is damaged; ValueError: also Pillow's own, of another kind of file.
    """
    with open(file, "rb") if isinstance(file, str) else BytesIO(file.getvalue()) as opened:
        head = opened.read(32)
        if head.startswith(_TIFF_HEADS):
            raise PictureError(f"{path}: {_describe_tiff(_read_tags(opened, head))}") from error
    if isinstance(error, ValueError):
        raise error
    if head.startswith((b"\xff\xd8\xff", b"\x89PNG\r\n")):
        raise OSError("its header is damaged") from error
    if head[4:8] == b"ftyp" and head[8:12] in _HEIC_BRANDS:
        return _open_heic(file, path)
    if isinstance(file, BytesIO) and (said := describe_text(file.getvalue())):
        raise PictureError(f"{path}: {said}") from error
    found, mend = "no known kind of picture" if head else "an empty file", "copy it again or convert it"
    for place, mark, kind, advice in _OTHERS:
        if head[place:].lower().startswith(mark):
            found, mend = kind, advice
    raise PictureError(f"{path}: found {found}, wanted JPEG, PNG, WebP, BMP, GIF or TIFF; {mend}") from error


def _open_heic(file: str | BytesIO, path: str) -> Image.Image:
    try:
        import pillow_heif
    except ImportError as error:
        # This Python's own pip: a Raspberry Pi refuses a plain one. Bytes come from the network, where no path is told.
        here = isinstance(file, str)
        mend = f"{sys.executable} -m pip install pillow-heif" if here else "install pillow-heif where this runs"
        raise PictureError(
            f"{path}: found a HEIC picture, which Pillow can't read alone; "
            f"{mend}, or let the phone save JPEG ('most compatible')"
        ) from error
    pillow_heif.register_heif_opener()
    return Image.open(file, formats=("HEIF",))


def _read_tags(file: BinaryIO, head: bytes) -> dict[int, int]:
    """Of a TIFF's first frame: tag -> its first value, where it is there, of those in _TAGS."""
    order = "<" if head.startswith(b"II") else ">"
    count, place, width = ("Q", "Q", 8) if b"+" in head[:4] else ("H", "I", 4)
    file.seek(struct.unpack_from(order + place, head, width)[0])
    (number,) = struct.unpack(order + count, file.read(struct.calcsize(order + count)))
    layout = f"{order}HH{place}{width}s"
    size, found = struct.calcsize(layout), {}
    entries = file.read(min(number, _MOST_TAGS) * size)
    for tag, kind, values, data in struct.iter_unpack(layout, entries[: len(entries) // size * size]):
        if tag in _TAGS and kind in (_SHORT, _LONG):
            value = order + ("H" if kind == _SHORT else "I")
            if values * struct.calcsize(value) > width:
                file.seek(struct.unpack(order + place, data)[0])
                data = file.read(width)
            found[tag] = struct.unpack_from(value, data)[0]
    return found


def _describe_tiff(tags: dict[int, int]) -> str:
    """What is found, what is wanted and the command that makes it, for a TIFF that Pillow does not open."""
    bands, bits, number = tags.get(_BANDS, 1), tags.get(_BITS, 1), tags.get(_SAMPLE_FORMAT, _UINT)
    photometric, compression = tags.get(_PHOTOMETRIC, 0), tags.get(_COMPRESSION, 1)
    fits = number == _UINT and (bits <= 8 or (bits == 16 and photometric)) and _BANDS_OF.get(photometric) == bands
    packed = compression not in TiffImagePlugin.COMPRESSION_INFO
    if fits and not packed:
        return "found a broken TIFF, wanted a whole one; copy it again"
    colours = _COLOURS.get(photometric, f"photometric {photometric}")
    found = f"{bands} band{'s' * (bands > 1)} of {bits} bits ({_NUMBERS.get(number, 'unknown')}, marked as {colours})"
    wanted = "1 band of 8 or 16 bits, or 3 of 8 marked as RGB"
    if packed:
        found, wanted = f"{found} in compression {compression}", f"{wanted}, in none, LZW, deflate or JPEG"
    command = "gdal_translate"
    command += " -b 1 -b 2 -b 3" if bands > 2 else " -b 1" * (bands - 1)
    if number != _UINT or bits not in ((8,) if bands > 2 else (8, 16)):
        command += " -ot Byte -scale MIN MAX 0 255"
    if bands > 2:
        command += " -co PHOTOMETRIC=RGB"
    return f"found a TIFF of {found}, wanted {wanted}; {command} IN OUT"


def describe_text(content: bytes) -> str | None:
    """What bytes are that hold a text in a picture's place, and what is wanted; None: they hold none that is known."""
    text = content[:_LONGEST_PATH].decode("utf-8", "replace")
    if is_base64(text):
        return f"found base64, wanted {DECODE}"
    if not text.isprintable() or len(content) > _LONGEST_PATH:
        return None
    if "://" in text[:20]:
        return "found a URL, wanted the picture's own bytes; fetch it first"
    if text.startswith("/") or text.lower().endswith(_SUFFIXES):
        return "found a path, wanted the picture's own bytes, or the path as text"
    return None


def is_base64(text: str) -> bool:
    """Whether a text is a picture in base64, or a data URL of one."""
    if text.startswith("data:"):
        return "," in text[:100]
    return text.startswith(_BASE64) and len(text) >= _SHORTEST_BASE64
