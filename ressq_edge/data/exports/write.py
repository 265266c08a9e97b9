"""The plain layout, all of it or nothing: images/, masks/ as palette PNGs of indices, and classes.csv."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
from PIL import Image

from ressq_edge.atomic import cannot_write
from ressq_edge.data.exports.draw import Map
from ressq_edge.data.masks.classes import IGNORED, TABLE, ClassRow, split_colour, write_table
from ressq_edge.data.masks.matching import count, name_some
from ressq_edge.errors import MaskError

_WHITE = 0xFFFFFF


@dataclass(frozen=True)
class Placed:
    """A picture, where it goes, and how its mask is made.

    picture: the file.
    place: below images/, or below images/PART/.
    part: "train", "val", "test", or None.
    make_mask: gives uint8 (H, W) of indices; may raise MaskError or PictureError.
    """

    picture: Path
    place: PurePosixPath
    part: str | None
    make_mask: Callable[[], Map]


def write_folder(out: Path, rows: Sequence[ClassRow], placed: Sequence[Placed], tick: Callable[[], None]) -> set[int]:
    """Write OUT/images/, OUT/masks/ and OUT/classes.csv; where something fails, nothing is left.

    -> the indices that occur: the table has a line for each, and for no other, which would have nothing to learn from.

    Raises:
        MaskError: OUT is there already, or two pictures would have one name.
        OutputError: a file can't be written.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise MaskError(f"{out}: found something there, wanted a new folder; remove it, or choose another --out")
    _refuse_same_names(placed)
    palette = [0] * 768
    for row in rows:
        if row.index is not None:
            palette[3 * row.index : 3 * row.index + 3] = split_colour(row.colour or 0)
    used: set[int] = set()
    with _all_or_nothing(out) as folder:
        for one in placed:
            index = one.make_mask()
            used |= set(np.flatnonzero(np.bincount(index.ravel(), minlength=256)).tolist())
            below = PurePosixPath(one.part or "") / one.place
            picture, mask = folder / "images" / below, (folder / "masks" / below).with_suffix(".png")
            for path in (picture, mask):
                path.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(one.picture, picture)
            image = Image.fromarray(index)
            image.putpalette(palette)
            image.save(mask)
            tick()
        (folder / TABLE).write_text(write_table([row for row in rows if row.index in used]), encoding="utf-8")
    return used


def choose_rows(labels: Sequence[str], colours: Sequence[int], *, ignored: bool) -> list[ClassRow]:
    """The lines of classes.csv: labels in the order of their indices, and 255 where pixels are ignored."""
    rows = [ClassRow(label, index, colour) for index, (label, colour) in enumerate(zip(labels, colours, strict=True))]
    void = next(colour for colour in range(_WHITE, 0, -0x202020) if colour not in colours)
    return [*rows, ClassRow("void", IGNORED, void)] if ignored else rows


@contextmanager
def _all_or_nothing(out: Path) -> Iterator[Path]:
    """A folder beside `out` that becomes it when the block ends well."""
    folder = out.with_name(f".{out.name}.{os.getpid()}.tmp")
    try:
        folder.mkdir(parents=True)
        yield folder
        if out.exists():  # empty, as was seen
            out.rmdir()
        folder.replace(out)
    except OSError as error:
        raise cannot_write(out, error) from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _refuse_same_names(placed: Sequence[Placed]) -> None:
    seen: dict[tuple[str | None, str], Path] = {}
    for one in placed:
        other = seen.setdefault((one.part, str(one.place.with_suffix("")).casefold()), one.picture)
        if other != one.picture:
            raise MaskError(
                f"{one.picture}: found a picture of the name of {other}, wanted one mask's name for each; rename one"
            )
    loose = [str(one.picture) for one in placed if one.part is None]
    if loose and len(loose) < len(placed):
        raise MaskError(
            f"{loose[0]}: found {count(len(loose), 'picture')} in no part beside others in train, val or test "
            f"({name_some(loose)}), wanted all or none; move each into a part"
        )
