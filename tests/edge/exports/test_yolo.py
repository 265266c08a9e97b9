"""YOLO's polygons become pictures, masks and classes.csv, which the scan before training takes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from exported import (
    HEIGHT,
    ROAD,
    WIDTH,
    draw_map,
    name_classes,
    write_yolo,
    yolo_line,
)
from mask_folders import save_picture

if TYPE_CHECKING:
    pass


from exported import convert, converted, silent, stored


@pytest.mark.parametrize("names", ["data.yaml", "list", "classes.txt"])
def test_yolo_becomes_masks(tmp_path: Path, names: str) -> None:
    root = write_yolo(tmp_path / "in")
    write_yolo(root, "val", "b", [])
    save_picture(root / "images/val/c.jpg", (HEIGHT, WIDTH))
    if names == "list":
        (root / "data.yaml").write_text("train: ../train/images\nnc: 3\nnames: ['road', 'car', 'pole']\n")
    if names == "classes.txt":
        (root / "data.yaml").unlink()
        (root / "classes.txt").write_text("road\ncar\npole\n")
    found = convert(root, tmp_path / "out", silent)
    assert (found.kind, name_classes(found)) == ("YOLO polygons", ("background", "road", "car"))
    assert np.array_equal(stored(tmp_path / "out", "train/a.png"), draw_map(road=1, car=2))
    assert not stored(tmp_path / "out", "val/c.png").any()
    assert found.notes[0] == "1 picture without a text file (images/val/c.jpg): no object"
    assert (
        "2 pictures without an object (b.jpg, say): background throughout; if they were not annotated, remove them"
    ) in found.notes


def test_yolo_with_texts_beside_the_pictures_or_parts_above_is_read(tmp_path: Path) -> None:
    save_picture(tmp_path / "in/a.jpg", (HEIGHT, WIDTH))
    (tmp_path / "in/a.txt").write_text(yolo_line(0, ROAD))
    (tmp_path / "in/classes.txt").write_text("road\n")
    converted(tmp_path / "in", tmp_path / "out")
    assert np.array_equal(stored(tmp_path / "out"), _road())
    save_picture(tmp_path / "up/train/images/a.jpg", (HEIGHT, WIDTH))
    (tmp_path / "up/train/labels").mkdir()
    (tmp_path / "up/train/labels/a.txt").write_text(yolo_line(0, ROAD))
    (tmp_path / "up/data.yaml").write_text("names: [road]\n")
    converted(tmp_path / "up/data.yaml", tmp_path / "up-out")
    assert np.array_equal(stored(tmp_path / "up-out", "train/a.png"), _road())


def _road() -> np.ndarray:
    found = np.zeros((HEIGHT, WIDTH), np.uint8)
    found[20:30, 10:30] = 1
    return found
