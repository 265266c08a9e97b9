"""A class map as a picture: the mask at the photo's size, and the photo under the classes' colours."""

from __future__ import annotations

import os
from io import BytesIO

from PIL import Image, PngImagePlugin

from ressq_runtime.errors import OutputError
from ressq_runtime.inputs.picture import decode
from ressq_runtime.tasks.segment_counts import UNSURE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ressq_runtime.inputs.picture import Source
    from ressq_runtime.tasks.segment_areas import Areas

_OPACITY = 0.5  # of the colours over the photo
_UNSURE_COLOUR = (255, 255, 255)
_OURS = b"ressq-infer"  # in what we wrote, so that nobody's own masks or photos are replaced
_HEAD_BYTES = 2048
_OVERLAYS = (".jpg", ".jpeg", ".png")


def check_target(path: str, source: str, suffixes: tuple[str, ...]) -> None:
    """Refuses what must not or could not be written before anything is computed.

    Raises:
        OutputError: another suffix, no such folder, or a file that is not ours.
    """
    if not path.lower().endswith(suffixes):
        raise OutputError(f"{path}: found another suffix, wanted {', '.join(suffixes)}; name another file")
    if not os.path.isdir(os.path.dirname(path) or "."):
        raise OutputError(f"{path}: found no such folder; create it first")
    if not os.path.exists(path):
        return
    if os.path.exists(source) and os.path.samefile(path, source):
        raise OutputError(f"{path}: found the picture itself, wanted a new file; name another")
    try:
        with open(path, "rb") as file:
            ours = _OURS in file.read(_HEAD_BYTES)
    except OSError as error:
        raise OutputError(f"{path}: {error.strerror}; name another file") from error
    if not ours:
        raise OutputError(f"{path}: found a file that ressq-infer did not write, wanted a new one; name another")


def check_mask(path: str, source: str) -> None:
    """`check_target` of a mask, whose indices only a PNG keeps."""
    check_target(path, source, (".png",))


def check_overlay(path: str, source: str) -> None:
    """`check_target` of an overlay."""
    check_target(path, source, _OVERLAYS)


def write_mask(areas: Areas, path: str) -> None:
    """Writes the class map at the photo's size: a palette PNG of the indices, in the colours of the card.

    Raises:
        OutputError: it can't be written.
    """
    note = PngImagePlugin.PngInfo()
    note.add_text("Software", _OURS.decode())
    content = BytesIO()
    # Level 1: rows of equal pixels are as small with it, and three times as fast.
    draw_mask(areas, areas.size).save(content, "PNG", pnginfo=note, compress_level=1)
    _write(path, content)


def write_overlay(areas: Areas, source: Source, path: str) -> None:
    """Writes the photo under the classes' colours, at its own size.

    Raises:
        PictureError: the photo can't be read again.
        OutputError: it can't be written.
    """
    picture, content = draw_overlay(areas, decode(source)), BytesIO()
    if path.lower().endswith(".png"):
        note = PngImagePlugin.PngInfo()
        note.add_text("Software", _OURS.decode())
        picture.save(content, "PNG", pnginfo=note)
    else:
        picture.save(content, "JPEG", quality=90, comment=_OURS)
    _write(path, content)


def draw_mask(areas: Areas, size: tuple[int, int]) -> Image.Image:
    """The class map by nearest neighbour at a (width, height), mode P."""
    height, width = areas.shape
    mask = Image.frombytes("L", (width, height), areas.classes).resize(size, Image.Resampling.NEAREST)
    palette = [*areas.colours, *[(0, 0, 0)] * (UNSURE - len(areas.colours)), _UNSURE_COLOUR]
    mask.putpalette([channel for colour in palette for channel in colour])
    return mask


def draw_overlay(areas: Areas, picture: Image.Image) -> Image.Image:
    """The picture, of any size, under the classes' colours; where the network is unsure, the picture alone."""
    mask = draw_mask(areas, picture.size)
    coloured = Image.blend(picture, mask.convert("RGB"), _OPACITY)
    # A mask's bytes as they are: 255 for UNSURE alone.
    unsure = Image.frombytes("L", mask.size, mask.tobytes()).point([0] * UNSURE + [255])
    return Image.composite(picture, coloured, unsure)


def _write(path: str, content: BytesIO) -> None:
    try:
        with open(path, "wb") as file:
            file.write(content.getvalue())
    except OSError as error:
        raise OutputError(f"{path}: {error.strerror}; free space, or write elsewhere") from error
