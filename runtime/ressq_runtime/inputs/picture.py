"""From a picture to the pixels a network sees: the one place where that is decided.

Trainer, exporter and device call `to_pixels`; an artefact carries the spec it was made with and refuses
another. The steps, in order: decode (a JPEG at the smallest scale that still has `resize` pixels on its
shorter side) -> EXIF orientation -> RGB -> shorter side to `resize`, bilinear with antialiasing -> centre crop.
A picture that is stretched is decoded so that both sides are large enough, then resized whole in the same way.
"""

from __future__ import annotations

import logging
import os
from contextlib import suppress
from io import BytesIO

from PIL import Image, UnidentifiedImageError

from ressq_runtime.decoding.jpeg import LARGEST_ASPECT, SMALLEST_SIDE, to_file
from ressq_runtime.decoding.loading import load_given, load_whole
from ressq_runtime.decoding.memory_limit import check_footprint
from ressq_runtime.decoding.pillow_warnings import Ignored
from ressq_runtime.decoding.upright import BROKEN, name_broken, read_orientation, to_upright_rgb
from ressq_runtime.errors import PictureError
from ressq_runtime.inputs.sources import check_image, check_path, describe_array, to_source

TYPE_CHECKING = False  # the name alone tells type checkers; importing typing costs more than an inference
if TYPE_CHECKING:
    from typing import Any

    from ressq_runtime.inputs.picture_spec import PixelSpec

    _Sized = tuple[Image.Image, tuple[int, int]]
    Source = str | os.PathLike[str] | bytes | Image.Image | Any  # Any: a binary file, a numpy uint8 (H, W, 3) array

# A file's first bytes -> Pillow's module for it. Others hide a picture of any size behind a small one's header (ICO),
# or are a program that Pillow runs (EPS); and to import all that it knows takes as long as some answers.
_PLUGINS = {
    b"\xff\xd8": "Jpeg", b"\x89PNG": "Png", b"BM": "Bmp", b"GIF8": "Gif", b"P": "Ppm", b"II": "Tiff", b"MM": "Tiff",
    b"RIFF": "WebP",
}  # fmt: skip

# Without a handler Python prints what Pillow logs of a file, which says of no path.
logging.getLogger("PIL").addHandler(logging.NullHandler())


def to_pixels(source: Source, spec: PixelSpec) -> bytes:
    """The network's input for a picture: uint8 RGB, rows from the top, spec.height * spec.width * 3 bytes.

    Sources as in `decode`; the spec is the artefact's.

    Raises:
        PictureError: the picture can't be read, or not as one picture of 32x32 pixels or more.
    """
    return crop(decode(source, spec.least), spec)


def decode(source: Source, least: int | tuple[int, int] | None = None) -> Image.Image:
    """The picture upright, as a Pillow image of mode RGB.

    Args:
        source: a path, a file's bytes, a binary file, a Pillow image, or a uint8 (H, W, 3) RGB array.
        least: decode a JPEG at 1/2, 1/4 or 1/8 as long as the upright picture keeps this (width, height);
            a number: for both sides; None: at full size.

    Raises:
        PictureError: the picture can't be read, or not as one picture of 32x32 pixels or more.
    """
    return decode_sized(source, least)[0]


def decode_sized(source: Source, least: int | tuple[int, int] | None) -> _Sized:
    """What `decode` gives, and (width, height) of the whole picture upright."""
    source = to_source(source)
    if isinstance(source, str):
        check_path(source)
        return _decode_file(source, source, least)
    if isinstance(source, bytes):
        return _decode_file(BytesIO(source), "bytes", least)
    if isinstance(source, Image.Image):
        check_image(source)
        _check_size(source, "image")
        try:
            with Ignored():
                load_given(source)
                image = to_upright_rgb(source, "image")
        except BROKEN as error:
            raise name_broken("image", error) from error
    else:
        image = _from_array(source)
    return image, image.size


def crop(image: Image.Image, spec: PixelSpec) -> bytes:
    """Resized as the spec says (bilinear, antialiased), then the part that the network gets: uint8 RGB bytes."""
    resized = image.resize(spec.resized(image.size), Image.Resampling.BILINEAR)
    return resized.crop(spec.crop_box(resized.size)).tobytes()


