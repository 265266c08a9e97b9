"""From a data folder to a split: given train/val/test folders, or a seeded draw from each class."""

import os
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path

from ressq_edge.data.grouping import (
    Groups,
    hang_together,
    place_groups,
    read_groups,
    refuse_split_groups,
    spread_groups,
)
from ressq_edge.data.joined import tell_joined
from ressq_edge.data.labels_table import read_labels
from ressq_edge.data.layout import find_parts
from ressq_edge.data.names import (
    refuse_control_characters,
    refuse_no_utf8,
    refuse_other_form,
    refuse_two_forms,
)
from ressq_edge.data.near_duplicate_notes import tell_near_duplicates
from ressq_edge.data.nested_folders import refuse_levels
from ressq_edge.data.seeds import draw_seed
from ressq_edge.data.split import Samples, Split, number_groups
from ressq_edge.errors import SplitError
from ressq_runtime.inputs.folders import is_picture, list_classes
from ressq_runtime.inputs.names import compose

VAL_SHARE = TEST_SHARE = 0.15  # of each class; the rest is for training

Wanted = Callable[[str], bool]
# Names of pictures -> pairs of them that show the same.
FindNearDuplicates = Callable[[list[str]], Sequence[tuple[str, str]]]


def split_folder(
    root: Path, seed: int, group_by: str | None = None, find_near_duplicates: FindNearDuplicates = lambda _: ()
) -> Split:
    """The split of a data folder: its own train/val/test folders, or 70/15/15 of each class.

    What belongs together, by `group_by` or since it shows the same, is drawn to one side; of given folders it is
    told (near duplicates) or refused (groups) when they tear it apart.

    Args:
        root: the data folder.
        seed: of the draw.
        group_by: an expression or a CSV file; see `read_groups`.
        find_near_duplicates: gives the pairs of pictures that show the same.

    Raises:
        FolderError: the folder is not laid out as class folders.
        SplitError: a class or the number of groups is too small, or the given parts contradict each other.
    """
    return split_files(root, find_parts(root), is_picture, "picture", seed, group_by, find_near_duplicates)


def split_files(
    root: Path,
    given: dict[str, Path],
    wanted: Wanted,
    noun: str,
    seed: int,
    group_by: str | None = None,
    find_near_duplicates: FindNearDuplicates = lambda _: (),
) -> Split:
    """The split of the files in folders of classes that are wanted by their names; a message calls one by `noun`.

    given: part -> its folder; empty: the parts are drawn. The others: as of `split_folder`.
    """
    of = wanted, noun
    labels, parts = _read_parts(root, given, *of) if given else _read_classes(root, *of)
    labels = tuple(map(compose, labels))  # a script compares an answer with what a person typed
    refuse_control_characters(root, labels)
    refuse_levels(root, labels, parts, given=bool(given))
    return _split(root, labels, parts, bool(given), seed, group_by, find_near_duplicates)


def split_table(
    table: Path,
    root: Path,
    seed: int,
    group_by: str | None = None,
    find_near_duplicates: FindNearDuplicates = lambda _: (),
) -> Split:
    """The split of the pictures that a table labels: by its column `part`, or drawn as of class folders.

    Args:
        table: see `labels_table.read_labels`.
        root, seed, group_by, find_near_duplicates: as of `split_folder`.

    Raises:
        FolderError: the folder can't be read.
        SplitError: the table contradicts itself or the folder, or as `split_folder` says.
    """
    found = read_labels(table, root)
    refuse_control_characters(table, found.labels)
    split = _split(root, found.labels, found.parts, found.given, seed, group_by, find_near_duplicates)
    return replace(split, notes=(*found.notes, *split.notes))


def _split(
    root: Path,
    labels: tuple[str, ...],
    parts: dict[str, Samples],
    given: bool,
    seed: int,
    group_by: str | None,
    find_near_duplicates: FindNearDuplicates,
) -> Split:
    names = [name for pictures in parts.values() for name, _ in pictures]
    refuse_no_utf8(root, names)
    groups = read_groups(group_by, names, root) if group_by else {}
    joined = tell_joined(group_by, groups, parts, labels, given=given) if group_by else None
    near_duplicates = find_near_duplicates(names)
    together = hang_together(groups, near_duplicates)
    notes = []
    if not given:
        parts["test"], parts["val"], parts["train"] = draw(
            labels, parts["train"], (TEST_SHARE, VAL_SHARE), seed, together
        )
    elif group_by:
        refuse_split_groups(parts, groups, group_by, joined)
    if "val" not in parts:
        parts["val"], parts["train"] = draw(labels, parts["train"], (VAL_SHARE,), seed, together)
        notes.append(f"val/ is not there: {len(parts['val'])} pictures of train/ validate instead")
    if "test" not in parts:
        notes.append("test/ is not there: no picture is kept back for a last, unbiased figure")
    if group_by:
        notes.append(f"{len(set(groups.values()))} groups by {group_by}: each is in one part")
        notes += [joined] if joined else []
    notes += tell_near_duplicates(parts, near_duplicates)
    origin, numbered = "folders" if given else "seeded", number_groups(groups, parts)
    return Split(origin, seed, labels, parts["train"], parts["val"], parts.get("test", ()), (), tuple(notes), numbered)


