"""From an export to the plain layout: images/, masks/ and classes.csv."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path, PurePosixPath

from ressq_edge.data.exports.annotated import Annotated, Export, refuse_all
from ressq_edge.data.exports.convert_masks import convert_masks
from ressq_edge.data.exports.converted import BACKGROUNDS, Bar, Converted, name_used
from ressq_edge.data.exports.draw import Map, Tally, draw
from ressq_edge.data.exports.files import place
from ressq_edge.data.exports.recognise import recognise
from ressq_edge.data.exports.write import Placed, choose_rows, write_folder
from ressq_edge.data.masks.classes import IGNORED, ClassRow, choose_colour
from ressq_edge.data.masks.loading import PictureSize, read_size
from ressq_edge.data.masks.matching import count, name_some
from ressq_edge.errors import MaskError
from ressq_runtime.errors import PictureError, printable

BACKGROUND = "background"
_MOST_CLASSES = 255  # 255 is ignored


def convert(export: Path, out: Path, bar: Bar) -> Converted:
    """Write an export as OUT/images/, OUT/masks/ and OUT/classes.csv.

    Raises:
        MaskError: it is of no known tool, or holds what cannot be converted; all of it is named.
        PictureError: a picture can't be read.
        OutputError: a file can't be written.
    """
    reader = recognise(export)
    return convert_masks(export, out, bar) if reader is None else _convert_objects(export, reader(), out, bar)


def _convert_objects(root: Path, export: Export, out: Path, bar: Bar) -> Converted:
    if not export.pictures:
        raise MaskError(f"{root}: found no picture in {export.kind}, wanted one or more; export it with its pictures")
    drawn = {shape.label for one in export.pictures for shape in one.shapes}
    labels = [BACKGROUND, *(name for name in export.labels if name in drawn and not _is_special(name))]
    if odd := [name for name in labels if printable(name) != name or name.encode(errors="replace").decode() != name]:
        raise MaskError(f"{root}: found a class named {odd[0]!a}, wanted signs that can be seen; rename it")
    if len(labels) < 2:
        raise MaskError(f"{root}: found no object of a class in {export.kind}, wanted one or more; draw some")
    if len(labels) > _MOST_CLASSES:
        raise MaskError(f"{root}: found {len(labels)} classes, wanted at most {_MOST_CLASSES}; merge some")
    values = {name: labels.index(name) if name in labels else 0 for name in drawn}
    values |= {name: IGNORED for name in drawn if ClassRow(name, None, None).ignored}
    tally, sizes = Tally(), _read_sizes(root, export)
    placed = [
        Placed(one.picture, _place(root, one.picture), one.part, partial(_draw, one, size.upright, values, tally))
        for one, size in zip(export.pictures, sizes, strict=True)
    ]
    colours = [export.colours.get(name, choose_colour(index)) if index else 0 for index, name in enumerate(labels)]
    rows = choose_rows(labels, _keep_apart(colours), ignored=IGNORED in values.values())
    with bar("drawing", len(placed)) as advance:
        used = write_folder(out, rows, placed, lambda: advance(1))
    notes = (*export.notes, *_note_unused(export, drawn, labels, used), *tally.notes(), *_note_turned(export, sizes))
    return Converted(export.kind, name_used(labels, used), len(placed), notes)


def _is_special(name: str) -> bool:
    return name.casefold() in BACKGROUNDS or ClassRow(name, None, None).ignored


def _place(root: Path, picture: Path) -> PurePosixPath:
    folder = root if root.is_dir() else root.parent.parent if root.parent.name == "annotations" else root.parent
    return place(PurePosixPath(picture.relative_to(folder).as_posix()))


def _keep_apart(colours: list[int]) -> list[int]:
    """The colours, but another for one that was there before: masks may be read by them."""
    found: list[int] = []
    for index, colour in enumerate(colours):
        choices = (colour, *map(choose_colour, range(index, 256)))
        found.append(next(choice for choice in choices if choice not in found))
    return found


def _note_unused(export: Export, drawn: set[str], labels: Sequence[str], used: set[int]) -> list[str]:
    unused = [name for name in export.labels if name not in drawn and not _is_special(name)]
    notes = [f"classes without an object, left out: {', '.join(unused)}"] if unused else []
    if 0 not in used:
        notes.append("no background is left: objects cover all pixels")
    if covered := [label for index, label in enumerate(labels) if index and index not in used]:
        notes.append(f"classes whose objects lie below others throughout, left out: {', '.join(covered)}")
    return notes


def _note_turned(export: Export, sizes: list[PictureSize]) -> list[str]:
    turned = []
    for one, size in zip(export.pictures, sizes, strict=True):
        sideways = size.orientation >= 5 and one.size is not None and size.upright[0] != size.upright[1]
        if size.orientation != 1 and not sideways:
            turned.append(one.picture.name)
    if not turned:
        return []
    return [
        f"{count(len(turned), 'picture')} turned by EXIF, whose size does not tell whether the objects were drawn on "
        f"it upright ({name_some(turned)}): that is assumed; look at the masks"
    ]


def _read_sizes(root: Path, export: Export) -> list[PictureSize]:
    """The size of each picture, which has to be the one that its objects were drawn on."""
    found, faults = [], []
    for one in export.pictures:
        try:
            size = read_size(one.picture)
        except PictureError as error:
            faults.append(str(error))
            continue
        found.append(size)
        if one.size not in (None, size.upright):
            faults.append(_tell_size(one, size))
    refuse_all(root, faults)
    return found


def _tell_size(one: Annotated, size: PictureSize) -> str:
    width, height = one.size or (0, 0)
    wide, high = size.upright
    drawn = f"{one.source}: found objects drawn on {width}x{height} pixels of {one.picture.name}, which"
    if size.orientation >= 5 and (height, width) == size.upright:
        return (
            f"{drawn} its EXIF orientation turns to {wide}x{high}, wanted them on the upright picture; draw them on "
            "it, or, if they look right without the tag, remove it (exiftool -Orientation= FILE)"
        )
    return f"{drawn} has {wide}x{high}, wanted the picture that they were drawn on; bring it back"


def _draw(one: Annotated, size: tuple[int, int], values: dict[str, int], tally: Tally) -> Map:
    try:
        return draw(one, size, values, tally)
    except ValueError as error:
        raise MaskError(
            f"{one.source}: found {error} ({one.picture.name}), wanted objects within it; mend or export it again"
        ) from error
