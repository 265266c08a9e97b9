"""Which mask belongs to which picture: by the name without its suffix, in the same folder below images/ and masks/."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from ressq_edge.errors import MaskError
from ressq_runtime.inputs.folders import is_picture
from ressq_runtime.inputs.names import compose

# What tools add to a picture's name for its mask, and for the picture itself, in lower case.
_OF_MASKS = (
    "_mask", "-mask", " mask", "_masks", "_label", "_labels", "_labelids", "_labeltrainids", "_gtfine_labelids",
    "_gtfine_labeltrainids", "_seg", "_segmentation", "_gt", "_groundtruth", "_annotation", "_l",
)  # fmt: skip
_OF_PICTURES = ("_leftimg8bit", "_image", "_img", "_rgb", "_sat")
SHOWN = 3  # names in a message

# (folder, name) that a picture and its mask share.
_Key = tuple[str, str]


@dataclass(frozen=True)
class Found:
    """Pictures or masks in one folder.

    folder: its path below the data folder.
    files: (what of a path must be the same for both, path below the data folder) of each.
    """

    folder: str
    files: tuple[tuple[str, str], ...]


def match(root: object, pictures: Found, masks: Found) -> list[tuple[str, str]]:
    """(picture, mask) below the data folder, sorted by picture.

    Raises:
        MaskError: a picture without a mask, a mask without a picture, or two for one.
    """
    exact, shortened = _index(pictures)
    of_picture: dict[str, list[str]] = defaultdict(list)
    alone: list[str] = []
    for key, mask in masks.files:
        hits = next((hits for form in _forms(key, _OF_MASKS) if (hits := exact.get(form) or shortened.get(form))), [])
        if len(hits) > 1:
            raise MaskError(
                f"{root}: found {len(hits)} pictures for {mask} ({name_some(hits)}), wanted one; rename the others"
            )
        (of_picture[hits[0]] if hits else alone).append(mask)
    for picture, several in of_picture.items():
        if len(several) > 1:
            raise MaskError(
                f"{root}: found {len(several)} masks for {picture} ({name_some(several)}), wanted one; "
                "keep the one of class indices or colours, and move the others elsewhere"
            )
    _refuse_alone(root, [name for _, name in pictures.files if name not in of_picture], alone, paired=bool(of_picture))
    return sorted((picture, several[0]) for picture, several in of_picture.items())


def _index(pictures: Found) -> tuple[Mapping[_Key, list[str]], Mapping[_Key, list[str]]]:
    """Pictures by their names as they are, and without what tools add."""
    exact: dict[_Key, list[str]] = defaultdict(list)
    shortened: dict[_Key, list[str]] = defaultdict(list)
    for key, picture in pictures.files:
        whole, *shorter = _forms(key, _OF_PICTURES)
        exact[whole].append(picture)
        for form in shorter:
            shortened[form].append(picture)
    return exact, shortened


def _forms(path: str, endings: Iterable[str]) -> Iterator[_Key]:
    """The key of a file, then those without one of the endings; `a.jpg.png` is the mask of `a.jpg`, too."""
    found = PurePosixPath(compose(path))
    folder, stem = str(found.parent), found.stem
    yield folder, stem
    for name in {stem, PurePosixPath(stem).stem} if is_picture(stem) else {stem}:
        if name != stem:
            yield folder, name
        for ending in sorted(endings, key=len, reverse=True):
            if name.lower().endswith(ending) and len(name) > len(ending):
                yield folder, name[: -len(ending)]


def _refuse_alone(root: object, pictures: list[str], masks: list[str], *, paired: bool) -> None:
    told = [
        f"{count(len(names), one)} without a {other} ({name_some(names)})"
        for names, one, other in ((pictures, "picture", "mask"), (masks, "mask", "picture"))
        if names
    ]
    if told:
        classes = "" if paired else "; if these are class folders, say --task classify"
        raise MaskError(
            f"{root}: found {' and '.join(told)}, wanted a mask of the same name for each picture; "
            f"add or rename them, or move them elsewhere{classes}"
        )


def name_some(names: list[str]) -> str:
    """The first names, and dots where there are more."""
    return ", ".join(names[:SHOWN]) + (", ..." if len(names) > SHOWN else "")


def count(number: int, noun: str) -> str:
    """The number with its noun: 1 mask, 1,200 masks."""
    return f"{number:,} {noun}{'s'[: number != 1]}"
