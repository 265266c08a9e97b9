"""What the scan tells: pairs, values, sizes, pixels and notes; and complaints together."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from mask_folders import Array, draw_index, lay_out, save_mask, save_picture
from ressq_edge.data.masks.layout import find_masks
from ressq_edge.data.masks.parts import split_pairs
from ressq_edge.data.masks.scan import MaskScan, refuse_complaints, scan_masks
from ressq_edge.data.masks.telling import note_scan, tabulate_classes, tell_scan
from ressq_edge.data.split import Split
from ressq_edge.errors import MaskError


def scan(root: Path) -> MaskScan:
    folder = find_masks(root)
    assert folder is not None
    return scan_masks(root, folder, 2)


def lay_out_parts(root: Path, **parts: Array) -> Path:
    for part, index in parts.items():
        save_picture(root / f"images/{part}/a.jpg", index)
        save_mask(root / f"masks/{part}/a.png", index)
    return root


def split(root: Path) -> Split:
    folder, found = find_masks(root), scan(root)
    assert folder is not None
    return split_pairs(root, folder.pairs, found, refuse_complaints(root, found), 0, None, {}, ())


def test_a_class_missing_in_another_part_is_noted_not_measured(tmp_path: Path) -> None:
    root = lay_out_parts(tmp_path, train=draw_index(1, 2), val=draw_index(1), test=draw_index(1, 2))
    assert scan(root).complaints == ()
    assert "no pixel of class_2 in val: it cannot be measured there" in split(root).notes


def test_files_that_cannot_be_decoded_are_listed_apart(tmp_path: Path) -> None:
    root = lay_out(tmp_path)
    (root / "masks/1.png").write_text("no picture")
    (root / "images/2.jpg").write_text("no picture")
    found = scan(root)
    assert set(found.unreadable) == {"masks/1.png", "images/2.jpg"}
    assert (len(found.scanned), found.complaints) == (2, ())


def test_several_complaints_are_carried_together(tmp_path: Path) -> None:
    root = lay_out(tmp_path)
    save_picture(root / "images/1.jpg", (96, 64))
    save_mask(root / "masks/3.png", np.full((48, 48), 255, np.uint8))
    with pytest.raises(
        MaskError, match=r"found 2 kinds of faults in its masks, the first: .*1\.png: found 48x48"
    ) as error:
        refuse_complaints(root, scan(root))
    assert len(error.value.complaints) == 2


def test_what_is_right_is_not_refused(tmp_path: Path) -> None:
    root = lay_out(tmp_path)
    refuse_complaints(root, scan(root))


def test_a_scan_lists_pairs_values_modes_sizes_and_pixels(tmp_path: Path) -> None:
    root = lay_out_parts(tmp_path, train=draw_index(1, 2), val=draw_index(1, 255))
    found = scan(root)
    assert tell_scan(found) == [
        "2 pairs of pictures and masks: 1 train, 1 val",
        "masks: 2 PNG, L",
        "values: 0, 1, 2, 255; read by index, 255 ignored, names from the values",
        "sizes: 48x48 (2)",
    ]
    out = io.StringIO()
    Console(file=out, width=100).print(tabulate_classes(split(root)))
    rows = [line.replace("│", " ").split() for line in out.getvalue().splitlines()]
    assert ["class_2", "10.42%", "(1)", "0.00%", "(0)"] in rows
    assert ["ignored", "0.00%", "10.42%"] in rows


def test_rare_and_nameless_classes_are_noted(tmp_path: Path) -> None:
    index = draw_index(1)
    index[0, 0] = 2
    found = scan(lay_out(tmp_path, index=index))
    assert "rare classes, by their pixels: class_2 (0.04%)" in note_scan(found)
    assert any(
        note.startswith("the classes have no names; classes.csv, with the header index,name")
        for note in note_scan(found)
    )


def test_a_folder_of_which_no_mask_can_be_read_is_refused_with_the_first_reason(tmp_path: Path) -> None:
    root = lay_out(tmp_path)
    for path in (root / "masks").iterdir():
        path.write_text("no picture")
    with pytest.raises(MaskError, match=r"found no pair of which both files can be read, of 4, wanted .*masks/0\.png:"):
        refuse_complaints(root, scan(root))
