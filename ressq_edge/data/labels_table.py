"""Classes from a table instead of folders: a row a picture, with its label and, if it says so, part and group."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ressq_edge.data.split import PARTS, Samples
from ressq_edge.data.table import Row, Table, find_names, read_table
from ressq_edge.errors import SplitError
from ressq_runtime.inputs.folders import list_pictures

PART_NAMES = {"train": "train", "val": "val", "valid": "val", "validation": "val", "test": "test"}
_MARKS = {"", "0", "1", "true", "false"}
_SEPARATORS = ("|", ";", ",")
_SHOWN = 3
ONE_EACH = "wanted one for each picture, as one class is learned; give each its main label, or leave the picture out"


@dataclass(frozen=True)
class LabelledPictures:
    """What a table says of the pictures in a data folder.

    labels: the classes, sorted.
    parts: part -> its pictures; all are in "train" where the table names no parts.
    given: the table names parts.
    grouped: it has a column `group`.
    notes: what a person should know of it.
    """

    labels: tuple[str, ...]
    parts: dict[str, Samples]
    given: bool
    grouped: bool
    notes: tuple[str, ...]


def read_labels(path: Path, root: Path) -> LabelledPictures:
    """The pictures of a data folder as a table labels them.

    Args:
        path: of the table: columns path, label and, where wanted, part and group; see `table.read_table`.
        root: the data folder; a path may be as seen from it, or from the table.

    Raises:
        SplitError: rows contradict each other, mean no picture, or lack a label or a part; or labels are no classes.
        FolderError: the data folder can't be read.
    """
    table = read_table(path, ("path",))
    if "label" not in table.columns:
        raise SplitError(f"{path}: found the columns {', '.join(table.columns)}, {_want_label(table)}")
    names = [picture.relative_to(root).as_posix() for picture in list_pictures(root)]
    rows = _one_row_each(table, root, names)
    _refuse_empty(path, "label", rows)
    labels = tuple(sorted({row.cells["label"] for row in rows.values()}))
    refuse_labels(path, labels)
    given = "part" in table.columns and any(row.cells["part"] for row in rows.values())
    parts = _read_parts(path, rows, labels) if given else {"train": _samples(names, rows, labels)}
    unnamed = [name for name in names if name not in rows]
    notes = [*table.notes, *_tell_unnamed(path, unnamed)]
    return LabelledPictures(labels, parts, given, has_groups(table), tuple(notes))


def has_groups(table: Table) -> bool:
    """Whether the table says what belongs together."""
    return "group" in table.columns


def _want_label(table: Table) -> str:
    marked = [
        column
        for column in table.columns
        if column not in ("path", "part", "group") and {row.cells[column].lower() for row in table.rows} <= _MARKS
    ]
    if len(marked) > 1:
        return f"of which {len(marked)} mark labels by 0 and 1, several for a picture; {ONE_EACH}, in a column label"
    return "wanted path and label; name them so"


def _one_row_each(table: Table, root: Path, names: Sequence[str]) -> dict[str, Row]:
    """Name -> its row, in the order of the names."""
    found: dict[str, Row] = {}
    missing, twice = list[Row](), list[tuple[str, Row]]()
    for row, name in zip(table.rows, find_names(table, root, names), strict=True):
        if name is None:
            missing.append(row)
        elif found.setdefault(name, row).cells != row.cells:
            twice.append((name, row))
    if missing:
        _refuse_missing(table, root, names, missing)
    if twice:
        name, row = twice[0]
        differs = next(column for column in table.columns if found[name].cells[column] != row.cells[column])
        raise SplitError(
            f"{table.path}: found {len(twice)} rows on pictures that another row describes otherwise, the first {name} "
            f"(lines {found[name].line} and {row.line}: {differs} {found[name].cells[differs]!r} and "
            f"{row.cells[differs]!r}), wanted one row a picture; take the wrong ones out"
        )
    return {name: found[name] for name in names if name in found}


def _refuse_missing(table: Table, root: Path, names: Sequence[str], missing: Sequence[Row]) -> None:
    shown = ", ".join(f"{row.cells['path']} (line {row.line})" for row in missing[:_SHOWN])
    like = {name.casefold(): name for name in names}
    hint = next((like[path] for row in missing if (path := row.cells["path"].casefold()) in like), None)
    hint = hint and f"; {hint} is there, which differs in case"
    seen = f"; the first picture there is {names[0]}" if names and len(missing) == len(table.rows) else ""
    raise SplitError(
        f"{table.path}: found {len(missing)} of {len(table.rows)} rows without a picture in {root}: "
        f"{shown}{hint or seen}, wanted paths as seen from the folder or the table; bring the pictures back, or take "
        "the rows out"
    )


def _refuse_empty(path: Path, column: str, rows: Mapping[str, Row]) -> None:
    empty = [(name, row) for name, row in rows.items() if not row.cells[column]]
    if empty:
        shown = ", ".join(f"{name} (line {row.line})" for name, row in empty[:_SHOWN])
        raise SplitError(
            f"{path}: found {len(empty)} rows without a {column}: {shown}, wanted one in each row; "
            "fill it in, or take the rows out"
        )


def refuse_labels(path: Path, labels: Sequence[str]) -> None:
    """Raises SplitError: too few, several in a cell, or two that differ only in case: one of them on another disk."""
    if len(labels) < 2:
        raise SplitError(
            f"{path}: found the label {', '.join(labels) or 'of no row'} alone, wanted two or more; add rows"
        )
    for separator in _SEPARATORS:
        joined = [label for label in labels if separator in label]
        several = [label for label in joined if {piece.strip() for piece in label.split(separator)} <= set(labels)]
        if several:
            raise SplitError(f"{path}: found several labels in a cell ({several[0]!r}), {ONE_EACH}")
    seen: dict[str, str] = {}
    for label in labels:
        other = seen.setdefault(label.casefold(), label)
        if other != label:
            raise SplitError(
                f"{path}: found the labels {other} and {label}, which differ only in case; write both the same"
            )


def _read_parts(path: Path, rows: Mapping[str, Row], labels: Sequence[str]) -> dict[str, Samples]:
    _refuse_empty(path, "part", rows)
    for row in rows.values():
        if row.cells["part"].lower() not in PART_NAMES:
            raise SplitError(
                f"{path}: found the part {row.cells['part']} in line {row.line}, wanted {', '.join(PARTS)}; mend it"
            )
    of_part = {
        part: {name: row for name, row in rows.items() if PART_NAMES[row.cells["part"].lower()] == part}
        for part in PARTS
    }
    if not of_part["train"] or not (of_part["val"] or of_part["test"]):
        found = ", ".join(part for part in PARTS if of_part[part])
        raise SplitError(
            f"{path}: found {found} alone in the column part, wanted train and at least one of val and test; "
            "add rows, or take the column out: the parts are drawn then"
        )
    for part, mine in of_part.items():
        lacks = sorted(set(labels) - {row.cells["label"] for row in mine.values()})
        if mine and lacks:
            raise SplitError(
                f"{path}: found no picture of {', '.join(lacks)} in {part}, wanted every label in every part; "
                "move some there, or take the label out"
            )
    return {part: _samples(mine, mine, labels) for part, mine in of_part.items() if mine}


def _samples(names: Sequence[str] | Mapping[str, Row], rows: Mapping[str, Row], labels: Sequence[str]) -> Samples:
    """Label by label, as folders of classes would give them."""
    numbers = {label: number for number, label in enumerate(labels)}
    samples = [(name, numbers[rows[name].cells["label"]]) for name in names if name in rows]
    return tuple(sorted(samples, key=lambda sample: sample[1]))


def _tell_unnamed(path: Path, unnamed: Sequence[str]) -> list[str]:
    if not unnamed:
        return []
    more = f" and {len(unnamed) - _SHOWN} more" if len(unnamed) > _SHOWN else ""
    return [
        f"{len(unnamed)} pictures have no row in {path.name}, and are left out: {', '.join(unnamed[:_SHOWN])}{more}"
    ]
