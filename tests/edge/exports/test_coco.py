"""COCO's polygons and runs become pictures, masks and classes.csv, which the scan before training takes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from pycocotools import mask as coco_mask

from exported import (
    CAR,
    HEIGHT,
    ROAD,
    WIDTH,
    coco_annotation,
    draw_map,
    flat,
    name_classes,
    write_coco,
)
from ressq_edge.data.exports.runs import unpack_counts

if TYPE_CHECKING:
    pass


from exported import converted, stored


def test_coco_polygons_become_masks(tmp_path: Path) -> None:
    root = write_coco(tmp_path / "in/annotations/instances_default.json")
    found = converted(root, tmp_path / "out")
    assert (found.kind, name_classes(found)) == ("COCO JSON", ("background", "road", "car"))
    assert np.array_equal(stored(tmp_path / "out"), draw_map(road=1, car=2))
    assert "classes without an object, left out: bottle" in found.notes
    one = converted(root / "annotations/instances_default.json", tmp_path / "one")
    assert one == found


@pytest.mark.parametrize("compressed", [False, True])
def test_coco_runs_become_masks(tmp_path: Path, compressed: bool) -> None:
    inside = draw_map(1, 0).astype(np.uint8)
    if compressed:
        packed = coco_mask.encode(np.asfortranarray(inside))
        segmentation = {"size": packed["size"], "counts": packed["counts"].decode()}
    else:
        columns = inside.T.ravel()
        edges = np.flatnonzero(np.diff(columns)) + 1
        segmentation = {"size": [HEIGHT, WIDTH], "counts": np.diff([0, *edges, columns.size]).tolist()}
    root = write_coco(tmp_path / "in/annotations/x.json", [coco_annotation(1, 3, segmentation)])
    converted(root, tmp_path / "out")
    assert np.array_equal(stored(tmp_path / "out"), inside)


def test_compressed_runs_are_unpacked_as_cocos_own_code_packs_them() -> None:
    random_state = np.random.default_rng(0)
    for _ in range(50):
        inside = (random_state.random((37, 23)) < random_state.random()).astype(np.uint8)
        packed = coco_mask.encode(np.asfortranarray(inside))["counts"].decode()
        counts = unpack_counts(packed)
        flat_runs = np.repeat(np.arange(len(counts)) % 2, counts)
        assert np.array_equal(flat_runs.reshape(23, 37).T, inside)


def test_cocos_pieces_of_one_object_are_united(tmp_path: Path) -> None:
    pieces = [*flat(ROAD), *flat(CAR)]
    root = write_coco(tmp_path / "in/annotations/x.json", [coco_annotation(1, 3, pieces)])
    found = converted(root, tmp_path / "out")
    assert np.array_equal(stored(tmp_path / "out"), draw_map(1, 1))
    assert not [note for note in found.notes if "overlap" in note]


def test_coco_files_of_parts_are_parts(tmp_path: Path) -> None:
    root = write_coco(tmp_path / "in/annotations/instances_train2017.json", name="a.jpg", pictures="train2017")
    write_coco(tmp_path / "in/annotations/instances_val2017.json", name="b.jpg", pictures="val2017")
    (root / "annotations/captions_val2017.json").write_text('{"images": [], "annotations": []}')
    found = converted(root, tmp_path / "out")
    assert "not read: captions_val2017.json, which hold no objects of COCO's" in found.notes
    assert (tmp_path / "out/masks/train/a.png").exists()
    assert (tmp_path / "out/images/val/b.jpg").exists()
