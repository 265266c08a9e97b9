"""A table about pictures that a user gives: its columns and rows, as spreadsheets and scripts save them."""

import csv
import io
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ressq_edge.errors import SplitError
from ressq_runtime.inputs.names import compose

TABLES, SPREADSHEETS = (".csv", ".tsv"), (".xlsx", ".xls", ".ods", ".numbers")
_SEPARATORS = ",;\t"


@dataclass(frozen=True)
class Row:
    """A row: the line it ends in, and its cells without the spaces round them, by column."""

    line: int
    cells: dict[str, str]


@dataclass(frozen=True)
class Table:
    """A table: its file, the names of its columns in lower case, its rows, and what a person should know of it."""

    path: Path
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()


def read_table(path: Path, needs: Sequence[str]) -> Table:
    """The table in a CSV file between commas, semicolons or tabs, in UTF-8, UTF-16 or, which is noted, Windows-1252.

    Args:
        path: of the file.
        needs: the columns that it must have.

    Raises:
        SplitError: it can't be read, is no text, lacks a column, or has a row longer than its header.
    """
    wanted = f"a CSV with the columns {', '.join(needs)}"
    if path.name.lower().endswith(SPREADSHEETS):
        raise SplitError(f"{path}: found a spreadsheet, wanted a table as text; save it as CSV")
    try:
        text, notes = _decode(path, path.read_bytes())
        # Excel separates by a semicolon where the comma is decimal: in Germany and France, say.
        header = text.split("\n", 1)[0]
        separator = next((one for one in _SEPARATORS if one in header), ",")
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
        columns = tuple(compose(name).strip().lower() for name in next(reader, []))
        if not set(needs) <= set(columns):
            raise SplitError(
                f"{path}: found the columns {', '.join(columns) or 'none'}, wanted {', '.join(needs)}; name them so"
            )
        if twice := sorted({name for name in columns if name and columns.count(name) > 1}):
            raise SplitError(f"{path}: found the column {twice[0]} twice, wanted it once; take one out")
        rows = tuple(_read_rows(path, reader, columns))
    except (OSError, UnicodeError, csv.Error) as error:
        raise SplitError(f"{path}: can't read it ({error}), wanted {wanted}; save it so") from error
    return Table(path, columns, rows, notes)


def _decode(path: Path, content: bytes) -> tuple[str, tuple[str, ...]]:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):  # Excel's "Unicode text"
        return content.decode("utf-16"), ()
    if b"\0" in content:
        raise SplitError(f"{path}: found a file that is no text, wanted a table as text; save it as CSV")
    try:
        return content.decode("utf-8-sig"), ()
    except UnicodeDecodeError:
        note = f"{path}: read as Windows-1252, since it is not UTF-8; save it as UTF-8 where letters are wrong"
        return content.decode("cp1252"), (note,)


def _read_rows(path: Path, reader: Iterable[list[str]], columns: tuple[str, ...]) -> Iterable[Row]:
    for cells in reader:
        line: int = reader.line_num  # type: ignore[attr-defined]  # of the csv module's reader
        if not any(cell.strip() for cell in cells):
            continue
        if any(cell.strip() for cell in cells[len(columns) :]):
            raise SplitError(
                f"{path}: found {len(cells)} cells in line {line}, wanted {len(columns)} as in the header; "
                "put cells that hold the separator into quotes"
            )
        found = [compose(cell).strip() for cell in cells] + [""] * len(columns)
        yield Row(line, dict(zip(columns, found, strict=False)))


def find_names(table: Table, root: Path, names: Iterable[str]) -> list[str | None]:
    """The picture that each row's `path` means, seen from `root`, else from the table's folder; None: none of these.

    Args:
        table: with a column `path`.
        root: the data folder.
        names: of its pictures, relative to it; a name is the same in either Unicode form.

    Raises:
        SplitError: a row has no path.
    """
    known = {compose(name): name for name in names}
    bases = root.resolve(), table.path.resolve().parent
    found = []
    for row in table.rows:
        path = row.cells["path"].replace("\\", "/")
        if not path:
            raise SplitError(f"{table.path}: found no path in line {row.line}, wanted one; mend or remove the line")
        seen = (os.path.relpath(base / path, bases[0]).replace(os.sep, "/") for base in bases)
        found.append(next((known[name] for name in map(compose, seen) if name in known), None))
    return found
