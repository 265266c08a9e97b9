"""What one mask holds, in a few numbers: which values, how many pixels of each, and its size."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from ressq_edge.data.masks.loading import PictureSize, load_mask
from ressq_edge.data.masks.pairs import Pair
from ressq_edge.data.masks.steps import Steps, count_steps
from ressq_edge.errors import MaskError

NO_STEPS = Steps({}, 0)
MOST_VALUES = 4096  # of one mask; a photograph has more
_GREY = 0x010101  # times a value: the colour R = G = B


@dataclass(frozen=True)
class MaskLook:
    """What a mask's file holds.

    kind: format and mode: "PNG, L".
    size: (width, height), upright.
    orientation: EXIF's, undone in `size`; 1: none.
    indices: value -> pixels, where the file's values can be class indices; None: colours.
    colours: colour as 0xRRGGBB -> pixels; empty where values are above 255.
    palette: index -> colour of a palette PNG, of the indices that occur.
    steps: from class to class, of masks of indices.
    """

    kind: str
    size: tuple[int, int]
    orientation: int
    indices: Mapping[int, int] | None
    colours: Mapping[int, int]
    palette: Mapping[int, int] | None = None
    steps: Steps = NO_STEPS


@dataclass(frozen=True)
class Scanned:
    """A pair that can be read: what its mask holds, and how large its picture is."""

    pair: Pair
    look: MaskLook
    picture: PictureSize


def look_at_mask(path: Path) -> MaskLook:
    """What the mask in a file holds.

    Raises:
        PictureError: it can't be decoded.
        MaskError: its format may have changed its values, or it is a photograph.
    """
    loaded = load_mask(path)
    image, size = loaded.image, loaded.image.size
    if image.mode == "RGB":
        found: Any = image.getcolors(MOST_VALUES)
        if found is None:
            _refuse_photograph(path)
        colours = {red << 16 | green << 8 | blue: number for number, (red, green, blue) in found}
        grey = all(colour == (colour & 255) * _GREY for colour in colours)
        indices = {colour & 255: number for colour, number in colours.items()} if grey else None
        steps = count_steps(image, len(indices)) if indices else NO_STEPS
        return MaskLook(loaded.kind, size, loaded.orientation, indices, colours, None, steps)
    values = _count(path, image)
    if image.mode == "P":
        table = image.getpalette("RGB") or []
        palette = {index: int.from_bytes(table[3 * index : 3 * index + 3], "big") for index in values}
        in_colour: dict[int, int] = {}
        for index, number in values.items():
            in_colour[palette[index]] = in_colour.get(palette[index], 0) + number
        return MaskLook(loaded.kind, size, loaded.orientation, values, in_colour, palette)
    step = 255 if image.mode == "1" else 1
    grey_colours = {value * step * _GREY: number for value, number in values.items()} if max(values) < 256 else {}
    steps = count_steps(image, len(values))
    return MaskLook(loaded.kind, size, loaded.orientation, values, grey_colours, None, steps)


def _count(path: Path, image: Any) -> dict[int, int]:
    """Value -> pixels of an image of one band."""
    if image.mode in ("L", "P"):
        return {value: number for value, number in enumerate(image.histogram()) if number}
    values, numbers = np.unique(np.asarray(image), return_counts=True)
    if len(values) > MOST_VALUES:
        _refuse_photograph(path)
    if int(values[0]) < 0:
        raise MaskError(f"{path}: found the value {values[0]}, wanted class indices from 0 on; save it again")
    return {int(value): int(number) for value, number in zip(values, numbers, strict=True)}


def _refuse_photograph(path: Path) -> NoReturn:
    raise MaskError(
        f"{path}: found more than {MOST_VALUES:,} values, as in a photograph, wanted one value or colour a class; "
        "put the masks in the folder of masks, saved as PNG"
    )
