"""Pictures with masks, in the plain layout or a run's test part: which belong together, and what a mask's values mean.

`images/` and `masks/` hold files of equal names; where both hold `test/`, or the folder does, only that is taken.
"""

from __future__ import annotations

import os
from pathlib import Path

from PIL import Image, ImageChops

from ressq_runtime.decoding.upright import BROKEN, name_broken
from ressq_runtime.errors import FolderError, PictureError
from ressq_runtime.inputs.folders import list_pictures
from ressq_runtime.inputs.test_split import list_test_masks

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from ressq_runtime.tasks.segment import Segment

IGNORED = 255  # in a mask: nobody knows
_PICTURES, _MASKS, _TEST = "images", "masks", "test"
_FORMATS = ("PNG", "BMP", "GIF", "TIFF", "WEBP", "PPM")


class Reading:
    """What the values of masks mean. Fields: by_colour, whether 0xRRGGBB, not indices; classes, value -> class."""

    __slots__ = ("by_colour", "classes")

    def __init__(self, by_colour: bool, classes: Mapping[int, int]) -> None:
        self.by_colour, self.classes = by_colour, classes


def list_pairs(
    folder: Path, task: Segment, split: str | os.PathLike[str] | None
) -> tuple[str, list[tuple[str, str]], Reading | None]:
    """What is measured, (picture, mask) of it, and what a run says of its masks' values; None: nothing is said.

    Raises:
        FolderError: pictures without masks or the reverse, or no such folders; or the split is none.
    """
    if split is not None:
        return (str(folder), *_list_split(os.fspath(split), str(folder), task))
    for root in (folder, folder / _TEST):
        if (root / _PICTURES).is_dir() and (root / _MASKS).is_dir():
            folders = [root / name for name in (_PICTURES, _MASKS)]
            if all((path / _TEST).is_dir() for path in folders):
                folders = [path / _TEST for path in folders]
            return str(folders[0]), _pair(*folders), None
    raise FolderError(f"{folder}: found no {_PICTURES}/ beside {_MASKS}/, wanted both; put pictures and masks there")


def read_mask(path: str, picture: str, size: tuple[int, int], task: Segment, reading: Reading | None) -> Image.Image:
    """The mask of a picture of this (width, height) at the class map's size, mode L: classes, and IGNORED.

    Raises:
        PictureError: it can't be read, is of another size, or holds a value that is no class.
    """
    if path.lower().endswith((".jpg", ".jpeg", ".jpe", ".jfif")):
        raise PictureError(f"{path}: found a JPEG, which blends neighbouring classes, wanted a PNG; save masks as PNG")
    height, width = task.shape
    try:
        with Image.open(path, formats=_FORMATS) as mask:
            if mask.size != size:
                turned = "; the picture is turned by its EXIF: turn the mask" if mask.size == size[::-1] else ""
                raise PictureError(
                    f"{path}: found {mask.width}x{mask.height} pixels, wanted the {size[0]}x{size[1]} of "
                    f"{picture}{turned or '; make both of one size'}"
                )
            small = mask.resize((width, height), Image.Resampling.NEAREST)
    except BROKEN as error:
        raise name_broken(path, error) from error
    values = None if reading and reading.by_colour else _to_index(small, path)
    if values is None:
        own = {r << 16 | g << 8 | b: index for index, (r, g, b) in enumerate(task.colours)}
        classes = reading.classes if reading and reading.by_colour else own
        return _by_colour(small.convert("RGB"), classes, path)
    known = dict(reading.classes) if reading else {n: n for n in (*range(len(task.labels)), IGNORED)}
    for value, count in enumerate(values.histogram()):
        if count and value not in known:
            raise PictureError(
                f"{path}: found the value {value}, wanted 0 to {len(task.labels) - 1}, or 255 for what is ignored; "
                "mend the mask, or give the run's split.json by --split"
            )
    return values.point([known.get(value, IGNORED) for value in range(256)])


def _to_index(mask: Image.Image, path: str) -> Image.Image | None:
    """Mode L of the stored values; None: they are colours."""
    if mask.mode == "1":
        return mask.convert("L").point([0] + [1] * 255)
    if mask.mode == "P":
        return Image.frombytes("L", mask.size, mask.tobytes())
    if mask.mode.startswith("I"):
        wide = mask.convert("I")
        low, high = wide.getextrema()
        if not (isinstance(low, int) and isinstance(high, int) and low >= 0 and high <= IGNORED):
            raise PictureError(f"{path}: found values up to {high}, wanted 0 to {IGNORED}; save it with 8 bits")
        return wide.convert("L")
    if mask.mode in ("L", "LA"):
        return mask.getchannel(0)
    red, green, blue = mask.convert("RGB").split()
    if ImageChops.difference(red, green).getbbox() or ImageChops.difference(red, blue).getbbox():
        return None
    return red


def _by_colour(mask: Image.Image, classes: Mapping[int, int], path: str) -> Image.Image:
    found, known = Image.new("L", mask.size, IGNORED), Image.new("L", mask.size)
    for value, index in classes.items():
        parts = zip(mask.split(), (value >> 16, value >> 8 & 255, value & 255), strict=True)
        here = [part.point([255 * (level == wanted) for level in range(256)]) for part, wanted in parts]
        place = ImageChops.darker(ImageChops.darker(here[0], here[1]), here[2])
        found.paste(index, mask=place)
        known.paste(255, mask=place)
    if (strange := known.tobytes().find(0)) >= 0:
        colour = ",".join(map(str, mask.tobytes()[3 * strange : 3 * strange + 3]))
        raise PictureError(f"{path}: found the colour {colour}, wanted those of the classes alone; mend the mask")
    return found


def _pair(pictures: Path, masks: Path) -> list[tuple[str, str]]:
    named, of = (
        {path.relative_to(folder).with_suffix("").as_posix(): str(path) for path in list_pictures(folder)}
        for folder in (pictures, masks)
    )
    for here, there, one, other in ((named, of, "picture", "mask"), (of, named, "mask", "picture")):
        if lonely := [here[name] for name in here if name not in there]:
            raise FolderError(
                f"{lonely[0]}: found no {other} of this name, {len(lonely)} in all, wanted one for each {one}; "
                f"add it, or remove the {one}"
            )
    if not named:
        raise FolderError(f"{pictures}: found no picture, wanted some with their masks in {masks}")
    return [(path, of[name]) for name, path in named.items()]


def _list_split(split: str, folder: str, task: Segment) -> tuple[list[tuple[str, str]], Reading]:
    pairs, said = list_test_masks(split, folder, task.labels)
    classes = {*range(len(task.labels)), IGNORED}
    said = said if isinstance(said, dict) else {}
    by_colour, targets = said.get("reading") == "colour", said.get("targets")
    most = 0xFFFFFF if by_colour else IGNORED
    if not isinstance(targets, list) or not all(_is_target(target, most, classes) for target in targets):
        raise FolderError(
            f"{split}: found nothing of the masks' values, wanted what each means; give the run's split.json"
        )
    return pairs, Reading(by_colour, dict(targets))


def _is_target(target: Any, most: int, classes: set[int]) -> bool:
    """True for [value, class] of a split."""
    if not (isinstance(target, list) and len(target) == 2 and all(type(number) is int for number in target)):
        return False
    return 0 <= target[0] <= most and target[1] in classes
