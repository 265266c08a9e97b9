"""What the scan before training refuses: each complaint names a file, how many there are, and what to do."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from rich.console import Console

from mask_folders import Array, draw_index, lay_out, save_mask, save_picture, to_colours
from ressq_edge.data.masks.layout import find_masks
from ressq_edge.data.masks.scan import MaskScan, refuse_complaints, scan_masks
from ressq_edge.data.masks.telling import note_scan, tabulate_classes, tell_scan
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


def draw_disc(*classes: int, side: int = 96) -> Array:
    """Discs on a ground of class 0: borders in all directions."""
    rows, columns = np.mgrid[:side, :side]
    found = np.zeros((side, side), np.uint8)
    for place, value in enumerate(classes):
        found[(rows - 30 - 12 * place) ** 2 + (columns - 25 - 22 * place) ** 2 < 144] = value
    return found


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


def test_colours_without_a_table_are_refused(tmp_path: Path) -> None:
    root = lay_out(tmp_path, save=lambda path, index: save_mask(path, to_colours(index, COLOURS)))
    assert complaint(root) == (
        f"{root}/masks/0.png: found colours (0,0,0; 184,61,245; 255,96,55) in 4 masks but no table that names them; "
        f"write {root}/classes.csv with the header index,name,r,g,b and a line a colour"
    )


def test_many_colours_without_a_table_are_blended(tmp_path: Path) -> None:
    def save(path: Path, index: Array) -> None:
        small = Image.fromarray(to_colours(index, COLOURS)).resize((64, 64), Image.Resampling.BILINEAR)
        save_mask(path, np.asarray(small.resize((192, 192), Image.Resampling.BICUBIC)))

    assert "which are too many for classes" in complaint(lay_out(tmp_path, index=draw_index(1, 2, side=192), save=save))


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


def test_sizes_that_differ_are_refused(tmp_path: Path) -> None:
    root = lay_out(tmp_path)
    save_picture(root / "images/1.jpg", (96, 64))
    assert complaint(root) == (
        f"{root}/masks/1.png: found 48x48 pixels, wanted 64x96 as in images/1.jpg, in 1 pair; "
        "resize masks by nearest neighbour, or pair them with the pictures they were drawn on"
    )


def draw_wide() -> Array:
    index = np.zeros((48, 64), np.uint8)
    index[:20, :20] = 1
    return index


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


def lay_out_parts(root: Path, **parts: Array) -> Path:
    for part, index in parts.items():
        save_picture(root / f"images/{part}/a.jpg", index)
        save_mask(root / f"masks/{part}/a.png", index)
    return root


def test_a_class_missing_in_train_is_refused(tmp_path: Path) -> None:
    root = lay_out_parts(tmp_path, train=draw_index(1), val=draw_index(1, 2), test=draw_index(1, 2))
    assert complaint(root) == (
        f"{root}: found no pixel of class_2 in 1 mask of train, though in test and val, wanted some of each class to "
        "learn "
        "from; move pictures that show it to train, or lay out other parts"
    )


def test_a_class_missing_in_another_part_is_noted_not_measured(tmp_path: Path) -> None:
    found = scan(lay_out_parts(tmp_path, train=draw_index(1, 2), val=draw_index(1), test=draw_index(1, 2)))
    assert found.complaints == ()
    assert "no pixel of class_2 in val: it cannot be measured there" in note_scan(found)


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
    Console(file=out, width=100).print(tabulate_classes(found))
    rows = [line.replace("│", " ").split() for line in out.getvalue().splitlines()]
    assert ["class_2", "10.42%", "(1)", "0.00%", "(0)"] in rows
    assert ["ignored", "0.00%", "(0)", "10.42%", "(1)"] in rows


def test_rare_and_nameless_classes_are_noted(tmp_path: Path) -> None:
    index = draw_index(1)
    index[0, 0] = 2
    found = scan(lay_out(tmp_path, index=index))
    assert "rare classes, by their pixels: class_2 (0.04%)" in note_scan(found)
    assert any(
        note.startswith("the classes have no names; classes.csv, with the header index,name")
        for note in note_scan(found)
    )


def test_a_class_in_few_pictures_is_noted(tmp_path: Path) -> None:
    root = lay_out(tmp_path, index=draw_index(1))
    save_mask(root / "masks/0.png", draw_index(1, 2))
    assert "in fewer than three pictures, so that a part may lack it: class_2 (1)" in note_scan(scan(root))
