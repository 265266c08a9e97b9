"""LabelMe's shapes, and what is the same for all tools: parts, borders, EXIF become pictures, masks and classes.csv, "
"which the scan before training takes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from exported import (
    CAR,
    HEIGHT,
    ROAD,
    WIDTH,
    draw_map,
    labelme_mask,
    labelme_shape,
    name_classes,
    write_labelme,
)
from mask_folders import save_picture
from ressq_edge.data.masks.layout import find_masks
from ressq_edge.data.masks.reading import read_mask
from ressq_edge.data.masks.scan import refuse_complaints, scan_masks

if TYPE_CHECKING:
    pass


from exported import converted, stored


def test_labelme_becomes_masks(tmp_path: Path) -> None:
    root = write_labelme(tmp_path / "in")
    found = converted(root, tmp_path / "out")
    assert (found.kind, name_classes(found)) == ("LabelMe JSON", ("background", "car", "road"))
    assert np.array_equal(stored(tmp_path / "out"), draw_map(road=2, car=1))
    assert (tmp_path / "out/images/a.jpg").read_bytes() == (root / "a.jpg").read_bytes()
    assert (tmp_path / "out/classes.csv").read_text() == (
        "index,name,r,g,b\n0,background,0,0,0\n1,car,128,0,0\n2,road,0,128,0\n"
    )
    assert found.notes == ("in 1 picture objects of different classes overlap (a.jpg, say): the later one lies above",)


def test_labelmes_brush_rectangle_and_circle_are_filled(tmp_path: Path) -> None:
    inside = np.eye(6, dtype=bool)
    shapes = [
        labelme_mask("crack", 3, 5, inside), labelme_shape("panel", [[40, 30], [30, 20]], "rectangle"),
        labelme_shape("bolt", [[50, 10], [50, 14]], "circle"),
    ]  # fmt: skip
    found = converted(write_labelme(tmp_path / "in", shapes=shapes), tmp_path / "out")
    index = stored(tmp_path / "out")
    assert name_classes(found) == ("background", "bolt", "crack", "panel")
    assert np.array_equal(index[5:11, 3:9] == 2, inside)
    assert (index[20:30, 30:40] == 3).all()
    assert (index == 3).sum() == 100
    assert (index == 1).sum() == pytest.approx(np.pi * 16, rel=0.1)
    assert found.notes == (
        "2 objects drawn as rectangle or circle, filled whole (a.json, say): look whether the objects are so",
    )


def test_labelmes_ignore_and_background_are_no_classes(tmp_path: Path) -> None:
    shapes = [
        labelme_shape("__ignore__", ROAD),
        labelme_shape("car", CAR),
        labelme_shape("_background_", [[0, 0], [5, 0], [0, 5]]),
    ]
    found = converted(write_labelme(tmp_path / "in", shapes=shapes), tmp_path / "out")
    assert name_classes(found) == ("background", "car")
    assert np.array_equal(stored(tmp_path / "out"), draw_map(road=255, car=1))
    assert (tmp_path / "out/classes.csv").read_text().endswith("255,void,255,255,255\n")


def test_labelme_of_windows_and_old_versions_is_read(tmp_path: Path) -> None:
    root = write_labelme(tmp_path / "in", imagePath="..\\photos\\a.jpg")
    content = json.loads((root / "a.json").read_text())
    for key in ("imageHeight", "imageWidth"):
        del content[key]
    for shape in content["shapes"]:
        del shape["shape_type"]
    (root / "a.json").write_text(json.dumps(content))
    save_picture(root / "b.jpg", (HEIGHT, WIDTH))
    (root / "settings.json").write_text("{}")
    found = converted(root, tmp_path / "out")
    assert found.notes[:2] == (
        "not read: 1 JSON file of another kind (settings.json)", "left out: 1 picture without a JSON file (b.jpg)",
    )  # fmt: skip


def test_the_parts_of_folders_are_kept(tmp_path: Path) -> None:
    for part in ("train", "valid", "test"):
        write_labelme(tmp_path / "in" / part / "left", part)
    converted(tmp_path / "in", tmp_path / "out")
    masks = tmp_path / "out/masks"
    assert sorted(path.relative_to(masks).as_posix() for path in masks.rglob("*.png")) == [
        "test/left/test.png", "train/left/train.png", "val/left/valid.png",
    ]  # fmt: skip


def test_masks_are_read_back_as_they_were_drawn(tmp_path: Path) -> None:
    converted(write_labelme(tmp_path / "in"), tmp_path / "out")
    folder = find_masks(tmp_path / "out")
    assert folder is not None
    classes = refuse_complaints(tmp_path / "out", scan_masks(tmp_path / "out", folder, 1))
    assert np.array_equal(read_mask(tmp_path / "out/masks/a.png", classes), draw_map(road=2, car=1))


def test_objects_at_the_border_are_cut_off(tmp_path: Path) -> None:
    shapes = [
        labelme_shape("road", [[-3, -3], [5, -3], [5, 6], [-3, 6]]),
        labelme_shape("car", [[60, 40], [70, 40], [70, 55], [60, 55]]),
    ]
    converted(write_labelme(tmp_path / "in", shapes=shapes), tmp_path / "out")
    index = stored(tmp_path / "out")
    assert (index[:6, :5] == 2).all()
    assert (index[40:, 60:] == 1).all()
    assert (index > 0).sum() == 6 * 5 + 8 * 4


@pytest.mark.parametrize("orientation", [6, 8])
def test_objects_drawn_on_the_upright_picture_fit(tmp_path: Path, orientation: int) -> None:
    save_picture(tmp_path / "in/a.jpg", (WIDTH, HEIGHT), orientation=orientation)
    found = converted(write_labelme(tmp_path / "in"), tmp_path / "out")
    assert np.array_equal(stored(tmp_path / "out"), draw_map(road=2, car=1))
    assert not [note for note in found.notes if "EXIF" in note]


def test_a_picture_that_exif_turns_upside_down_is_noted(tmp_path: Path) -> None:
    save_picture(tmp_path / "in/a.jpg", (HEIGHT, WIDTH), orientation=3)
    found = converted(write_labelme(tmp_path / "in"), tmp_path / "out")
    assert (
        "1 picture turned by EXIF, whose size does not tell whether the objects were drawn on it upright (a.jpg): "
        "that is assumed; look at the masks"
    ) in found.notes


def test_a_background_or_class_without_a_pixel_has_no_line(tmp_path: Path) -> None:
    """The scan would want pixels of it to learn from."""
    whole = [[0, 0], [WIDTH, 0], [WIDTH, HEIGHT], [0, HEIGHT]]
    shapes = [labelme_shape(name, points) for name, points in (("road", CAR), ("sky", whole), ("tree", ROAD))]
    found = converted(write_labelme(tmp_path / "in", shapes=shapes), tmp_path / "out")
    assert found.labels == ((2, "sky"), (3, "tree"))
    assert found.notes[:2] == (
        "no background is left: objects cover all pixels",
        "classes whose objects lie below others throughout, left out: road",
    )
