"""Pairs of a picture and its mask, and the folders below images/ and masks/ that are parts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ressq_edge.data.masks.matching import count
from ressq_edge.data.part_names import read_part_name
from ressq_edge.errors import MaskError
from ressq_runtime.inputs.folders import is_picture, list_folders, list_pictures

GIVEN = {"train": "train", "val": "val", "validation": "val", "test": "test"}


@dataclass(frozen=True)
class Pair:
    """A picture and its mask.

    picture, mask: paths below the data folder, with forward slashes.
    part: "train", "val" or "test"; None: the folder does not say.
    """

    picture: str
    mask: str
    part: str | None


@dataclass(frozen=True)
class MaskFolder:
    """A data folder's pictures and masks.

    layout: in words, to be announced.
    pairs: sorted by picture, part by part.
    notes: what a person should know, a sentence each.
    """

    layout: str
    pairs: tuple[Pair, ...]
    notes: tuple[str, ...] = ()


def name_parts(place: Path) -> dict[str, str]:
    """Folder -> part, where the folders in `place` are parts."""
    folders, loose = list_folders(place)
    names = [path.name for path in folders if list_pictures(path)]
    if not any(name in GIVEN for name in names):
        refuse_other_parts(place, names, loose=loose)
        return {}
    if loose:
        stray = [path.name for path in sorted(place.iterdir()) if is_picture(path.name) and path.is_file()]
        raise MaskError(
            f"{place}: found {count(len(stray), 'picture')} beside its parts, the first {stray[0]}; move each into one"
        )
    if extra := [name for name in names if name not in GIVEN]:
        raise MaskError(
            f"{place}: found {', '.join(extra)}/ beside parts, wanted only train/, val/ and test/; "
            f"{advise_part(extra[0])}"
        )
    return name_given(place, names)


def name_given(place: Path, names: Iterable[str]) -> dict[str, str]:
    """Folder -> part, of these names; MaskError where two are the same part."""
    given = {name: GIVEN[name] for name in names if name in GIVEN}
    if {"val", "validation"} <= set(given):
        raise MaskError(f"{place}: found both val/ and validation/, wanted one; merge them")
    return given


def refuse_other_parts(place: Path, names: list[str], *, loose: bool) -> None:
    """Raises MaskError where all folders are parts by other names; loose: pictures lie beside them."""
    kinds = {found.part for name in names if (found := read_part_name(name))}
    if not loose and len(kinds) > 1 and "train" in kinds and all(map(read_part_name, names)):
        raise MaskError(
            f"{place}: found {', '.join(names)}, which look like parts; rename them to train/, val/ and test/"
        )


def advise_part(name: str) -> str:
    """What to do with a folder beside parts that has another name."""
    found = read_part_name(name)
    return f"rename it to {found.part}/" if found and found.part in GIVEN else "move it elsewhere"


def order(pairs: Iterable[Pair]) -> tuple[Pair, ...]:
    """The pairs part by part, by picture in each."""
    places = {"train": 0, "val": 1, "test": 2, None: 3}
    return tuple(sorted(pairs, key=lambda pair: (places[pair.part], pair.picture)))
