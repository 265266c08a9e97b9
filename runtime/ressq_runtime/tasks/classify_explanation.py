"""`ressq-infer photo.jpg --explain out.png`: the picture as the network saw it, and where it found the answer.

Brightness is the picture's, colour is the class activation map's: dark blue where least speaks for the answer,
yellow where most does (viridis, which colour-blind people read as well).
"""

from __future__ import annotations

import os
from io import BytesIO

from PIL import Image, ImageDraw, ImageFont

from ressq_runtime.engines.class_activation import read_class_maps
from ressq_runtime.errors import OutputError
from ressq_runtime.inputs import want_pictures
from ressq_runtime.inputs.picture import crop, decode
from ressq_runtime.inputs.picture_spec import PixelSpec

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ressq_runtime.inputs.picture import Source
    from ressq_runtime.model import Model
    from ressq_runtime.tasks.classify import Classify, Prediction

SIDE = 448  # pixels: a comfortable size on a screen
_LEGEND, _MARGIN, _BAR = 40, 10, (96, 12)  # pixels
_TEXT_SIZE = 18
_OPACITY = 0.5  # of the colours over the picture
# viridis at equal distances
_COLOURS = ((68, 1, 84), (59, 82, 139), (33, 145, 140), (94, 201, 98), (253, 231, 37))
_SUFFIXES = (".png", ".jpg", ".jpeg")


def check_explanation(path: str, picture: str) -> None:
    """Refuses what could not be written before anything is computed.

    Raises:
        OutputError: another suffix, no such folder, or the picture itself would be overwritten.
    """
    if not path.lower().endswith(_SUFFIXES):
        raise OutputError(f"{path}: found another suffix, wanted {', '.join(_SUFFIXES)}")
    if not os.path.isdir(os.path.dirname(path) or "."):
        raise OutputError(f"{path}: found no such folder; create it first")
    if os.path.exists(path) and os.path.exists(picture) and os.path.samefile(path, picture):
        raise OutputError(f"{path}: found the picture itself, wanted a new file for the explanation; name another")


def write_explanation(model: Model, task: Classify, picture: Source, best: Prediction, path: str) -> None:
    """Writes the picture with the map of the best prediction over it, and a legend below.

    Raises:
        PictureError: the picture can't be read.
        EngineError: the model does not end as a map needs it.
        OutputError: the file can't be written.
    """
    spec = want_pictures(model.path, model.input, "--explain")
    pixels = model.prepare(picture)[0]
    found = read_class_maps(model.path, model.engine, task.output.name, pixels)[task.labels.index(best.label)]
    spec = PixelSpec(SIDE, round(spec.resize * SIDE / spec.height))  # the same crop, from the original's pixels
    shown = Image.frombytes("RGB", (SIDE, SIDE), crop(decode(picture, spec.least), spec))
    content = BytesIO()
    _draw(shown, found, f"{best.probability:.1%} {best.label}").save(content, _format(path), quality=90)
    try:
        with open(path, "wb") as file:
            file.write(content.getvalue())
    except OSError as error:
        raise OutputError(f"{path}: {error.strerror}; free space, or write elsewhere") from error


def _format(path: str) -> str:
    return "PNG" if path.lower().endswith(".png") else "JPEG"


def _draw(picture: Image.Image, found: Any, legend: str) -> Image.Image:
    """The picture in the map's colours (found: float, (height, width)), on a page with the legend below."""
    span = float(found.max() - found.min())
    steps = (found - found.min()) * (255 / span if span else 0)
    level = Image.fromarray(steps.round().astype("uint8")).resize(picture.size, Image.Resampling.BICUBIC)
    page = Image.new("RGB", (SIDE, SIDE + _LEGEND), "white")
    page.paste(Image.blend(picture.convert("L").convert("RGB"), _colour(level), _OPACITY))
    bar = _colour(Image.linear_gradient("L").rotate(90).resize(_BAR))
    draw, font = ImageDraw.Draw(page), _font()
    at = SIDE - _MARGIN
    for part in ("more", bar, "less"):  # from the right
        at -= int(draw.textlength(part, font)) if isinstance(part, str) else _BAR[0]
        if isinstance(part, str):
            _write(draw, at, part, font)
        else:
            page.paste(part, (at, SIDE + (_LEGEND - _BAR[1]) // 2))
        at -= _MARGIN
    if isinstance(font, ImageFont.ImageFont):  # a bitmap font of Latin-1, where Pillow has no FreeType
        legend = legend.encode("latin-1", "replace").decode("latin-1")
    shown = legend
    while draw.textlength(shown, font) > at - _MARGIN:
        legend = legend[:-1]
        shown = legend + "..."
    _write(draw, _MARGIN, shown, font)
    return page


def _write(draw: ImageDraw.ImageDraw, left: int, text: str, font: Any) -> None:
    _, top, _, bottom = draw.textbbox((0, 0), "less", font)
    draw.text((left, SIDE + (_LEGEND - top - bottom) // 2), text, "black", font)


def _font() -> Any:
    try:
        return ImageFont.load_default(_TEXT_SIZE)
    except (TypeError, ImportError):  # before Pillow 10.1, or without FreeType: the small one
        return ImageFont.load_default()


def _colour(level: Image.Image) -> Image.Image:
    """An image of levels, mode L, in the colours of the scale."""
    palette = []
    for value in range(256):
        part, at = len(_COLOURS) - 1, value * (len(_COLOURS) - 1) / 255
        low = min(int(at), part - 1)
        pair = zip(_COLOURS[low], _COLOURS[low + 1], strict=True)
        palette += [round(a + (b - a) * (at - low)) for a, b in pair]
    level.putpalette(palette)
    return level.convert("RGB")
