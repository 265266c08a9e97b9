"""Recordings out of one file, laid out as a folder of classes, which is then read as any other."""

from __future__ import annotations

import csv
import re
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ressq_edge.atomic import cannot_write
from ressq_edge.data.labels_table import PART_NAMES, refuse_labels
from ressq_edge.errors import SplitError
from ressq_runtime.inputs.folders import is_left_out
from ressq_runtime.inputs.names import compose

_NO_NAME = re.compile(r"[^\w.-]+")
_LONGEST = 40  # letters of a group in a file's name


@dataclass(frozen=True)
class Piece:
    """A recording.

    line: where it begins in the file, from 1.
    label: its class; group: what keeps it beside others, or ""; part: "train", "val", "test" or "" where none is given.
    header, rows: of its CSV.
    """

    line: int
    label: str
    group: str
    part: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True)
class Unpacked:
    """What a file held.

    pieces; grouped: each has a group; length: samples of each where all are windows, which are not cut again; rate:
    samples a second, where the file tells beside the pieces.
    """

    pieces: tuple[Piece, ...]
    grouped: bool
    length: int | None = None
    rate: float | None = None


def write_pieces(path: Path, found: Unpacked, folder: Path, groups: Path) -> None:
    """Writes folder/[PART/]LABEL/NUMBER.csv, and the table `groups` where pieces have groups.

    Raises:
        SplitError: a label can't be a folder's name, or labels or parts contradict each other.
        OutputError: a file can't be written.
    """
    _check(path, found.pieces)
    partial = folder.with_name(f".{folder.name}.part")
    try:
        shutil.rmtree(partial, ignore_errors=True)
        digits = len(str(len(found.pieces)))
        named = [(_name(piece, number, digits), piece) for number, piece in enumerate(found.pieces, 1)]
        for name, piece in named:
            (partial / name).parent.mkdir(parents=True, exist_ok=True)
            _write_csv(partial / name, [piece.header, *piece.rows])
        if found.grouped:
            rows = [(f"{folder.name}/{name}", piece.group) for name, piece in named]
            _write_csv(groups, [("path", "group"), *rows])
        shutil.rmtree(folder, ignore_errors=True)
        partial.rename(folder)
    except OSError as error:
        raise cannot_write(folder, error) from error


def _write_csv(path: Path, rows: Iterable[Sequence[str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)


def _name(piece: Piece, number: int, digits: int) -> str:
    group = _NO_NAME.sub("-", piece.group)[:_LONGEST]
    name = "_".join(part for part in (group, f"{number:0{digits}}") if part)
    return "/".join(part for part in (piece.part, piece.label, f"{name}.csv") if part)


def _check(path: Path, pieces: Sequence[Piece]) -> None:
    for piece in pieces:
        label = piece.label
        if not label:
            raise SplitError(f"{path}: found no label in line {piece.line}, wanted one in each row; fill it in")
        if re.search(r"[/\\:*?\"<>|\x00-\x1f]", label) or label.endswith(".") or is_left_out(label):
            raise SplitError(
                f"{path}: found the label {label[:40]!r} in line {piece.line}, wanted one that can name a folder; "
                "rename it"
            )
    refuse_labels(path, sorted({piece.label for piece in pieces}))
    bare, named = (next((piece for piece in pieces if bool(piece.part) is given), None) for given in (False, True))
    if bare and named:
        raise SplitError(
            f"{path}: found a part in line {named.line} and none in line {bare.line}, wanted one in each or in none; "
            "fill it in"
        )


def read_part(path: Path, line: int, text: str) -> str:
    """The part that a cell names; "" where it is empty.

    Raises:
        SplitError: it names none.
    """
    cell = compose(text).strip().lower()
    if cell and cell not in PART_NAMES:
        raise SplitError(
            f"{path}: found the part {text.strip()[:40]} in line {line}, wanted train, val or test; mend it"
        )
    return PART_NAMES.get(cell, "")
