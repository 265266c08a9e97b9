"""Pictures that belong together stay on one side of a split: of one patient, one site, or nearly the same picture.

The rule: a picture of a patient that was learned from says nothing about the next patient. So a split is drawn by
groups, as near to the wanted share of every class as whole groups allow.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from ressq_edge.data.linked_names import join
from ressq_edge.data.split import Samples
from ressq_edge.data.table import SPREADSHEETS, TABLES, find_names, read_table
from ressq_edge.errors import SplitError
from ressq_runtime.inputs.names import compose

# Name of a picture -> the group it belongs to; a picture alone is in none.
Groups = Mapping[str, str]


def read_groups(source: str, names: Sequence[str], root: Path) -> dict[str, str]:
    """Picture name -> group, for every picture; a name is the same in either Unicode form.

    Args:
        source: a regular expression searched in the picture's path (its first parenthesis, or all that matches), or a
            table with the columns `path` and `group`; see `table.read_table`.
        names: of the pictures, relative to the data folder.
        root: the data folder.

    Raises:
        SplitError: not an expression, not such a table, or pictures without a group.
    """
    table = source.lower().endswith((*TABLES, *SPREADSHEETS))
    groups = _from_table(Path(source), names, root) if table else _from_pattern(source, names)
    found = {name: groups.get(name) for name in names}
    without = [name for name, group in found.items() if not group]
    if without:
        raise SplitError(
            f"--group-by {source}: found no group for {len(without)} of {len(names)} pictures "
            f"({', '.join(without[:3])}), wanted one for each; mend the {'table' if table else 'expression'}"
        )
    return {name: group for name, group in found.items() if group}


def _from_pattern(pattern: str, names: Sequence[str]) -> dict[str, str]:
    try:
        expression = re.compile(compose(pattern))
    except (re.error, OverflowError, RecursionError) as error:
        raise SplitError(
            f"--group-by {pattern}: found no regular expression ({error}), wanted one such as (patient[0-9]+)"
        ) from error
    found = ((name, expression.search(compose(name))) for name in names)
    return {name: (match[1] if expression.groups else match[0]) or "" for name, match in found if match}


def _from_table(path: Path, names: Sequence[str], root: Path) -> dict[str, str]:
    table = read_table(path, ("path", "group"))
    found: dict[str, str] = {}
    meant = find_names(table, root, names)
    for row, name in zip(table.rows, meant, strict=True):
        group = row.cells["group"]
        if name and found.setdefault(name, group) != group:
            raise SplitError(
                f"{path}: found {name} in the groups {found[name]} and {group} (line {row.line}), wanted one; "
                "take one of the rows out"
            )
    if not found and table.rows:
        raise SplitError(
            f"{path}: found no picture of {root} in its {len(table.rows)} rows, the first is "
            f"{table.rows[0].cells['path']}, wanted paths as seen from {root}, or from the table; mend the paths"
        )
    return found


def hang_together(groups: Groups, near_duplicates: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The groups, joined where pictures of two of them are near duplicates."""
    firsts: dict[str, str] = {}
    same_group = [(firsts.setdefault(group, name), name) for name, group in groups.items()]
    return join([*same_group, *near_duplicates])


def place_groups(pictures: Samples, together: Groups, wanted: list[Counter[int]]) -> list[list[tuple[str, int]]]:
    """The pictures of whole groups, one list a part; those in no group are left to the caller.

    Largest group first, each where it brings the parts nearest to what is wanted; of equals, the part that
    lacks most.

    Args:
        pictures: (name, label) in the order in which equally large groups are placed.
        together: name -> group.
        wanted: for each part, pictures by label.
    """
    members: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for name, label in pictures:
        if name in together:
            members[together[name]].append((name, label))
    parts: list[list[tuple[str, int]]] = [[] for _ in wanted]
    have = [Counter[int]() for _ in wanted]
    for group in sorted(members.values(), key=len, reverse=True):
        counts = Counter(label for _, label in group)
        best = min(range(len(parts)), key=lambda part: _cost(counts, have[part], wanted[part]))
        parts[best] += group
        have[best] += counts
    return parts


def spread_groups(parts: list[list[tuple[str, int]]], together: Groups, classes: int) -> None:
    """Give a part without a picture of a class the smallest group that another part can spare, in place.

    A part can spare a group if it keeps another one of each class that it holds.
    """
    grouped = [_Part(part, together) for part in parts]
    for part in grouped:
        for label in range(classes):
            if part.having[label]:
                continue
            spare = [(donor, group) for donor in grouped for group in donor.spare(label)]
            if spare:
                donor, group = min(spare, key=lambda pair: len(pair[0].groups[pair[1]]))
                part.take(group, donor.give(group))
    for pictures, part in zip(parts, grouped, strict=True):
        pictures[:] = [picture for group in part.groups.values() for picture in group]


class _Part:
    """A part by its groups: group -> pictures, and label -> the groups that have it, in order."""

    def __init__(self, pictures: Iterable[tuple[str, int]], together: Groups) -> None:
        self.groups: dict[str, list[tuple[str, int]]] = defaultdict(list)
        self.having: dict[int, dict[str, None]] = defaultdict(dict)
        for name, label in pictures:
            group = together.get(name, name)
            self.groups[group].append((name, label))
            self.having[label][group] = None

    def spare(self, label: int) -> list[str]:
        return [
            group
            for group in self.having[label]
            if all(len(self.having[own]) > 1 for own in {own for _, own in self.groups[group]})
        ]

    def give(self, group: str) -> list[tuple[str, int]]:
        pictures = self.groups.pop(group)
        for label in {own for _, own in pictures}:
            del self.having[label][group]
        return pictures

    def take(self, group: str, pictures: list[tuple[str, int]]) -> None:
        self.groups[group] = pictures
        for _, label in pictures:
            self.having[label][group] = None


def _cost(group: Counter[int], have: Counter[int], wanted: Counter[int]) -> tuple[int, float]:
    """(how much further from the wanted the part would be, minus the share that it lacks)."""
    further = sum(
        abs(have[label] + count - wanted[label]) - abs(have[label] - wanted[label]) for label, count in group.items()
    )
    lack = sum(max(0, wanted[label] - have[label]) for label in group) / max(1, sum(wanted[label] for label in group))
    return further, -lack


def refuse_split_groups(
    parts: Mapping[str, Samples],
    groups: Groups,
    source: str,
    hint: str | None,
    without_parts: str = "class folders alone",
) -> None:
    """Raises SplitError where given parts tear a group apart.

    Args:
        parts: the samples of the folders train/, val/ and test/.
        groups: name -> group.
        source: what made the groups.
        hint: why it may be so.
        without_parts: what to give to have it split by groups.
    """
    seen: dict[str, str] = {}
    for part, pictures in parts.items():
        for name, _ in pictures:
            before = seen.setdefault(groups[name], part)
            if before != part:
                raise SplitError(
                    f"--group-by {source}: found the group {groups[name]} in {before}/ and {part}/, "
                    f"wanted each in one; move its pictures to one side, or give {without_parts} to be split"
                    + (f"; {hint}" if hint else "")
                )
