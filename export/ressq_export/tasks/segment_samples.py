"""Pictures and masks of a folder to evaluate on: read by its own table of classes, or as the run reads its masks."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ressq_edge.data.masks.classes import read_table
from ressq_edge.data.masks.complaints import find_complaints
from ressq_edge.data.masks.layout import find_masks
from ressq_edge.data.masks.loading import PictureSize, read_size
from ressq_edge.data.masks.looks import Scanned, look_at_mask
from ressq_edge.data.masks.misfits import tell_misfits
from ressq_edge.data.masks.pairs import Pair
from ressq_edge.data.masks.reading import MaskClasses, Misfits, count_targets, find_misfits, read_by_table, show
from ressq_export.errors import ExportError
from ressq_export.measurement.class_map import Truth
from ressq_runtime.errors import FolderError, PictureError

if TYPE_CHECKING:
    from ressq_edge.data.split import Split

_NONE = np.zeros((0, 0), np.int64)


def list_masks(folder: Path, split: Split, labels: Sequence[str], size: tuple[int, int]) -> list[tuple[Path, Truth]]:
    """(picture, mask) of each in a folder of images/ and masks/; of its test part where it has parts.

    Args:
        folder: the pictures and masks.
        split: of the run, whose masks are read as it says.
        labels: of the network.
        size: height and width that masks are brought to.

    Raises:
        FolderError: there are no pictures with masks.
        MaskError, PictureError: a mask cannot be read, or would be read wrongly.
        ExportError: the folder's classes are not the network's.
    """
    found = find_masks(folder)
    if found is None:
        raise FolderError(f"{folder}: found no pictures with masks, wanted images/ and masks/; check the path")
    pairs = [pair for pair in found.pairs if pair.part in (None, "test")]
    if not pairs:
        raise FolderError(f"{folder}: found no test part, wanted one beside train; move pictures and masks into it")
    scanned = [_scan(folder, pair) for pair in pairs]
    if complaints := find_complaints(folder, [one for one in scanned if one.picture.upright != (0, 0)], None, _NONE):
        raise ExportError(complaints[0])
    classes, order = _read_classes(folder, scanned, split, labels)
    if not any(count_targets(one.look, classes)[:-1].any() for one in scanned):
        raise ExportError(f"{folder}: found masks that ignore every pixel, wanted some of a class; draw them")
    return [(folder / pair.picture, Truth(folder / pair.mask, classes, size, order)) for pair in pairs]


def masks_of(split: Split) -> MaskClasses:
    """How the run's masks are read.

    Raises:
        ExportError: split.json does not say it.
    """
    if split.masks is None:
        raise ExportError("split.json: found no classes of masks, wanted those of the run; train again")
    return split.masks


def _scan(folder: Path, pair: Pair) -> Scanned:
    look = look_at_mask(folder / pair.mask)
    try:
        return Scanned(pair, look, read_size(folder / pair.picture))
    except PictureError:  # it is told of where its pixels are wanted
        return Scanned(pair, look, PictureSize((0, 0), 1))


def _read_classes(
    folder: Path, scanned: Sequence[Scanned], split: Split, labels: Sequence[str]
) -> tuple[MaskClasses, tuple[int, ...]]:
    """How the masks are read, and the network's class of each of theirs; nothing where they are the same."""
    looks = {one.pair.mask: one.look for one in scanned}
    table = read_table(folder)
    if table is None:
        classes = masks_of(split)
        misfits = find_misfits(looks, classes.reading, dict(classes.targets))
        if misfits:
            mask, values = min(misfits.items())
            raise ExportError(
                f"{folder / mask}: found the value {show(min(values), classes.reading)}, which no mask of the run has, "
                f"in {len(misfits)} of {len(looks)} masks, wanted values as the run's; write {folder}/classes.csv"
            )
        return classes, ()
    classes_or_misfits = read_by_table(table, looks)
    if isinstance(classes_or_misfits, Misfits):
        raise ExportError(tell_misfits(table, looks, classes_or_misfits))
    return classes_or_misfits, _order(table.path, scanned, classes_or_misfits, labels)


def _order(path: Path, scanned: Sequence[Scanned], classes: MaskClasses, labels: Sequence[str]) -> tuple[int, ...]:
    pixels = sum(count_targets(one.look, classes) for one in scanned)
    known = {label: index for index, label in enumerate(labels)}
    for label, number in zip(classes.labels, np.asarray(pixels), strict=False):
        if label not in known and number:
            raise ExportError(
                f"{path}: found the class {label} with {number:,} pixels, wanted one of {', '.join(labels)}; name "
                "classes as the run does, or void what is to be ignored"
            )
    return tuple(known.get(label, 255) for label in classes.labels)
