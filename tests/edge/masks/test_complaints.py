"""Sizes, EXIF and classes that would train on wrong masks: a file, how many, and what to do."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mask_folders import Array, draw_index, lay_out, save_mask, save_picture
from ressq_edge.data.masks.layout import find_masks
from ressq_edge.data.masks.scan import MaskScan, refuse_complaints, scan_masks
from ressq_edge.data.masks.telling import note_scan
from ressq_edge.errors import MaskError


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


def draw_wide() -> Array:
    index = np.zeros((48, 64), np.uint8)
    index[:20, :20] = 1
    return index


def lay_out_parts(root: Path, **parts: Array) -> Path:
    for part, index in parts.items():
        save_picture(root / f"images/{part}/a.jpg", index)
        save_mask(root / f"masks/{part}/a.png", index)
    return root


def test_sizes_that_differ_are_refused(tmp_path: Path) -> None:
    root = lay_out(tmp_path)
    save_picture(root / "images/1.jpg", (96, 64))
    assert complaint(root) == (
        f"{root}/masks/1.png: found 48x48 pixels, wanted 64x96 as in images/1.jpg, in 1 pair; "
        "resize masks by nearest neighbour, or pair them with the pictures they were drawn on"
    )


def test_a_mask_that_fits_only_the_unturned_picture_names_exif(tmp_path: Path) -> None:
    root = lay_out(tmp_path, index=draw_wide())
    save_picture(root / "images/1.jpg", draw_wide(), orientation=6)
    save_picture(root / "images/2.jpg", draw_wide(), orientation=5)
    assert complaint(root) == (
        f"{root}/masks/1.png: found 64x48 pixels beside 48x64 of images/1.jpg, as the EXIF orientation of images/1.jpg "
        "turns "
        "it, in 2 pairs, wanted both turned or none; turn the pixels and remove the tag (exiftran -ai, say), "
        "or draw the masks on the upright pictures"
    )


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "tif"])
def test_a_mask_of_the_upright_picture_fits(tmp_path: Path, suffix: str) -> None:
    save_picture(tmp_path / f"images/a.{suffix}", (64, 48), orientation=8)
    save_mask(tmp_path / "masks/a.png", draw_wide())
    assert scan(tmp_path).complaints == ()


def test_exif_on_the_mask_alone_is_refused(tmp_path: Path) -> None:
    root = lay_out(tmp_path, index=draw_wide())
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(draw_wide()).save(root / "masks/1.png", exif=exif)
    assert "as the EXIF orientation of masks/1.png turns it, in 1 pair" in complaint(root)


def test_exif_that_changes_no_size_is_noted(tmp_path: Path) -> None:
    root = lay_out(tmp_path, index=draw_wide())
    save_picture(root / "images/1.jpg", draw_wide(), orientation=3)
    found = scan(root)
    assert found.complaints == ()
    assert (
        "1 picture turned by EXIF whose mask would fit unturned, too (images/1.jpg): "
        "both are taken as they are seen upright; look whether they agree"
    ) in note_scan(found)


def test_a_class_missing_in_train_is_refused(tmp_path: Path) -> None:
    root = lay_out_parts(tmp_path, train=draw_index(1), val=draw_index(1, 2), test=draw_index(1, 2))
    assert complaint(root) == (
        f"{root}: found no pixel of class_2 in 1 mask of train, though in test and val, wanted some of each class to "
        "learn "
        "from; move pictures that show it to train, or lay out other parts"
    )


def test_a_class_of_the_table_without_a_pixel_is_refused(tmp_path: Path) -> None:
    root = lay_out(tmp_path)
    (root / "classes.csv").write_text("index,name\n0,sky\n1,road\n2,car\n3,pole\n")
    assert complaint(root) == (
        f"{root}: found no pixel of pole in 4 masks, wanted some of each class to learn from; "
        "add pictures that show it, or remove its line from classes.csv"
    )


def test_a_picture_that_is_all_ignore_is_refused(tmp_path: Path) -> None:
    root = lay_out(tmp_path)
    save_mask(root / "masks/3.png", np.full((48, 48), 255, np.uint8))
    assert complaint(root) == (
        f"{root}/masks/3.png: found 1 mask ignored throughout (masks/3.png), wanted a pixel of a class in each; "
        "draw them, or move them and their pictures elsewhere"
    )


def test_one_class_only_is_refused(tmp_path: Path) -> None:
    root = lay_out(tmp_path, index=draw_index())
    assert complaint(root) == (
        f"{root}: found one class only (class_0) in 4 masks, wanted two or more; draw the others as well"
    )
