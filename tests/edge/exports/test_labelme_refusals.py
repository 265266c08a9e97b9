"""What ressq-masks refuses of LabelMe's, and of names of pictures: in words, and all at once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from exported import (
    HEIGHT,
    ROAD,
    WIDTH,
    Failed,
    labelme_mask,
    labelme_shape,
    write_coco,
    write_labelme,
)
from mask_folders import save_picture


@pytest.mark.parametrize("kind", ["point", "line", "linestrip", "points", "skeleton"])
def test_an_object_of_labelmes_without_an_area_is_refused(tmp_path: Path, failed: Failed, kind: str) -> None:
    shapes = [labelme_shape("road", ROAD), labelme_shape("wire", [[1, 2], [3, 4]], kind)]
    root = write_labelme(tmp_path / "in", shapes=shapes)
    assert failed(root) == (
        f"ressq-masks: error: {root}/a.json: found a {kind} (wire) as object 2, wanted a polygon; "
        "draw a polygon or remove it\n"
    )


@pytest.mark.parametrize(
    ("shape", "words"),
    [
        (labelme_shape("a", [[1, 2], [3, 4]]), "found 2 points as object 1, wanted a polygon"),
        (labelme_shape("a", [[1, 2], [3, 4], [5, "x"]]), "found points that are no pairs of numbers as object 1"),
        (labelme_shape("a", [[1, 2], [3, 4], [5]]), "found points that are no pairs of numbers as object 1"),
        (labelme_shape("a", [[1, 2], [3, 4], [5, float("nan")]]), "found points that are no finite numbers"),
        (labelme_shape("a", 7), "found int in place of points as object 1"),
        (labelme_shape("a", [[1, 2], [3, "x"]], "rectangle"), "found points that are no pairs of numbers as object 1"),
        (labelme_shape("a", [[1, [2, 3]], [3, 4]], "circle"), "found points that are no pairs of numbers as object 1"),
        (labelme_shape(" ", ROAD), "found an object without a label as object 1"),
        (labelme_shape("a", [[1, 2], [3, 4]], "mask", mask="!"), "as object 1, wanted a polygon"),
        ({}, "found no shape as object 1"), (3, "found no shape as object 1"),
    ],
)  # fmt: skip
def test_a_damaged_shape_is_refused(tmp_path: Path, failed: Failed, shape: Any, words: str) -> None:
    assert words in failed(write_labelme(tmp_path / "in", shapes=[shape]))


@pytest.mark.parametrize(
    ("shape", "words"),
    [
        (labelme_mask("a", 60, 40, np.ones((8, 8))), "found a mask of 8x8 pixels at 60, 40, outside 64x48"),
        (labelme_mask("a", -1, 0, np.ones((8, 8))), "found a mask of 8x8 pixels at -1, 0, outside 64x48"),
        (labelme_shape("a", [[0, 0], [1, 1]], "mask", mask="AAAA"), "found a mask that is no PNG"),
        (labelme_shape("a", [[0, 0], [1e9, 0], [0, 5]]), "found a polygon far outside 64x48 (a.jpg), wanted"),
    ],
)  # fmt: skip
def test_an_object_outside_its_picture_is_refused(tmp_path: Path, failed: Failed, shape: Any, words: str) -> None:
    assert words in failed(write_labelme(tmp_path / "in", shapes=[shape]))


def test_many_faults_are_listed_by_kind_and_counted(tmp_path: Path, failed: Failed) -> None:
    for number in range(8):
        write_labelme(tmp_path / "in", str(number), [labelme_shape("wire", [[1, 2]], "point")])
    write_labelme(tmp_path / "in", "x", [labelme_shape("wire", [[1, 2]])])
    said = failed(tmp_path / "in")
    assert f"fault: 8 pictures such as {tmp_path}/in/0.json: found a point (wire) as object 1, wanted a polygon" in said
    assert f"fault: {tmp_path}/in/x.json: found 1 point as object 1" in said
    assert f"error: {tmp_path}/in: found 9 objects or files that cannot be converted, wanted none; mend each\n" in said


def test_a_json_file_without_its_picture_or_of_a_second_one_is_refused(tmp_path: Path, failed: Failed) -> None:
    root = write_labelme(tmp_path / "in", imagePath="../../etc/b.jpg")
    assert f"a.json: found the name of a picture that is not below {root} (../../etc/b.jpg); mend it" in failed(root)
    write_labelme(root)
    (root / "b.json").write_bytes((root / "a.json").read_bytes())
    assert f"{root}/b.json: found a.jpg, which {root}/a.json is of, too; remove one of both" in failed(root)
    write_labelme(root, imagePath=None)
    assert "a.json: found no name of a picture" in failed(root / "a.json")


def test_a_name_that_two_pictures_have_is_refused(tmp_path: Path, failed: Failed) -> None:
    for folder in ("left", "right"):
        save_picture(tmp_path / "in" / folder / "a.jpg", (HEIGHT, WIDTH))
    write_coco(tmp_path / "in/annotations/x.json", name="b.jpg")
    content = json.loads((tmp_path / "in/annotations/x.json").read_text())
    content["images"][0]["file_name"] = "a.jpg"
    (tmp_path / "in/annotations/x.json").write_text(json.dumps(content))
    assert "found a name that 2 pictures have (a.jpg: left/a.jpg, right/a.jpg); add the picture" in failed(
        tmp_path / "in"
    )


@pytest.mark.parametrize("text", ["{", '"' + "\\ud800" * 3, "[" * 100_000])
def test_damaged_json_is_refused(tmp_path: Path, failed: Failed, text: str) -> None:
    root = write_labelme(tmp_path / "in")
    (root / "0.json").write_text(text)
    assert f"{root}/0.json: found damaged JSON (" in failed(root)
    (root / "0.json").write_bytes(b"\xff\xfe{")
    assert f"{root}/0.json: found no UTF-8 text; save it as UTF-8" in failed(root)
