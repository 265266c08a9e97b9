"""One CSV that holds many recordings: a row a sample, with its label; or a row a window, with a column a sample."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import groupby
from math import isfinite
from pathlib import Path

from ressq_edge.data.recordings.pieces import Piece, Unpacked, read_part
from ressq_edge.errors import SplitError
from ressq_runtime.inputs.names import compose
from ressq_runtime.inputs.recording import make_recording
from ressq_runtime.inputs.recording_table import Table, parse_table
from ressq_runtime.inputs.recording_times import TIME_NAMES, split_name

# What columns that are no channels are called.
LABELS = ("label", "class", "activity")
GROUPS = ("group", "subject", "person", "user", "participant", "patient")
PIECES = ("recording", "session", "trial")
PARTS = ("part", "split")
_NUMBERED = re.compile(r"(.*?)[_\-. ]?(\d+)")


def unpack_table(path: Path, shortest: int) -> Unpacked:
    """The recordings in one CSV; a row is a window where it holds `shortest` samples or more.

    Raises:
        SplitError: it has no label column, or a window that is no numbers.
        RecordingError: it is no table, or a recording in it can't be read; the line is named.
    """
    table = _read(path, shortest)
    found = {role: _find(path, table.header, names) for role, names in _ROLES.items()}
    label = found["label"]
    if label is None:
        raise SplitError(
            f"{path}: found the columns {', '.join(table.header[:8])}, wanted one called label; "
            "name it so, or lay recordings out in a folder a class"
        )
    taken = [number for number in found.values() if number is not None]
    rest = [number for number in range(len(table.header)) if number not in taken]
    windows = _find_windows(table, rest, shortest)
    if windows:
        return _cut_rows(path, table, found, windows)
    return _cut_runs(path, table, found, rest)


_ROLES = {"label": LABELS, "group": GROUPS, "recording": PIECES, "part": PARTS}


def _read(path: Path, shortest: int) -> Table:
    """The table; columns called by numbers alone are samples of a window, and are called v0, v1, ... here."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise SplitError(f"{path}: {error.strerror}; check the path and its permissions") from error
    first, end, rest = content.partition(b"\n")
    named = re.sub(rb'(^|[,;\t])("?)(\d+)("?)(?=[,;\t\r]|$)', rb"\1\2v\3\4", first)
    wide = len(re.findall(rb"[,;\t]", first)) >= shortest and re.search(rb"(?i)label|class|activity", first)
    return parse_table(str(path), (named if wide else first) + end + rest)


def _find(path: Path, header: Sequence[str], names: Sequence[str]) -> int | None:
    found = [number for number, name in enumerate(header) if compose(name).lower() in names]
    if len(found) > 1:
        raise SplitError(
            f"{path}: found the columns {' and '.join(header[number] for number in found[:2])}, wanted one of them; "
            "take the other out"
        )
    return found[0] if found else None


def _find_windows(table: Table, columns: Sequence[int], shortest: int) -> dict[str, list[int]]:
    """Channel -> its columns, sample by sample; empty where a row is no window."""
    found: dict[str, dict[int, int]] = {}
    for column in columns:
        match = _NUMBERED.fullmatch(table.header[column])
        if not match or split_name(table.header[column])[0].lower() in TIME_NAMES:
            return {}
        found.setdefault(match[1] or "value", {})[int(match[2])] = column
    lengths = {len(samples) for samples in found.values()}
    if len(lengths) != 1 or min(lengths) < shortest:
        return {}
    return {name: [samples[number] for number in sorted(samples)] for name, samples in found.items()}


def _cut_rows(path: Path, table: Table, found: dict[str, int | None], windows: dict[str, list[int]]) -> Unpacked:
    names = ["value" if name == "v" else name for name in windows]
    pieces = []
    for line, cells in zip(table.lines, table.rows, strict=True):
        values = [[_number(table, line, cells, column) for column in columns] for columns in windows.values()]
        rows = list(zip(*values, strict=True))
        pieces.append(_piece(path, line, cells, found, names, rows))
    length = len(next(iter(windows.values())))
    return Unpacked(tuple(pieces), found["group"] is not None or found["recording"] is not None, length)


def _number(table: Table, line: int, cells: Sequence[str], column: int) -> str:
    text = cells[column].strip()
    text = text.replace(",", ".") if table.decimal_comma else text
    try:
        good = isfinite(float(text))
    except ValueError:
        good = False
    if not good:
        raise SplitError(
            f"{table.path}: found {text[:40]!r} in line {line}, column {table.header[column]}, wanted a number; "
            "mend the line, or take it out"
        )
    return text


def _cut_runs(path: Path, table: Table, found: dict[str, int | None], rest: Sequence[int]) -> Unpacked:
    """A recording is a run of rows with the same label, group, recording and part."""
    keys = [number for number in found.values() if number is not None]
    ignored = [table.header[number] for number in keys]
    header = [table.header[number] for number in rest]
    pieces = []
    for _, run in groupby(range(len(table.rows)), lambda row: [table.rows[row][key].strip() for key in keys]):
        chosen = list(run)
        make_recording(table, chosen, ignored=ignored)  # for what it refuses, with this file's lines
        rows = [[_point(table, table.rows[row][number]) for number in rest] for row in chosen]
        pieces.append(_piece(path, table.lines[chosen[0]], table.rows[chosen[0]], found, header, rows))
    return Unpacked(tuple(pieces), found["group"] is not None or found["recording"] is not None)


def _point(table: Table, cell: str) -> str:
    return cell.replace(",", ".") if table.decimal_comma else cell


def _piece(
    path: Path,
    line: int,
    cells: Sequence[str],
    found: dict[str, int | None],
    header: Sequence[str],
    rows: Sequence[Sequence[str]],
) -> Piece:
    def cell(role: str) -> str:
        number = found[role]
        return "" if number is None else compose(cells[number]).strip()

    group = cell("group") or cell("recording")
    return Piece(line, cell("label"), group, read_part(path, line, cell("part")), header, rows)