def _decode_file(file: str | BytesIO, path: str, least: int | tuple[int, int] | None) -> _Sized:
    try:
        try:
            return _read_file(file, path, least)
        except BROKEN:
            from ressq_runtime.decoding.without_metadata import copy_without_metadata

            for copy in copy_without_metadata(file):
                with suppress(*BROKEN):
                    return _read_file(copy, path, least)
            raise
    except Image.DecompressionBombError as error:
        limit = 2 * (Image.MAX_IMAGE_PIXELS or 0) // 1_000_000
        raise PictureError(
            f"{path}: found a decompression bomb or a huge picture ({error}), "
            f"wanted at most {limit} megapixels; make a smaller copy"
        ) from error
    except (FileNotFoundError, PermissionError) as error:
        raise PictureError(f"{path}: {error.strerror}; check the path and its permissions") from error
    except BROKEN as error:
        raise name_broken(path, error) from error


def _read_file(file: str | BytesIO, path: str, least: int | tuple[int, int] | None) -> _Sized:
    with Ignored(), _open(file, path) as image:
        _check_kind(image, path)
        _check_size(image, path)
        _check_one_frame(image, path)
        full_size = image.size
        if least is not None:
            image.draft(None, _least_in_file(image, least))
        check_footprint(image, full_size, path)
        load_whole(image, file, path)
        upright = to_upright_rgb(image, path)
        return upright, upright.size if image.size == full_size else to_file(full_size, read_orientation(image))


def _least_in_file(image: Image.Image, least: int | tuple[int, int]) -> tuple[int, int]:
    """(width, height) before the picture is turned."""
    width, height = (least, least) if isinstance(least, int) else least
    return (width, height) if width == height else to_file((width, height), read_orientation(image))


def _open(file: str | BytesIO, path: str) -> Image.Image:
    with open(file, "rb") if isinstance(file, str) else BytesIO(file.getvalue()) as opened:
        head = opened.read(12)
    plugin = "Avif" if head[4:11] == b"ftypavi" else next((_PLUGINS[at] for at in _PLUGINS if head.startswith(at)), "")
    try:
        __import__(f"PIL.{plugin}ImagePlugin")
        return Image.open(file, formats=(plugin,))
    except (UnidentifiedImageError, ImportError, ValueError) as error:  # ValueError: Pillow 11.0, a TIFF without a size
        from ressq_runtime.decoding.unknown_format import open_unidentified
        from ressq_runtime.decoding.without_metadata import copy_without_metadata

        for copy in copy_without_metadata(file):
            with suppress(*BROKEN):
                return Image.open(copy, formats=(plugin,))
        return open_unidentified(file, path, error)


def _check_kind(image: Image.Image, path: str) -> None:
    if image.format == "TIFF":
        from ressq_runtime.decoding.tiff import check_planes

        check_planes(image, path)


def _check_size(image: Image.Image, path: str) -> None:
    width, height = image.size
    if (shorter := min(width, height)) < SMALLEST_SIDE:
        # MNIST's 28 pixels show something; a map's tile of one does not.
        or_else = f", or enlarge each {-(-SMALLEST_SIDE // shorter)} times, on the device too" if shorter >= 8 else ""
        raise PictureError(
            f"{path}: found {width}x{height} pixels, wanted at least {SMALLEST_SIDE}x{SMALLEST_SIDE}; "
            f"use the picture it was made from{or_else}"
        )
    if max(width, height) > LARGEST_ASPECT * min(width, height):
        raise PictureError(
            f"{path}: found {width}x{height} pixels, wanted a picture at most {LARGEST_ASPECT} times as long as wide; "
            "cut out the part that matters"
        )


def _check_one_frame(image: Image.Image, path: str) -> None:
    """An animation is many pictures; a phone's MPO or HEIF is one photo, with its preview, twin or burst behind it."""
    # n_frames would walk them all: minutes for a TIFF of 20 MB.
    if not getattr(image, "is_animated", False) or image.format in ("MPO", "HEIF"):  # opened at the main one
        return
    if image.format == "TIFF":
        from ressq_runtime.decoding.tiff import is_pyramid

        if is_pyramid(image):
            return
    raise PictureError(f"{path}: found several frames in a {image.format}, wanted one picture; save the frame you mean")


def _from_array(array: Any) -> Image.Image:
    shape, dtype = tuple(getattr(array, "shape", ())), str(getattr(array, "dtype", type(array).__name__))
    if dtype != "uint8" or len(shape) != 3 or shape[2] != 3:
        raise PictureError(f"array: {describe_array(dtype, shape)}")
    image = Image.frombytes("RGB", (shape[1], shape[0]), array.tobytes())
    _check_size(image, "array")
    return image
