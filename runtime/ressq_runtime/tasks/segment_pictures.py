"""A photo under the classes' colours."""

from __future__ import annotations

from io import BytesIO

from PIL import Image, PngImagePlugin

from ressq_runtime.inputs.picture import decode
from ressq_runtime.tasks.segment_counts import UNSURE
from ressq_runtime.tasks.segment_files import OURS, check_target, make_palette, write_file

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ressq_runtime.inputs.picture import Source
    from ressq_runtime.tasks.segment_areas import Areas

_OPACITY = 0.5  # of the colours over the photo
_OVERLAYS = (".jpg", ".jpeg", ".png")


def check_overlay(path: str, source: str) -> None:
    """`check_target` of an overlay."""
    check_target(path, source, _OVERLAYS)


def write_overlay(areas: Areas, source: Source, path: str) -> None:
    """Writes the photo under the classes' colours, at its own size.

    Raises:
        PictureError: the photo can't be read again.
        OutputError: it can't be written.
    """
    picture, content = draw_overlay(areas, decode(source)), BytesIO()
    if path.lower().endswith(".png"):
        note = PngImagePlugin.PngInfo()
        note.add_text("Software", OURS.decode())
        picture.save(content, "PNG", pnginfo=note)
    else:
        picture.save(content, "JPEG", quality=90, comment=OURS)
    write_file(path, content.getvalue())


def draw_mask(areas: Areas, size: tuple[int, int]) -> Image.Image:
    """The class map by nearest neighbour at a (width, height), mode P."""
    height, width = areas.shape
    mask = Image.frombytes("L", (width, height), areas.classes).resize(size, Image.Resampling.NEAREST)
    mask.putpalette(make_palette(areas))
    return mask


def draw_overlay(areas: Areas, picture: Image.Image) -> Image.Image:
    """The picture, of any size, under the classes' colours; where the network is unsure, the picture alone."""
    mask = draw_mask(areas, picture.size)
    coloured = Image.blend(picture, mask.convert("RGB"), _OPACITY)
    # A mask's bytes as they are: 255 for UNSURE alone.
    unsure = Image.frombytes("L", mask.size, mask.tobytes()).point([0] * UNSURE + [255])
    return Image.composite(picture, coloured, unsure)
