"""The classes of masks by name: classes.csv gives indices, colours or both, CVAT's labelmap.txt colours alone.

The order of labelmap.txt means nothing: its colours do.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ressq_edge.errors import MaskError
from ressq_runtime.errors import printable
from ressq_runtime.inputs.names import compose

IGNORED = 255  # in a target: the pixel counts neither in the loss nor in a metric
TABLE, LABELMAP = "classes.csv", "labelmap.txt"
HEADER = "index,name,r,g,b"
_IGNORED_NAMES = {"void", "ignore", "ignored", "__ignore__"}
_MOST_BYTES = 1_000_000

Colour = int  # 0xRRGGBB


@dataclass(frozen=True)
class ClassRow:
    """One line of a table: a class, its index in the masks and its colour; None where the table has none."""

    name: str
    index: int | None
    colour: Colour | None

    @property
    def ignored(self) -> bool:
        """Whether pixels of it count neither in the loss nor in a metric."""
        return self.name.casefold() in _IGNORED_NAMES


@dataclass(frozen=True)
class ClassTable:
    """The classes of a data folder, in the order of the file."""

    path: Path
    rows: tuple[ClassRow, ...]


def read_table(root: Path) -> ClassTable | None:
    """The classes in ROOT/classes.csv or ROOT/labelmap.txt; None: neither is there.

    Raises:
        MaskError: both are there, or one can't be read, contradicts itself or names fewer than two classes.
    """
    found = [root / name for name in (TABLE, LABELMAP) if (root / name).exists()]
    if not found:
        return None
    if len(found) > 1:
        raise MaskError(f"{root}: found both {TABLE} and {LABELMAP}, wanted one; move the other elsewhere")
    (path,) = found
    text = _read(path)
    table = ClassTable(path, _read_csv(path, text) if path.name == TABLE else _read_labelmap(path, text))
    _check(table)
    return table


def write_table(rows: Sequence[ClassRow]) -> str:
    """The text of a classes.csv."""
    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\n")
    lines.writerow(HEADER.split(","))
    lines.writerows((row.index, row.name, *split_colour(row.colour or 0)) for row in rows)
    return text.getvalue()


def split_colour(colour: Colour) -> tuple[int, int, int]:
    """Red, green and blue, 0..255."""
    return colour >> 16, colour >> 8 & 255, colour & 255


def choose_colour(index: int) -> Colour:
    """A colour for a class without one, far from its neighbours': bits of the index, the lowest ones brightest."""
    channels = [0, 0, 0]
    for bit in range(8):
        channels[bit % 3] |= (index >> bit & 1) << (7 - bit // 3)
    return channels[0] << 16 | channels[1] << 8 | channels[2]


def _read(path: Path) -> str:
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise MaskError(f"{path}: found more than {_MOST_BYTES // 1_000_000} MB, wanted a line a class; mend it")
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise MaskError(f"{path}: found no UTF-8 text, wanted a line a class; save it as UTF-8") from error
    except OSError as error:
        raise MaskError(f"{path}: {error.strerror}; make it a file that can be read") from error


def _read_csv(path: Path, text: str) -> tuple[ClassRow, ...]:
    first = text.partition("\n")[0]
    delimiter = next((sign for sign in ";\t" if sign in first), ",")
    lines = csv.reader(io.StringIO(text), delimiter=delimiter)
    try:
        header = [cell.strip().casefold() for cell in next(lines, [])]
        rows = [(number, [cell.strip() for cell in row]) for number, row in enumerate(lines, 2) if any(row)]
    except csv.Error as error:
        raise MaskError(f"{path}: found a damaged table ({error}), wanted {HEADER}; save it again") from error
    coloured, indexed = {"r", "g", "b"} <= set(header), "index" in header
    if "name" not in header or not (coloured or indexed):
        raise MaskError(
            f"{path}: found the header {first.strip() or 'of no column'!r}, wanted {HEADER}; r, g and b may be left out"
        )
    found = []
    for number, row in rows:
        cells = dict(zip(header, row, strict=False))
        index = _number(path, number, cells.get("index", "")) if indexed else None
        parts = [cells.get(sign, "") for sign in "rgb"] if coloured else []
        colour = None
        if any(parts):
            red, green, blue = (_number(path, number, part) for part in parts)
            colour = red << 16 | green << 8 | blue
        found.append(ClassRow(compose(cells.get("name", "")), index, colour))
    return tuple(found)


def _read_labelmap(path: Path, text: str) -> tuple[ClassRow, ...]:
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        name, *fields = line.strip().rsplit(":", 3)  # a name may hold a colon
        parts = fields[0].split(",") if len(fields) == 3 else []
        if len(parts) != 3:
            raise MaskError(
                f"{path}: found {line.strip()!r} in line {number}, wanted name:r,g,b::; mend or export it again"
            )
        red, green, blue = (_number(path, number, part.strip()) for part in parts)
        found.append(ClassRow(compose(name.strip()), None, red << 16 | green << 8 | blue))
    return tuple(found)


def _number(path: Path, line: int, cell: str) -> int:
    if not (cell.isascii() and cell.isdigit() and len(cell) <= 3 and int(cell) <= 255):
        raise MaskError(f"{path}: found {cell!r} in line {line}, wanted a whole number from 0 to 255; mend it")
    return int(cell)


def _check(table: ClassTable) -> None:
    for row in table.rows:
        if not row.name or printable(row.name) != row.name:
            raise MaskError(
                f"{table.path}: found the name {row.name!r}, wanted letters that can be seen; name the class"
            )
        if row.index is None and row.colour is None:
            raise MaskError(f"{table.path}: found no colour for {row.name}, wanted one for each class; add it")
    for what, values in (
        ("name", [row.name for row in table.rows]),
        ("index", [row.index for row in table.rows if row.index is not None]),
        ("colour", [",".join(map(str, split_colour(row.colour))) for row in table.rows if row.colour is not None]),
    ):
        if twice := [value for place, value in enumerate(values) if value in values[:place]]:
            raise MaskError(f"{table.path}: found the {what} {twice[0]} twice, wanted it once; mend the second line")
    if (learned := sum(not row.ignored for row in table.rows)) < 2:
        raise MaskError(
            f"{table.path}: found {learned} classes to learn, wanted two or more; name the background as well"
        )
