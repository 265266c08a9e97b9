"""How masks are read: each value or colour to the class it means, 255 where a pixel is ignored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ressq_edge.data.masks.classes import IGNORED, ClassTable, Colour, choose_colour, split_colour
from ressq_edge.data.masks.loading import load_mask
from ressq_edge.data.masks.looks import MaskLook
from ressq_edge.errors import MaskError

_STRIP_PIXELS = 1_000_000  # at once: numbers take 16 bytes a pixel

Looks = Mapping[str, MaskLook]  # by the mask's path below the data folder


@dataclass(frozen=True)
class MaskClasses:
    """What the values of a data folder's masks mean.

    labels: class names in the order of the logits.
    colours: 0xRRGGBB of each.
    reading: "index" (the stored value) or "colour".
    targets: (value or colour, class) of each that is known; class 255 is ignored.
    source: where the names are from: "classes.csv", "labelmap.txt" or "the values".
    """

    labels: tuple[str, ...]
    colours: tuple[Colour, ...]
    reading: str
    targets: tuple[tuple[int, int], ...]
    source: str


@dataclass(frozen=True)
class Misfits:
    """What a reading does not know: the values of each mask that has such, with their pixels."""

    reading: str
    values: Mapping[str, Mapping[int, int]]


def read_mask(path: Path, classes: MaskClasses) -> NDArray[np.uint8]:
    """uint8 (H, W), upright: the class of each pixel, 255 where it is ignored.

    Raises:
        PictureError: the file can't be decoded.
        MaskError: it holds a value that the scan did not see.
    """
    image = load_mask(path).image
    known = np.array(sorted(classes.targets), np.uint32)
    found = np.empty((image.height, image.width), np.uint8)
    rows = max(1, _STRIP_PIXELS // image.width)
    for top in range(0, image.height, rows):
        strip = image.crop((0, top, image.width, min(top + rows, image.height)))
        values = _to_values(path, strip, classes.reading)
        places = np.searchsorted(known[:, 0], values).clip(max=len(known) - 1)
        if len(other := values[known[places, 0] != values]):
            raise _changed(path, f"the value {show(int(other[0]), classes.reading)}")
        found[top : top + strip.height] = known[places, 1]
    return found


def read_target(path: Path, classes: MaskClasses, size: tuple[int, int] | None = None) -> NDArray[np.uint8]:
    """uint8 (H, W), upright: the class of each pixel, 255 where it is ignored; what training and evaluation know.

    size: height and width; see `resize_target`. None: the mask's own.

    Raises:
        PictureError, MaskError: as `read_mask`.
    """
    found = read_mask(path, classes)
    return found if size is None else resize_target(found, size)


def resize_target(target: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    """The target at another height and width, by nearest neighbour, at the points that Pillow's NEAREST takes."""
    if size == target.shape:
        return target
    height, width = size
    return np.asarray(Image.fromarray(target).resize((width, height), Image.Resampling.NEAREST))


def _to_values(path: Path, image: Image.Image, reading: str) -> NDArray[np.uint32]:
    """uint32 (H, W): indices, or colours as 0xRRGGBB."""
    if reading == "colour":
        pixels = np.asarray(image.convert("RGB"), np.uint32)
        return (pixels[..., 0] << 16 | pixels[..., 1] << 8 | pixels[..., 2]).astype(np.uint32)
    stored = np.asarray(image)
    if stored.ndim == 3 and (stored != stored[..., :1]).any():
        raise _changed(path, "colours")
    return (stored if stored.ndim == 2 else stored[..., 0]).astype(np.uint32)


def _changed(path: Path, found: str) -> MaskError:
    return MaskError(f"{path}: found {found}, which it did not hold when it was scanned; bring it back, or begin anew")


def show(value: int, reading: str) -> str:
    """A value as a person writes it: 7, or 128,0,64."""
    return str(value) if reading == "index" else ",".join(map(str, split_colour(value)))


def count_targets(look: MaskLook, classes: MaskClasses) -> NDArray[np.int64]:
    """int64 (classes + 1,): pixels of each class of a mask, the ignored ones last."""
    targets, size = dict(classes.targets), len(classes.labels)
    found = np.zeros(size + 1, np.int64)
    for value, number in (_values(look, classes.reading) or {}).items():
        target = targets.get(value, IGNORED)
        found[size if target == IGNORED else target] += number
    return found


def _values(look: MaskLook, reading: str) -> Mapping[int, int] | None:
    return look.indices if reading == "index" else look.colours


def read_by_table(table: ClassTable, looks: Looks) -> MaskClasses | Misfits:
    """How these masks are read by a table: by index or by colour, whichever fits them all.

    Raises:
        MaskError: both fit and contradict each other.
    """
    rows = [row for row in table.rows if not row.ignored]
    targets = {row.name: target for target, row in enumerate(rows)}
    by_index = {row.index: targets.get(row.name, IGNORED) for row in table.rows if row.index is not None}
    by_colour = {row.colour: targets.get(row.name, IGNORED) for row in table.rows if row.colour is not None}
    maps = {"index": {IGNORED: IGNORED, **by_index}} if by_index else {}
    if len(by_colour) == len(table.rows):
        maps["colour"] = by_colour
    misfits = {reading: Misfits(reading, find_misfits(looks, reading, known)) for reading, known in maps.items()}
    fitting = [reading for reading in maps if not misfits[reading].values]
    if not fitting:
        return min(misfits.values(), key=lambda found: len(found.values))
    reading = fitting[0]
    if len(fitting) > 1 and (contrary := _find_contrary(looks, by_index, by_colour)):
        _refuse_contrary(table, by_index, *contrary)
        reading = "colour"  # a 255 that the table does not name, but whose white it does
    colours = (choose_colour(place) if row.colour is None else row.colour for place, row in enumerate(rows))
    known = tuple(sorted(maps[reading].items()))
    return MaskClasses(tuple(targets), tuple(colours), reading, known, table.path.name)


def find_misfits(looks: Looks, reading: str, known: Mapping[int, int]) -> dict[str, dict[int, int]]:
    """Mask -> the values of it that are not known, with their pixels; of masks that have such."""
    found = {}
    for name, look in looks.items():
        values = _values(look, reading)
        # Colours where indices are wanted, or values above 255 where colours are: all of it
        odd = (
            {v: n for v, n in values.items() if v not in known} if values else dict(look.colours or look.indices or {})
        )
        if odd:
            found[name] = odd
    return found


def _find_contrary(
    looks: Looks, by_index: Mapping[int, int], by_colour: Mapping[int, int]
) -> tuple[str, int, int] | None:
    """(mask, index, colour) of the first value that index and colour give to different classes."""
    for name, look in looks.items():
        for value in look.indices or {}:
            colour = look.palette[value] if look.palette else value * 0x010101
            if look.kind.endswith(", 1"):
                colour = value * 0xFFFFFF
            if by_index.get(value, IGNORED) != by_colour[colour]:
                return name, value, colour
    return None


def _refuse_contrary(table: ClassTable, by_index: Mapping[int, int], name: str, value: int, colour: int) -> None:
    if value == IGNORED and IGNORED not in by_index:
        return
    of_index = next(row.name for row in table.rows if row.index == value)
    of_colour = next(row.name for row in table.rows if row.colour == colour)
    raise MaskError(
        f"{table.path.parent / name}: found index {value}, which is {of_index}, in the colour {show(colour, 'colour')} "
        f"of {of_colour}, wanted index and colour of one class; remove the columns index or r,g,b, whichever is wrong, "
        f"from {table.path.name}"
    )
