"""The scan before training: each picture's size and each mask's values, once, before anything is learned from them.

Memory is bounded: of a mask a few numbers are kept.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import batched
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ressq_edge.data.masks.classes import ClassTable, read_table
from ressq_edge.data.masks.complaints import find_complaints
from ressq_edge.data.masks.loading import read_size
from ressq_edge.data.masks.looks import Scanned, look_at_mask
from ressq_edge.data.masks.misfits import tell_misfits
from ressq_edge.data.masks.pairs import MaskFolder, Pair
from ressq_edge.data.masks.reading import MaskClasses, Misfits, count_targets, read_by_table
from ressq_edge.data.masks.values import read_by_values
from ressq_edge.data.survey import Bar, silent
from ressq_edge.errors import MaskError
from ressq_runtime.errors import PictureError
from ressq_runtime.faults import Faults


@dataclass(frozen=True)
class MaskScan:
    """What the masks of a data folder hold.

    scanned: the pairs that can be read.
    classes: what the masks' values mean; None: they do not tell, which is a complaint.
    pixels: int64 (pairs, classes + 1), of each class in each mask, the ignored ones last; empty without classes.
    unreadable: picture or mask -> why it can't be decoded.
    complaints: what would train on wrong masks, a complete message each.
    """

    scanned: tuple[Scanned, ...]
    classes: MaskClasses | None
    pixels: NDArray[np.int64]
    unreadable: dict[str, str]
    complaints: tuple[str, ...]


def scan_masks(root: Path, folder: MaskFolder, threads: int, bar: Bar = silent) -> MaskScan:
    """What the masks of a data folder hold, and what is wrong with them.

    Args:
        root: the data folder.
        folder: its pairs of pictures and masks.
        threads: that decode.
        bar: shows how far it is.

    Raises:
        MaskError: classes.csv or labelmap.txt can't be used.
    """
    table = read_table(root)
    found: list[Scanned] = []
    unreadable: dict[str, str] = {}
    refused: list[str] = []

    def look(pair: Pair) -> Scanned | tuple[str, PictureError | MaskError]:
        try:
            seen = look_at_mask(root / pair.mask)
        except (PictureError, MaskError) as error:
            return pair.mask, error
        try:
            return Scanned(pair, seen, read_size(root / pair.picture))
        except PictureError as error:
            return pair.picture, error

    with ThreadPoolExecutor(threads) as pool, bar("masks", len(folder.pairs)) as tick:
        for some in batched(folder.pairs, 16 * threads):
            for result in pool.map(look, some):
                if isinstance(result, Scanned):
                    found.append(result)
                elif isinstance(result[1], MaskError):
                    refused.append(str(result[1]))
                else:
                    unreadable[result[0]] = str(result[1])
                tick()
    return _judge(root, table, found, unreadable, Faults(refused).lines())


def _judge(
    root: Path,
    table: ClassTable | None,
    found: list[Scanned],
    unreadable: dict[str, str],
    complaints: list[str],
) -> MaskScan:
    by_mask = {one.pair.mask: one.look for one in found}
    classes: MaskClasses | None = None
    if by_mask:
        reading = read_by_table(table, by_mask) if table else read_by_values(root, by_mask)
        if isinstance(reading, MaskClasses):
            classes = reading
        elif isinstance(reading, Misfits) and table:
            complaints = [*complaints, tell_misfits(table, by_mask, reading)]
        elif isinstance(reading, str):
            complaints = [*complaints, reading]
    counts = [count_targets(one.look, classes) for one in found] if classes else []
    pixels = np.array(counts, np.int64)
    complaints = [*complaints, *find_complaints(root, found, classes, pixels)]
    return MaskScan(tuple(found), classes, pixels, unreadable, tuple(complaints))


def refuse_complaints(root: Path, scan: MaskScan) -> MaskClasses:
    """What the masks mean, unless they would be trained on wrongly.

    Raises:
        MaskError: there are complaints, all of which it carries, or no mask can be read.
    """
    if len(scan.complaints) == 1:
        raise MaskError(scan.complaints[0])
    if scan.complaints:
        raise MaskError(
            f"{root}: found {len(scan.complaints)} kinds of faults in its masks, the first: {scan.complaints[0]}",
            scan.complaints,
        )
    if scan.classes is None:
        reasons = list(scan.unreadable.values())
        raise MaskError(
            f"{root}: found no pair of which both files can be read, of {len(reasons)}, wanted some; copy them again; "
            f"the first: {reasons[0]}"
        )
    return scan.classes
