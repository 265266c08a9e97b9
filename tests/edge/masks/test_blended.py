"""Edges that were smoothed are refused, whether their values are classes or not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mask_folders import Array, draw_index, lay_out, save_mask, to_colours
from ressq_edge.data.masks.layout import find_masks
from ressq_edge.data.masks.scan import MaskScan, refuse_complaints, scan_masks
from ressq_edge.data.masks.telling import note_scan
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


def smooth(index: Array, side: int) -> Array:
    """As a program does that takes a mask for a photo."""
    small = Image.fromarray(index).resize((side // 3, side // 3), Image.Resampling.BILINEAR)
    return np.asarray(small.resize((side, side), Image.Resampling.BICUBIC))


def draw_disc(*classes: int, side: int = 96) -> Array:
    """Discs on a ground of class 0: borders in all directions."""
    rows, columns = np.mgrid[:side, :side]
    found = np.zeros((side, side), np.uint8)
    for place, value in enumerate(classes):
        found[(rows - 30 - 12 * place) ** 2 + (columns - 25 - 22 * place) ** 2 < 144] = value
    return found


@pytest.mark.parametrize("table", [False, True])
def test_antialiased_masks_are_refused(tmp_path: Path, table: bool) -> None:
    side = 192
    drawn = draw_index(255, 255, 255, side=side)
    root = lay_out(tmp_path, index=drawn, save=lambda path, index: save_mask(path, smooth(index, side)))
    if table:
        (root / "classes.csv").write_text("index,name\n0,ground\n255,crack\n")
    found = complaint(root)
    assert found.startswith(f"{root}/masks/0.png: found ")
    assert "that classes.csv does not have" in found if table else "which are too many for classes" in found
    assert found.endswith(
        "and the like in 4 masks: edges are blended (antialiased, from a JPEG, or resized smoothly); "
        "draw masks without smoothing, and resize them by nearest neighbour"
    )


def test_antialiased_colours_are_refused(tmp_path: Path) -> None:
    def save(path: Path, index: Array) -> None:
        small = Image.fromarray(to_colours(index, COLOURS)).resize((64, 64), Image.Resampling.BILINEAR)
        save_mask(path, np.asarray(small.resize((192, 192), Image.Resampling.BICUBIC)))

    root = lay_out(tmp_path, index=draw_index(1, 2, side=192), save=save)
    (root / "labelmap.txt").write_text("ground:0,0,0::\nroad:184,61,245::\ncar:255,96,55::\n")
    assert "that labelmap.txt does not have, such as" in complaint(root)
    assert "edges are blended" in complaint(root)


@pytest.mark.parametrize("factor", [0.6, 0.9, 1.5, 2])
def test_indices_that_were_resized_smoothly_are_refused(tmp_path: Path, factor: float) -> None:
    """All values stay indices of classes: 1 and 2 lie between 0 and 3."""
    drawn = Image.fromarray(draw_disc(1, 2, 3))
    size = (round(96 * factor), round(96 * factor))
    assert (
        scan(lay_out(tmp_path / "near", index=np.asarray(drawn.resize(size, Image.Resampling.NEAREST)))).complaints
        == ()
    )
    root = lay_out(tmp_path / "smooth", index=np.asarray(drawn.resize(size, Image.Resampling.BILINEAR)))
    assert complaint(root) == (
        f"{root}/masks/0.png: found classes by whose number one goes over into the other, a pixel wide, in 4 masks, "
        "as in masks that were resized smoothly; resize the originals by nearest neighbour"
    )


def test_a_border_a_pixel_wide_is_noted(tmp_path: Path) -> None:
    disc = draw_disc(2)
    inner = disc.copy()
    for shift, axis in ((1, 0), (-1, 0), (1, 1), (-1, 1)):
        inner = np.minimum(inner, np.roll(disc, shift, axis))
    found = scan(lay_out(tmp_path, index=np.where(inner == 2, 2, disc // 2).astype(np.uint8)))
    assert found.complaints == ()
    assert any(
        note.startswith("class_1 lies, a pixel wide, between others in 4 masks (masks/0.png, say)")
        for note in note_scan(found)
    )


def test_jpeg_masks_are_refused(tmp_path: Path) -> None:
    def save(path: Path, index: Array) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(index).save(path.with_suffix(".jpg"))

    root = lay_out(tmp_path, count=7, index=draw_index(255), save=save)
    assert complaint(root) == (
        f"7 pictures such as {root}/masks/0.jpg: found a JPEG, which blends neighbouring values, wanted a PNG; "
        "save it as PNG from what it was drawn with: a copy of this file keeps its faults"
    )


def test_many_colours_without_a_table_are_blended(tmp_path: Path) -> None:
    def save(path: Path, index: Array) -> None:
        small = Image.fromarray(to_colours(index, COLOURS)).resize((64, 64), Image.Resampling.BILINEAR)
        save_mask(path, np.asarray(small.resize((192, 192), Image.Resampling.BICUBIC)))

    assert "which are too many for classes" in complaint(lay_out(tmp_path, index=draw_index(1, 2, side=192), save=save))
