"""From pairs of a picture and a mask to a split: the parts that the folder has, or a seeded draw."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from ressq_edge.data.folder import TEST_SHARE, VAL_SHARE
from ressq_edge.data.grouping import Groups, hang_together, read_groups, refuse_split_groups
from ressq_edge.data.masks.matching import count
from ressq_edge.data.masks.pairs import Pair
from ressq_edge.data.masks.reading import MaskClasses
from ressq_edge.data.masks.scan import MaskScan
from ressq_edge.data.masks.telling import note_absent
from ressq_edge.data.names import refuse_no_utf8
from ressq_edge.data.near_duplicate_notes import tell_near_duplicates
from ressq_edge.data.split import PARTS, Samples, Split, number_groups
from ressq_edge.data.stratify import Held, stratify
from ressq_edge.errors import SplitError


def read_pair_groups(root: Path, pairs: Sequence[Pair], group_by: str | None) -> dict[str, str]:
    """Picture -> its group, of all pairs; empty without `group_by`.

    Raises:
        SplitError: a name is not UTF-8, the given parts lack train/, or as `grouping.read_groups` says.
    """
    refuse_no_utf8(root, [name for pair in pairs for name in (pair.picture, pair.mask)])
    parts = {pair.part for pair in pairs} - {None}
    if parts and "train" not in parts:
        raise SplitError(
            f"{root}: found {', '.join(f'{part}/' for part in PARTS if part in parts)} alone, wanted train/ to learn "
            "from; add it, or leave the parts out: they are drawn then"
        )
    groups = read_groups(group_by, [pair.picture for pair in pairs], root) if group_by else {}
    if group_by:
        refuse_split_groups(_given(pairs), groups, group_by, None, "pictures and masks without parts")
    return groups


def split_pairs(
    root: Path,
    pairs: Sequence[Pair],
    scan: MaskScan,
    classes: MaskClasses,
    seed: int,
    group_by: str | None,
    groups: Groups,
    near_duplicates: Sequence[tuple[str, str]],
) -> Split:
    """The split of a data folder with masks: its own parts, or 70/15/15 with rare classes in each.

    Args:
        root: the data folder.
        pairs: all of them, those that can't be read, too: decoding tells of them.
        scan: what their masks hold.
        classes: what that means.
        seed: of the draw.
        group_by: what the groups were made by.
        groups: picture -> group; see `read_pair_groups`.
        near_duplicates: pairs of pictures that show the same.

    Raises:
        SplitError: there are too few pictures or groups.
    """
    pixels = {one.pair.picture: tuple(counts.tolist()) for one, counts in zip(scan.scanned, scan.pixels, strict=True)}
    held = {name: tuple(np.flatnonzero(counts[:-1]).tolist()) for name, counts in pixels.items()}
    together = hang_together(groups, near_duplicates)
    parts, notes = _given(pairs), list[str]()
    given = bool(parts)
    if not given:
        everything = tuple((pair.picture, pair.mask) for pair in pairs)
        drawn = _draw(root, everything, held, (VAL_SHARE, TEST_SHARE), seed, together)
        parts = dict(zip(PARTS, drawn, strict=True))
    elif "val" not in parts:
        parts["train"], parts["val"] = _draw(root, parts["train"], held, (VAL_SHARE,), seed, together)
        notes.append(f"val/ is not there: {len(parts['val'])} pictures of train/ validate instead")
    if not parts.get("test"):
        notes.append("test/ is not there: no picture is kept back for a last, unbiased figure")
    if group_by:
        notes.append(f"{len(set(groups.values()))} groups by {group_by}: each is in one part")
    notes += tell_near_duplicates(parts, near_duplicates, classes=False)
    split = Split(
        "folders" if given else "seeded", seed, classes.labels, parts["train"], parts["val"], parts.get("test", ()),
        groups=number_groups(groups, parts), masks=classes, pixels=tuple(sorted(pixels.items())),
    )  # fmt: skip
    return replace(split, notes=(*notes, *note_absent(split)))


def _given(pairs: Sequence[Pair]) -> dict[str, Samples]:
    """The samples of each part that the folder gives; empty where it gives none."""
    return {
        part: tuple((pair.picture, pair.mask) for pair in pairs if pair.part == part)
        for part in PARTS
        if any(pair.part == part for pair in pairs)
    }


def _draw(
    root: Path, samples: Samples, held: Held, shares: tuple[float, ...], seed: int, together: Groups
) -> list[Samples]:
    units = len({together.get(name, name) for name, _ in samples})
    drawn = stratify(samples, held, shares, seed, together)
    if not all(drawn):
        raise SplitError(
            f"{root}: found {count(units, 'picture')} or groups of them, too few for {len(drawn)} parts with each "
            "class in train, wanted more (pictures that show the same stay together, and those of a --group-by group); "
            "add pictures, or lay out train/, val/ and test/ yourself"
        )
    return drawn
