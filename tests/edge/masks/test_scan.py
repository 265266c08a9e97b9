"""Values and colours that mean no class: each complaint names a file, how many there are, and what to do."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mask_folders import Array, draw_index, lay_out, save_mask, to_colours
from ressq_edge.data.masks.layout import find_masks
from ressq_edge.data.masks.scan import MaskScan, refuse_complaints, scan_masks
from ressq_edge.errors import MaskError

COLOURS = {0: (0, 0, 0), 1: (184, 61, 245), 2: (255, 96, 55)}


def scan(root: Path) -> MaskScan:
    folder = find_masks(root)
    assert folder is not None
    return scan_masks(root, folder, 2)


def complaint(root: Path) -> str:
    """The only complaint, which is raised as it is."""
    found = scan(root)
    assert len(found.complaints) == 1, found.complaints
    with pytest.raises(MaskError) as error:
        refuse_complaints(root, found)
    assert str(error.value) == found.complaints[0]
    return found.complaints[0]


def test_255_as_foreground_in_some_masks_is_refused(tmp_path: Path) -> None:
    root = lay_out(tmp_path, index=draw_index(1))
    save_mask(root / "masks/2.png", draw_index(255))
    save_mask(root / "masks/3.png", draw_index(255))
    assert complaint(root) == (
        f"{root}/masks/2.png: found 255 in 2 masks without a 1 and 1 in 2 masks without a 255 (masks/0.png, say), "
        "wanted one "
        "value for the foreground, as 255 is ignored; save them alike, or, if 255 is to be ignored, "
        "write classes.csv with the header index,name and a line a class"
    )
    (root / "classes.csv").write_text("index,name\n0,ground\n1,crack\n")
    assert scan(root).complaints == ()


def test_255_as_foreground_where_the_table_has_another_index_is_refused(tmp_path: Path) -> None:
    root = lay_out(tmp_path, index=draw_index(255))
    (root / "classes.csv").write_text("index,name\n0,ground\n1,crack\n")
    assert complaint(root) == (
        f"{root}: found one class only (ground) in 4 masks, wanted two or more; draw the others as well; "
        "255 is ignored, in 4 masks: if it is a class, name it in classes.csv by the line 255,NAME"
    )


def test_colours_without_a_table_are_refused(tmp_path: Path) -> None:
    root = lay_out(tmp_path, save=lambda path, index: save_mask(path, to_colours(index, COLOURS)))
    assert complaint(root) == (
        f"{root}/masks/0.png: found colours (0,0,0; 184,61,245; 255,96,55) in 4 masks but no table that names them; "
        f"write {root}/classes.csv with the header index,name,r,g,b and a line a colour"
    )


def test_indices_by_labelmaps_order_are_refused(tmp_path: Path) -> None:
    root = lay_out(tmp_path)
    (root / "labelmap.txt").write_text("background:0,0,0::\nroad:184,61,245::\ncar:255,96,55::\n")
    assert complaint(root) == (
        f"{root}/masks/0.png: found the indices 0, 1, 2 in 4 masks, wanted the colours of labelmap.txt, whose order is "
        "no "
        "index; give the masks as CVAT exports them, or replace labelmap.txt by classes.csv with the header index,name"
    )


def test_a_value_or_colour_that_the_table_lacks_is_refused(tmp_path: Path) -> None:
    root = lay_out(tmp_path / "values")
    (root / "classes.csv").write_text("index,name\n0,sky\n1,road\n")
    assert complaint(root) == (
        f"{root}/masks/0.png: found 1 value (2; 240 pixels) that classes.csv does not have, in 4 masks, "
        "wanted a line for each; add them, as void if they are to be ignored"
    )
    root = lay_out(tmp_path / "colours", save=lambda path, index: save_mask(path, to_colours(index, COLOURS)))
    (root / "labelmap.txt").write_text("background:0,0,0::\nroad:184,61,245::\n")
    assert "found 1 colour (255,96,55; 240 pixels) that labelmap.txt does not have, in 4 masks" in complaint(root)


def test_colours_beside_a_table_of_indices_are_refused(tmp_path: Path) -> None:
    root = lay_out(tmp_path, save=lambda path, index: save_mask(path, to_colours(index, COLOURS)))
    (root / "classes.csv").write_text("index,name\n0,sky\n1,road\n2,car\n")
    assert "found 3 colours (0,0,0; 184,61,245; 255,96,55; 2,304 pixels) that classes.csv does not have" in complaint(
        root
    )


def test_indices_off_by_one_are_refused(tmp_path: Path) -> None:
    root = lay_out(tmp_path, index=draw_index(2, 3) + np.uint8(1) - (draw_index(2, 3) > 0))
    assert complaint(root) == (
        f"{root}/masks/0.png: found the values 1, 2, 3 in 4 masks but never 0, wanted class indices from 0 on without "
        "a gap; "
        "if these are the classes, write classes.csv with the header index,name and a line a class"
    )


def test_numbered_objects_in_16_bits_are_refused(tmp_path: Path) -> None:
    root = lay_out(tmp_path, save=lambda path, index: save_mask(path, index.astype(np.uint16) * 26_001))
    assert complaint(root) == (
        f"{root}/masks/0.png: found values up to 52,002 in 4 masks of 16 bits or more, wanted class indices from 0 to "
        "254; "
        "if the values number objects, save classes instead; if they are scaled, divide them"
    )
    (root / "classes.csv").write_text("index,name\n0,sky\n1,road\n")
    assert "found 2 values (26001; 52002; 480 pixels) that classes.csv does not have, in 4 masks" in complaint(root)


def test_palettes_that_differ_from_mask_to_mask_are_refused(tmp_path: Path) -> None:
    def save(path: Path, index: Array) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        first = int(path.stem) % 2  # the order of a palette made for each picture by itself
        image = Image.fromarray(index, "P")
        image.putpalette([0, 0, 0, *((255, 0, 0, 0, 255, 0) if first else (0, 255, 0, 255, 0, 0))])
        image.save(path)

    root = lay_out(tmp_path, save=save)
    assert complaint(root) == (
        f"{root}/masks/1.png: found the colour 255,0,0 for index 1, which has 0,255,0 in masks/0.png, "
        f"wanted one palette in all masks; write {root}/classes.csv with the header name,r,g,b and a line a colour: "
        "masks are read by it then"
    )
    (root / "classes.csv").write_text("name,r,g,b\nsky,0,0,0\nroad,255,0,0\ncar,0,255,0\n")
    assert scan(root).complaints == ()


def test_a_grey_photograph_is_no_mask(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 254, (48, 48), np.uint8)
    assert "values which are too many for classes" in complaint(lay_out(tmp_path, index=noise))
