"""From masks by colour, as CVAT exports them, to masks by index: the background first."""

from __future__ import annotations

from functools import partial
from pathlib import Path, PurePosixPath

import numpy as np

from ressq_edge.data.exports.converted import BACKGROUNDS, Bar, Converted, name_used
from ressq_edge.data.exports.draw import Map
from ressq_edge.data.exports.files import place
from ressq_edge.data.exports.recognise import refuse_unknown
from ressq_edge.data.exports.write import Placed, choose_rows, write_folder
from ressq_edge.data.masks.classes import IGNORED
from ressq_edge.data.masks.layout import find_masks
from ressq_edge.data.masks.reading import MaskClasses, read_mask
from ressq_edge.data.masks.scan import refuse_complaints, scan_masks
from ressq_edge.errors import MaskError


def convert_masks(export: Path, out: Path, bar: Bar) -> Converted:
    """Write a folder of masks in colours, or of VOC's layout, as the plain one of indices.

    Raises:
        MaskError: it holds no masks, or what would train on wrong ones; or it is plain already.
        OutputError: a file can't be written.
    """
    folder = find_masks(export)
    if folder is None:
        if (export / "SegmentationClass").is_dir():
            raise MaskError(
                f"{export}: found SegmentationClass/ but no pictures in JPEGImages/; export it with 'Save images'"
            )
        refuse_unknown(export)
    scan = scan_masks(export, folder, 1)
    if scan.unreadable:
        raise MaskError(next(iter(scan.unreadable.values())), tuple(scan.unreadable.values()))
    classes = refuse_complaints(export, scan)
    if classes.reading == "index" and folder.layout.startswith("images/"):
        raise MaskError(f"{export}: found {folder.layout} of class indices already; give it to ressq-train")
    order = sorted(range(len(classes.labels)), key=lambda index: classes.labels[index].casefold() not in BACKGROUNDS)
    moved = np.full(256, IGNORED, np.uint8)
    moved[order] = range(len(order))
    placed = [
        Placed(
            export / pair.picture,
            place(PurePosixPath(pair.picture)),
            pair.part,
            partial(_move, export / pair.mask, classes, moved),
        )
        for pair in (one.pair for one in scan.scanned)
    ]
    rows = choose_rows(
        [classes.labels[index] for index in order], [classes.colours[index] for index in order],
        ignored=bool(scan.pixels[:, -1].any()),
    )  # fmt: skip
    with bar("writing", len(placed)) as advance:
        used = write_folder(out, rows, placed, lambda: advance(1))
    kind = f"masks by {classes.reading}, named by {classes.source}"
    return Converted(kind, name_used([classes.labels[index] for index in order], used), len(placed), folder.notes)


def _move(path: Path, classes: MaskClasses, moved: Map) -> Map:
    found: Map = moved[read_mask(path, classes)]
    return found
