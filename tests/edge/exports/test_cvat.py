"""CVAT's XML and its masks by colour become pictures, masks and classes.csv, which the scan before training takes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from exported import (
    CAR,
    HEIGHT,
    ROAD,
    WIDTH,
    cvat_polygon,
    draw_map,
    name_classes,
    write_cvat,
)
from mask_folders import save_mask, save_picture, to_colours

if TYPE_CHECKING:
    pass


from exported import converted, stored


def test_cvat_xml_becomes_masks_by_z_order(tmp_path: Path) -> None:
    shapes = cvat_polygon("car", CAR, z_order=1) + cvat_polygon("road", ROAD, z_order=-1)
    found = converted(write_cvat(tmp_path / "in", shapes), tmp_path / "out")
    assert (found.kind, name_classes(found)) == ("CVAT XML for images", ("background", "car", "road"))
    assert np.array_equal(stored(tmp_path / "out"), draw_map(road=2, car=1))
    assert "1,car,255,96,55\n2,road,184,61,245\n" in (tmp_path / "out/classes.csv").read_text()


def test_cvats_masks_boxes_and_ellipses_are_filled(tmp_path: Path) -> None:
    shapes = (
        '    <mask label="road" source="manual" occluded="0" rle="1, 2, 2, 1" left="5" top="7" width="3" height="2" '
        'z_order="0">\n    </mask>\n'
        '    <box label="car" source="manual" xtl="20.00" ytl="10.00" xbr="30.00" ybr="14.00" z_order="0"/>\n'
        '    <box label="car" xtl="40" ytl="10" xbr="50" ybr="14" rotation="90.00" z_order="0"/>\n'
        '    <ellipse label="pole" cx="20" cy="34" rx="8" ry="4" z_order="0"/>\n'
        '    <tag label="car" source="manual"/>\n'
    )
    found = converted(write_cvat(tmp_path / "in", shapes), tmp_path / "out")
    index = stored(tmp_path / "out")
    assert index[7:9, 5:8].tolist() == [[0, 2, 2], [0, 0, 2]]
    assert (index[10:14, 20:30] == 1).all()
    assert (index[7:17, 43:47] == 1).all()
    assert (index == 1).sum() == 80
    assert (index == 3).sum() == pytest.approx(np.pi * 32, rel=0.1)
    assert found.notes == (
        "1 tag of whole pictures left out",
        "3 objects drawn as box or ellipse, filled whole: look whether the objects are so",
    )  # fmt: skip


@pytest.mark.parametrize(("subset", "name"), [("Train", "a.jpg"), ("default", "train/a.jpg")])
def test_cvats_subsets_are_parts(tmp_path: Path, subset: str, name: str) -> None:
    root = write_cvat(tmp_path / "in", cvat_polygon("road", ROAD), name=name, subset=subset)
    converted(root / "annotations.xml", tmp_path / "out")
    assert (tmp_path / "out/masks/train/a.png").exists()


def test_cvats_segmentation_mask_is_read_by_colour(tmp_path: Path) -> None:
    root, colours = tmp_path / "in", {0: (0, 0, 0), 1: (184, 61, 245), 2: (255, 96, 55)}
    save_picture(root / "JPEGImages/a.jpg", (HEIGHT, WIDTH))
    save_mask(root / "SegmentationClass/a.png", to_colours(draw_map(1, 2), colours))
    save_mask(root / "SegmentationObject/a.png", to_colours(draw_map(2, 1), colours))
    (root / "ImageSets/Segmentation").mkdir(parents=True)
    (root / "ImageSets/Segmentation/default.txt").write_text("a\n")
    (root / "labelmap.txt").write_text(
        "# label:color_rgb:parts:actions\ncar:255,96,55::\nbackground:0,0,0::\nroad:184,61,245::\n"
    )
    found = converted(root, tmp_path / "out")
    assert (found.kind, name_classes(found)) == (
        "masks by colour, named by labelmap.txt",
        ("background", "car", "road"),
    )
    assert np.array_equal(stored(tmp_path / "out"), draw_map(road=2, car=1))
    assert "0,background,0,0,0\n1,car,255,96,55\n2,road,184,61,245\n" in (tmp_path / "out/classes.csv").read_text()


def test_an_ignored_colour_becomes_255(tmp_path: Path) -> None:
    root, colours = tmp_path / "in", {0: (0, 0, 0), 1: (184, 61, 245), 2: (255, 96, 55)}
    save_picture(root / "images/a.jpg", (HEIGHT, WIDTH))
    save_mask(root / "masks/a.png", to_colours(draw_map(1, 2), colours))
    (root / "classes.csv").write_text("name,r,g,b\nroad,184,61,245\nvoid,255,96,55\nsky,0,0,0\n")
    found = converted(root, tmp_path / "out")
    assert name_classes(found) == ("road", "sky")
    assert np.array_equal(stored(tmp_path / "out"), np.array([1, 0, 255], np.uint8)[draw_map(1, 2)])


def test_classes_of_one_colour_get_another(tmp_path: Path) -> None:
    """The background is black, and a table names a colour once."""
    root = write_cvat(tmp_path / "in", cvat_polygon("car", CAR) + cvat_polygon("road", ROAD))
    text = (root / "annotations.xml").read_text().replace("#ff6037", "#000000").replace("#b83df5", "#000000")
    (root / "annotations.xml").write_text(text)
    converted(root, tmp_path / "out")
    colours = [line.split(",", 2)[2] for line in (tmp_path / "out/classes.csv").read_text().splitlines()[1:]]
    assert colours[0] == "0,0,0"
    assert len(set(colours)) == 3