def _read_classes(root: Path, wanted: Wanted, noun: str) -> tuple[tuple[str, ...], dict[str, Samples]]:
    classes = list_classes(root, 2, wanted, noun)
    refuse_two_forms(root, classes)
    return tuple(classes), {"train": _relative(root, classes)}


def _read_parts(
    root: Path, given: dict[str, Path], wanted: Wanted, noun: str
) -> tuple[tuple[str, ...], dict[str, Samples]]:
    classes = {part: list_classes(folder, 2, wanted, noun) for part, folder in given.items()}
    labels = tuple(classes["train"])
    for part, found in classes.items():
        refuse_two_forms(given[part], found)
        if tuple(found) != labels:
            refuse_other_form(root, given[part].name, found, labels)
            odd = ", ".join(sorted(set(found) ^ set(labels)))
            raise SplitError(
                f"{root}: found other classes in {given[part].name}/ than in train/ ({odd}), "
                "wanted the same in each; add or remove their folders"
            )
    return labels, {part: _relative(root, found) for part, found in classes.items()}


def _relative(root: Path, classes: dict[str, list[str]]) -> Samples:
    # By length: Path.relative_to takes a minute for a million pictures
    skipped = 0 if root == Path() else len(str(root).rstrip(os.sep)) + 1
    return tuple(
        (path[skipped:].replace(os.sep, "/"), label) for label, paths in enumerate(classes.values()) for path in paths
    )


def draw(
    labels: tuple[str, ...], pictures: Samples, shares: tuple[float, ...], seed: int, together: Groups | None = None
) -> list[Samples]:
    """One part per share, at least one picture of each class in it, then all the rest.

    Pictures of one group in `together` come into one part.
    """
    together = together or {}
    mine: dict[int, list[tuple[str, int]]] = {index: [] for index in range(len(labels))}
    for picture in pictures:
        mine[picture[1]].append(picture)
    for index, label in enumerate(labels):
        _refuse_too_few(label, len(mine[index]), len(shares))
        # Each picture draws for itself: added ones leave most others where they were, test pictures above all.
        mine[index].sort(key=lambda picture: draw_seed(seed, "split", compose(picture[0])))
    wanted = [Counter({i: max(1, round(share * len(all_))) for i, all_ in mine.items()}) for share in shares]
    wanted.append(Counter({i: len(all_) - sum(part[i] for part in wanted) for i, all_ in mine.items()}))
    drawn = place_groups(tuple(chain.from_iterable(mine.values())), together, wanted)
    lacks = [want - Counter(label for _, label in part) for part, want in zip(drawn, wanted, strict=True)]
    for index, all_ in mine.items():
        alone = [picture for picture in all_ if picture[0] not in together]
        for part, lack in zip(drawn[:-1], lacks, strict=False):  # strict=False: the rest comes after
            part += alone[: lack[index]]
            alone = alone[lack[index] :]
        drawn[-1] += alone
    spread_groups(drawn, together, len(labels))
    groups = [len({together.get(name, name) for name, _ in mine[index]}) for index in range(len(labels))]
    _refuse_empty(labels, drawn, groups)
    return [tuple(sorted(part)) for part in drawn]


def _refuse_too_few(label: str, found: int, parts: int) -> None:
    if found <= parts:
        raise SplitError(
            f"{label}: found {found} picture{'s'[: found > 1]}, wanted at least "
            f"{parts + 1} to split; add some or remove the class"
        )


def _refuse_empty(labels: tuple[str, ...], drawn: list[list[tuple[str, int]]], groups: list[int]) -> None:
    found = [{label for _, label in part} for part in drawn]
    for index, label in enumerate(labels):
        if not all(index in part for part in found):
            by_hand = "lay out train/, val/ and test/ yourself"
            if groups[index] == 2 and len(drawn) == 3:
                by_hand = "lay out train/ and val/ yourself, one of the two in each: test/ may be missing"
            raise SplitError(
                f"{label}: found {groups[index]} groups of pictures, too few for {len(drawn)} parts, wanted one or "
                "more for each (pictures that show the same stay together, and those of a --group-by group); add "
                f"pictures of others, or {by_hand}"
            )
