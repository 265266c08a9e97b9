"""What would train on wrong masks although each can be read: sizes, EXIF, missing classes, masks without a class.

A complaint names a file, how many there are and what to do.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ressq_edge.data.masks.classes import IGNORED
from ressq_edge.data.masks.looks import Scanned
from ressq_edge.data.masks.matching import count, name_some
from ressq_edge.data.masks.reading import MaskClasses
from ressq_edge.data.masks.steps import complain_steps

_SIDEWAYS = (5, 6, 7, 8)  # EXIF orientations that swap width and height


def find_complaints(
    root: Path, scanned: Sequence[Scanned], classes: MaskClasses | None, pixels: NDArray[np.int64]
) -> list[str]:
    """The complaints about masks that can be read; `pixels` as in MaskScan."""
    found = list(_complain_sizes(root, scanned))
    if classes:
        found += _complain_ignored(root, scanned, pixels)
        found += _complain_missing(root, scanned, classes, pixels)
        if classes.reading == "index":
            found += complain_steps(root, [(one.pair.mask, one.look.steps) for one in scanned])
    return found


def _complain_sizes(root: Path, scanned: Sequence[Scanned]) -> Iterator[str]:
    turned: list[Scanned] = []
    other: list[Scanned] = []
    for one in scanned:
        mask, picture = one.look, one.picture
        if mask.size != picture.upright:
            swapped = mask.size == picture.upright[::-1]
            by_exif = picture.orientation in _SIDEWAYS or mask.orientation in _SIDEWAYS
            (turned if swapped and by_exif else other).append(one)
    if turned:
        one = turned[0]
        whose = one.pair.picture if one.picture.orientation != 1 else one.pair.mask
        yield (
            f"{root / one.pair.mask}: found {_by(one.look.size)} pixels beside {_by(one.picture.upright)} of "
            f"{one.pair.picture}, as the EXIF orientation of {whose} turns it, in {count(len(turned), 'pair')}, "
            "wanted both turned or none; turn the pixels and remove the tag (exiftran -ai, say), or draw the masks "
            "on the upright pictures"
        )
    if other:
        one = other[0]
        yield (
            f"{root / one.pair.mask}: found {_by(one.look.size)} pixels, wanted {_by(one.picture.upright)} as in "
            f"{one.pair.picture}, in {count(len(other), 'pair')}; resize masks by nearest neighbour, or pair them with "
            "the pictures they were drawn on"
        )


def _by(size: tuple[int, int]) -> str:
    return f"{size[0]}x{size[1]}"


def _complain_ignored(root: Path, scanned: Sequence[Scanned], pixels: NDArray[np.int64]) -> Iterator[str]:
    empty = [one.pair.mask for one, counts in zip(scanned, pixels, strict=True) if not counts[:-1].any()]
    if empty:
        yield (
            f"{root / empty[0]}: found {count(len(empty), 'mask')} ignored throughout ({name_some(empty)}), "
            "wanted a pixel of a class in each; draw them, or move them and their pictures elsewhere"
        )


def _complain_missing(
    root: Path, scanned: Sequence[Scanned], classes: MaskClasses, pixels: NDArray[np.int64]
) -> Iterator[str]:
    """A class without a pixel to learn from; one that val or test alone lack is a note."""
    total = pixels.sum(0)[:-1]
    if np.count_nonzero(total) < 2:
        present = [label for label, number in zip(classes.labels, total, strict=True) if number]
        yield (
            f"{root}: found one class only ({', '.join(present) or 'none'}) in {count(len(scanned), 'mask')}, "
            f"wanted two or more; draw the others as well{_white(scanned, classes)}"
        )
        return
    parts = [one.pair.part for one in scanned]
    learned = "train" if "train" in parts else None
    rows = [index for index, part in enumerate(parts) if learned is None or part == learned]
    there = pixels[rows].sum(0)[:-1]
    missing = [label for label, number in zip(classes.labels, there, strict=True) if not number]
    if missing:
        others = [part for part, counts in zip(parts, pixels, strict=True) if counts[:-1][there == 0].any()]
        elsewhere = sorted({part or "" for part in others})
        where = f", though in {' and '.join(elsewhere)}" if elsewhere else ""
        yield (
            f"{root}: found no pixel of {', '.join(missing)} in {count(len(rows), 'mask')}"
            f"{' of train' if learned else ''}{where}, wanted some of each class to learn from; "
            f"{_advise(classes, moved=bool(where))}{_white(scanned, classes)}"
        )


def _advise(classes: MaskClasses, *, moved: bool) -> str:
    if moved:
        return "move pictures that show it to train, or lay out other parts"
    return f"add pictures that show it, or remove its line from {classes.source}"


def _white(scanned: Sequence[Scanned], classes: MaskClasses) -> str:
    """255 may have been meant for the class that is missing."""
    white = sum(IGNORED in (one.look.indices or {}) for one in scanned)
    if not white or classes.reading != "index" or dict(classes.targets).get(IGNORED) != IGNORED:
        return ""
    return f"; 255 is ignored, in {count(white, 'mask')}: if it is a class, name it in classes.csv by the line 255,NAME"
