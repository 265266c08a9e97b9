"""From a picture to the pixels a network sees: the one place where that is decided.

Trainer, exporter and device call `to_pixels`; an artefact carries the spec it was made with and refuses
another. The steps, in order: decode (a JPEG at the smallest scale that still has `resize` pixels on its
shorter side) -> EXIF orientation -> RGB -> shorter side to `resize`, bilinear with antialiasing -> centre crop.
"""

from __future__ import annotations

import os
import struct
import warnings
from io import BytesIO

from PIL import Image, UnidentifiedImageError

from ressq_runtime.errors import PictureError
from ressq_runtime.spec import PixelSpec

TYPE_CHECKING = False  # the name alone tells type checkers; importing typing costs more than an inference
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Source = str | os.PathLike[str] | bytes | Image.Image | Any  # Any: a numpy uint8 (H, W, 3) array

__all__ = ["PixelSpec", "crop", "decode", "to_pixels"]

# Below this a picture holds less than the network's receptive field needs; it is a mistake, not a photo.
SMALLEST_SIDE = 32
# The centre crop of a longer strip would show a twentieth of it, and resizing it would fill the memory.
LARGEST_ASPECT = 20

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
# What Pillow's decoders raise on damaged data: each says that the file is broken, none that we are.
_BROKEN = (OSError, SyntaxError, ValueError, EOFError, LookupError, TypeError, OverflowError, MemoryError, struct.error)
_HEIC_BRANDS = (b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1")


def to_pixels(source: Source, spec: PixelSpec) -> bytes:
    """The network's input for a picture: uint8 RGB, rows from the top, spec.size * spec.size * 3 bytes.

    Args:
        source: a path, a file's bytes, a Pillow image, or a uint8 (H, W, 3) RGB array.
        spec: the geometry, from the artefact's card.

    Raises:
        PictureError: the picture can't be read, or not as one picture of 32x32 pixels or more.
    """
    return crop(decode(source, spec.resize), spec)


def decode(source: Source, shorter: int | None = None) -> Image.Image:
    """The picture upright, as a Pillow image of mode RGB.

    Args:
        source: a path, a file's bytes, a Pillow image, or a uint8 (H, W, 3) RGB array.
        shorter: decode a JPEG at 1/2, 1/4 or 1/8 as long as its shorter side keeps this many pixels;
            None: at full size.

    Raises:
        PictureError: the picture can't be read, or not as one picture of 32x32 pixels or more.
    """
    if isinstance(source, (str, os.PathLike)):
        path = os.fspath(source)
        if os.path.isdir(path):
            raise PictureError(f"{path}: found a folder, wanted a picture")
        return _decode_file(path, path, shorter)
    if isinstance(source, bytes):
        return _decode_file(BytesIO(source), "bytes", shorter)
    if isinstance(source, Image.Image):
        return _upright_rgb(source, "image")
    return _from_array(source)


def crop(image: Image.Image, spec: PixelSpec) -> bytes:
    """Shorter side to spec.resize (bilinear, antialiased), then the central spec.size square: uint8 RGB bytes."""
    width, height = image.size
    shorter = min(width, height)
    # Exact integer rounding to the nearest: a float would round differently where it is a hair off a half.
    new_width, new_height = ((side * spec.resize + shorter // 2) // shorter for side in (width, height))
    left, top = (new_width - spec.size) // 2, (new_height - spec.size) // 2
    resized = image.resize((new_width, new_height), Image.Resampling.BILINEAR)
    return resized.crop((left, top, left + spec.size, top + spec.size)).tobytes()


def _decode_file(file: str | BytesIO, path: str, shorter: int | None) -> Image.Image:
    try:
        with warnings.catch_warnings():
            # Pillow warns from 89 megapixels on and refuses from 178: phones make 108, so only the refusal counts.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            # A damaged EXIF or TIFF tag is no reason to lose the picture; what can't be decoded raises.
            warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")
            with _open(file, path) as image:
                _check_kind(image, path)
                _check_size(image, path)
                _check_one_frame(image, path)
                if shorter is not None:
                    image.draft(None, (shorter, shorter))
                image.load()
                return _upright_rgb(image, path)
    except Image.DecompressionBombError as error:
        limit = 2 * (Image.MAX_IMAGE_PIXELS or 0) // 1_000_000
        raise PictureError(
            f"{path}: found a decompression bomb or a huge picture ({error}), "
            f"wanted at most {limit} megapixels; make a smaller copy"
        ) from error
    except (FileNotFoundError, PermissionError) as error:
        raise PictureError(f"{path}: {error.strerror}; check the path and its permissions") from error
    except _BROKEN as error:
        raise PictureError(f"{path}: found a broken picture ({error}), wanted a whole one; copy it again") from error


def _open(file: str | BytesIO, path: str) -> Image.Image:
    try:
        return Image.open(file)
    except UnidentifiedImageError as error:
        with open(file, "rb") if isinstance(file, str) else BytesIO(file.getvalue()[:32]) as opened:
            head = opened.read(32)
        if head[4:8] == b"ftyp" and head[8:12] in _HEIC_BRANDS:
            return _open_heic(file, path)
        found = "an empty file" if not head else "no picture that Pillow knows"
        raise PictureError(
            f"{path}: found {found}, wanted JPEG, PNG, WebP, BMP, GIF or TIFF; copy it again or convert it"
        ) from error


def _open_heic(file: str | BytesIO, path: str) -> Image.Image:
    try:
        import pillow_heif
    except ImportError as error:
        raise PictureError(
            f"{path}: found a HEIC picture, which Pillow can't read alone; "
            "pip install pillow-heif, or let the phone save JPEG ('most compatible')"
        ) from error
    pillow_heif.register_heif_opener()
    return Image.open(file)


def _check_kind(image: Image.Image, path: str) -> None:
    """Pillow hands an EPS to Ghostscript: a program in the picture, run by a program on this machine."""
    if image.format == "EPS":
        raise PictureError(f"{path}: found PostScript, wanted pixels; export it as PNG")


def _check_size(image: Image.Image, path: str) -> None:
    width, height = image.size
    if min(width, height) < SMALLEST_SIDE:
        raise PictureError(
            f"{path}: found {width}x{height} pixels, wanted at least {SMALLEST_SIDE}x{SMALLEST_SIDE}; "
            "use the picture it was made from"
        )
    if max(width, height) > LARGEST_ASPECT * min(width, height):
        raise PictureError(
            f"{path}: found {width}x{height} pixels, wanted a picture at most {LARGEST_ASPECT} times as long as wide; "
            "cut out the part that matters"
        )


def _check_one_frame(image: Image.Image, path: str) -> None:
    """An animation is many pictures; a phone's MPO is one photo with its preview or twin behind it."""
    frames = getattr(image, "n_frames", 1)
    if frames > 1 and image.format != "MPO":
        raise PictureError(
            f"{path}: found {frames} frames in a {image.format}, wanted one picture; save the frame you mean"
        )


def _upright_rgb(image: Image.Image, path: str) -> Image.Image:
    _check_size(image, path)
    orientation = image.getexif().get(_EXIF_ORIENTATION, 1)
    if orientation in _UPRIGHT:
        image = image.transpose(_UPRIGHT[orientation])
    return _to_rgb(image, path)


def _to_rgb(image: Image.Image, path: str) -> Image.Image:
    if image.mode == "RGB" and "transparency" not in image.info:
        return image
    if image.mode == "I" or image.mode.startswith("I;16"):
        return _from_16_bit(image, path).convert("RGB")
    if image.mode == "F":
        raise PictureError(f"{path}: found floating-point pixels, wanted 8 or 16 bits a channel; convert it")
    if image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info:
        rgba = image.convert("RGBA")
        white = Image.new("RGBA", rgba.size, (255, 255, 255, 255))
        return Image.alpha_composite(white, rgba).convert("RGB")
    return image.convert("RGB")


def _from_16_bit(image: Image.Image, path: str) -> Image.Image:
    """Grey of 16 bits to 8: v / 257, rounded. Pillow's own convert would clip at 255."""
    wide = image.convert("I")
    low, high = wide.getextrema()
    if not (isinstance(low, int) and isinstance(high, int) and low >= 0 and high <= 0xFFFF):
        raise PictureError(f"{path}: found grey values {low} to {high}, wanted 0 to 65535; convert it to 16 bits")
    to_byte: Callable[[Any], Any] = lambda value: value * (1 / 257) + 0.5  # noqa: E731 - Pillow reads scale and offset
    return wide.point(to_byte).convert("L")


def _from_array(array: Any) -> Image.Image:
    shape, dtype = tuple(getattr(array, "shape", ())), str(getattr(array, "dtype", type(array).__name__))
    if dtype != "uint8" or len(shape) != 3 or shape[2] != 3:
        raise PictureError(f"array: found {dtype} {shape}, wanted uint8 (height, width, 3) RGB; convert it")
    image = Image.frombytes("RGB", (shape[1], shape[0]), array.tobytes())
    _check_size(image, "array")
    return image
