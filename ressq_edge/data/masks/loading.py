"""A mask's file as stored values, upright: no value is scaled, blended or made a colour on the way.

The rule: a mask's pixels are names, not brightness. What may have changed them is refused: JPEG and its kind, 16 bits
of colour that Pillow cuts to 8, half transparent pixels. Untrusted files are decoded within the runtime's limits.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image, ImageOps, UnidentifiedImageError

from ressq_edge.errors import MaskError
from ressq_runtime.decoding.loading import load_whole
from ressq_runtime.decoding.memory_limit import check_footprint
from ressq_runtime.decoding.pillow_warnings import Ignored
from ressq_runtime.decoding.upright import BROKEN, name_broken
from ressq_runtime.errors import PictureError
from ressq_runtime.inputs.picture import decode

_FORMATS = ("PNG", "BMP", "GIF", "PPM", "TIFF", "WEBP", "JPEG")
_LOSSY = ("JPEG", "MPO")
_AS_PNG = "save it as PNG from what it was drawn with"
_ORIENTATION = 0x0112
# A PNG's grey of 2 and 4 bits: Pillow spreads its values over 0 to 255.
_SPREAD = {"L;2": 85, "L;4": 17}
_DEEP = ("RGB;16B", "RGBA;16B", "LA;16B")  # 16 bits a channel, which Pillow cuts to 8
_COMPRESSED_LOSSILY = ("jpeg", "tiff_jpeg", "webp", "jpeg2000")  # kinds of TIFF


@dataclass(frozen=True)
class LoadedMask:
    """A mask, upright.

    image: of mode 1, L, P, I;16, I or RGB, values as stored.
    kind: format and mode as stored: "PNG, RGB".
    orientation: EXIF's, which was undone; 1: none.
    """

    image: Image.Image
    kind: str
    orientation: int


@dataclass(frozen=True)
class PictureSize:
    """A picture's size, (width, height): upright as the network sees it; and its EXIF orientation, 1: none."""

    upright: tuple[int, int]
    orientation: int


def load_mask(path: Path) -> LoadedMask:
    """The mask in a file.

    Raises:
        PictureError: it can't be decoded.
        MaskError: its format, mode or opacity may have changed its values.
    """
    try:
        with Ignored(), Image.open(path, formats=_FORMATS) as image:
            _refuse_lossy(path, image)
            stored = _name_mode(image)
            check_footprint(image, image.size, str(path))
            load_whole(image, str(path), str(path))
            orientation = 1 if image.format == "TIFF" else _read_orientation(image)  # Pillow turns those itself
            upright = ImageOps.exif_transpose(image) if orientation != 1 else image
            kind = image.format or ""
            deep = stored in _DEEP or (kind == "TIFF" and _is_deep_colour(image))
    except Image.DecompressionBombError as error:
        raise PictureError(
            f"{path}: found a decompression bomb ({error}), wanted a mask; make a smaller copy"
        ) from error
    except (FileNotFoundError, PermissionError) as error:
        raise PictureError(f"{path}: {error.strerror}; check the path and its permissions") from error
    except UnidentifiedImageError as error:
        raise PictureError(f"{path}: found no picture that can be a mask, wanted a PNG; {_AS_PNG}") from error
    except BROKEN as error:
        raise name_broken(str(path), error) from error
    if deep:
        raise MaskError(f"{path}: found colours of 16 bits a channel, wanted 8; save it as a PNG of 8 bits")
    return LoadedMask(_to_plain_mode(path, upright, stored), f"{kind}, {stored.partition(';')[0]}", orientation)


def read_size(path: Path) -> PictureSize:
    """The size of a picture, from its header where that tells.

    Raises:
        PictureError: it can't be read.
    """
    try:
        with Ignored(), Image.open(path) as image:
            if image.format in _LOSSY:
                orientation = _read_orientation(image)
                width, height = image.size
                return PictureSize((height, width) if orientation >= 5 else (width, height), orientation)
    except (*BROKEN, Image.DecompressionBombError):
        pass
    upright = decode(path)  # says what is wrong; a PNG may tell its orientation behind its pixels
    try:
        with Ignored(), Image.open(path) as image:
            return PictureSize(upright.size, 1 if image.format == "TIFF" else _read_orientation(image))
    except BROKEN:  # metadata that decoding does without
        return PictureSize(upright.size, 1)


def _read_orientation(image: Image.Image) -> int:
    try:
        found = image.getexif().get(_ORIENTATION, 1)
    except BROKEN:
        return 1
    return found if isinstance(found, int) and 1 <= found <= 8 else 1


def _refuse_lossy(path: Path, image: Image.Image) -> None:
    kind = image.format or ""
    if kind == "WEBP":
        with path.open("rb") as file:
            head = file.read(4096)
        kind = "" if b"VP8L" in head else "WebP that is not lossless"
    elif kind == "TIFF":
        kind = "TIFF compressed as JPEG" if image.info.get("compression") in _COMPRESSED_LOSSILY else ""
    elif kind not in _LOSSY:
        kind = ""
    if kind:
        raise MaskError(
            f"{path}: found a {kind.replace('MPO', 'JPEG')}, which blends neighbouring values, wanted a PNG; "
            f"{_AS_PNG}: a copy of this file keeps its faults"
        )
    if getattr(image, "is_animated", False):
        raise MaskError(f"{path}: found several frames in a {image.format}, wanted one mask; save the frame you mean")


def _name_mode(image: Any) -> str:
    """Pillow's name of how the pixels are stored, before it decodes them: "RGB;16B"; else the mode."""
    arguments: Any = image.tile[0].args if image.tile else ""
    raw = arguments if isinstance(arguments, str) else (arguments or [""])[0]
    return raw if isinstance(raw, str) and raw in (*_SPREAD, *_DEEP) else str(image.mode)


def _to_plain_mode(path: Path, image: Image.Image, stored: str) -> Image.Image:
    """The image in a mode whose values are what was stored."""
    if stored in _SPREAD:
        step = _SPREAD[stored]
        return image.point([value // step for value in range(256)])
    if image.mode in ("RGBA", "LA", "PA"):
        low, high = image.getchannel("A").getextrema()
        if low != high:
            raise MaskError(
                f"{path}: found pixels that differ in opacity, wanted opaque ones; "
                "save it without transparency and without smooth edges"
            )
        image = image.convert("L" if image.mode == "LA" else "RGB")
    if image.mode not in ("1", "L", "P", "I;16", "I;16B", "I", "RGB"):
        raise MaskError(f"{path}: found pixels of mode {image.mode}, wanted class indices or RGB colours; {_AS_PNG}")
    return image


def _is_deep_colour(image: Image.Image) -> bool:
    bits: Any = getattr(image, "tag_v2", {}).get(258, ())
    return image.mode.startswith("RGB") and max(bits, default=8) > 8
