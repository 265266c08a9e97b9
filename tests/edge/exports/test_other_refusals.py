"""What ressq-masks refuses of COCO's, YOLO's and CVAT's: objects without an area, damaged files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from exported import (
    CAR,
    HEIGHT,
    ROAD,
    WIDTH,
    Failed,
    coco_annotation,
    cvat_polygon,
    flat,
    write_coco,
    write_cvat,
    write_yolo,
    yolo_line,
)


@pytest.mark.parametrize(
    ("segmentation", "words"),
    [
        ([], "found a box without an outline (car) as annotation 1, wanted a polygon or runs; draw its outline"),
        (None, "found a box without an outline (car)"),
        ([[1, 2, 3, 4]], "found 2 points as annotation 1"),
        ([[1, 2, 3, 4, 5]], "found points that are no pairs of numbers"),
        ("a", "found a segmentation that is no list (car)"),
        ({"counts": [5]}, "found runs without a size (car)"),
        ({"size": [HEIGHT, WIDTH], "counts": 5}, "found runs that are no numbers (car)"),
        ({"size": [HEIGHT, WIDTH], "counts": "zzzz"}, "found damaged runs as annotation 1"),
        ({"size": [HEIGHT, WIDTH], "counts": "\u00e9"}, "found damaged runs as annotation 1"),
        ({"size": [HEIGHT, WIDTH], "counts": [5]}, "found runs of 5 pixels for 64x48 (a.jpg), wanted objects"),
        ({"size": [HEIGHT, WIDTH], "counts": [-5, HEIGHT * WIDTH + 5]}, "found runs of 3,072 pixels for 64x48"),
        ({"size": [100_000, 100_000], "counts": [10**10]}, "found a mask of 100000x100000 pixels at 0, 0, outside"),
    ],
)  # fmt: skip
def test_a_damaged_segmentation_is_refused(tmp_path: Path, failed: Failed, segmentation: Any, words: str) -> None:
    root = write_coco(tmp_path / "in/annotations/x.json", [coco_annotation(1, 8, segmentation)])
    assert words in failed(root)


def test_coco_of_other_tasks_or_with_unknown_ids_is_refused(tmp_path: Path, failed: Failed) -> None:
    file = tmp_path / "in/annotations/x.json"
    root = write_coco(file, [coco_annotation(1, 8, flat(CAR), segments_info=[])])
    assert "found a panoptic file's segments as annotation 1" in failed(root)
    write_coco(file, [coco_annotation(1, 9, flat(CAR))])
    assert "found a category or image that is not listed as annotation 1" in failed(root)
    write_coco(file, [7])
    assert f"{file}: found damaged COCO JSON (TypeError" in failed(root)
    write_coco(file)
    (root / "annotations/y.json").write_bytes(file.read_bytes())
    assert "y.json: found a.jpg, which" in failed(root)
    (root / "annotations/y.json").unlink()
    (root / "images/a.jpg").unlink()
    assert f"{file}: found the name of a picture that is not below {root} (a.jpg); add the picture" in failed(root)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("1 0.5 0.5 0.1 0.1", "found a box in line 2, wanted a class and a polygon; draw it, or remove the line"),
        ("1 0.5 0.5", "found 1 point in line 2"), ("1 0.1 0.1 0.5 0.1 0.5", "found points that are no pairs"),
        ("7 0.1 0.1 0.5 0.1 0.5 0.5", "found class 7, which has no name, in line 2"),
        ("1 10 10 50 10 50 50", "found coordinates that are not from 0 to 1 in line 2"),
        ("car 0.1 0.1 0.5 0.1 0.5 0.5", "found words in line 2"),
        ("1 nan 0 0 1 1 1", "found points that are no finite"),
    ],
)  # fmt: skip
def test_a_line_of_yolos_that_is_no_polygon_is_refused(tmp_path: Path, failed: Failed, line: str, words: str) -> None:
    root = write_yolo(tmp_path / "in", lines=[yolo_line(0, ROAD), line])
    said = failed(root)
    assert f"{root}/labels/train/a.txt: " in said
    assert words in said


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("names: [a\n", "data.yaml: found damaged YAML, wanted names: and a name a class; mend it"),
        ("names: 7\n", "data.yaml: found damaged YAML"), ("names:\n  a: b\n", "data.yaml: found damaged YAML"),
        ("names: !!python/object/apply:os.system ['false']\n", "data.yaml: found damaged YAML"),
        ("kpt_shape: [17, 3]\nnames: [a, b]\n", "data.yaml: found key points, wanted polygons; export a segmentation"),
        ("nc: 3\n", "in: found no names of the classes, wanted data.yaml or classes.txt; write classes.txt,"),
    ],
)  # fmt: skip
def test_yolos_settings_that_name_no_classes_are_refused(tmp_path: Path, failed: Failed, text: str, words: str) -> None:
    root = write_yolo(tmp_path / "in")
    (root / "data.yaml").write_text(text)
    assert words in failed(root)


@pytest.mark.parametrize(
    ("shape", "words"),
    [
        ('<polyline label="car" points="1,1;2,2" z_order="0"/>', "found a polyline (car in a.jpg), wanted a polygon"),
        ('<skeleton label="car"/>', "found a skeleton (car in a.jpg)"), ('<cuboid label="car"/>', "found a cuboid"),
        ('<points label="car" points="1,1"/>', "found a points (car"),
        ('<polygon points="1,1;2,2;3,3"/>', "without a label"),
        ('<polygon label="car" points="1,1;2,2"/>', "found 2 points (car in a.jpg)"),
        ('<polygon label="car" points="1,1;2,x;3,3"/>', "could not convert string to float: 'x' (car in a.jpg)"),
        ('<box label="car" xtl="1"/>', "found numbers missing (car in a.jpg), wanted a polygon or a mask; draw it so"),
        ('<mask label="car" rle="5" left="0" top="0" width="3" height="3"/>', "found runs of 5 pixels for 3x3"),
        ('<mask label="car" rle="9" left="63" top="0" width="3" height="3"/>', "a mask of 3x3 pixels at 63, 0,"),
    ],
)  # fmt: skip
def test_an_object_of_cvats_that_is_no_area_is_refused(tmp_path: Path, failed: Failed, shape: str, words: str) -> None:
    assert words in failed(write_cvat(tmp_path / "in", shape))


def test_cvats_videos_and_damaged_or_hostile_xml_are_refused(tmp_path: Path, failed: Failed) -> None:
    root = write_cvat(tmp_path / "in", cvat_polygon("car", CAR))
    file = root / "annotations.xml"
    whole = file.read_text()
    file.write_text(whole.replace("</annotations>", '<track id="0" label="car"></track></annotations>'))
    assert f"{file}: found tracks of a video, wanted pictures; export it as CVAT for images" in failed(root)
    file.write_text(whole[:-20])
    assert f"{file}: found damaged XML (ParseError" in failed(root)
    bomb = '<!DOCTYPE a [<!ENTITY b "bbbbbbbb"><!ENTITY c "&b;&b;&b;&b;">]>'
    file.write_text(whole.replace("<annotations>", f"{bomb}<annotations>").replace("roads", "&c;"))
    assert f"{file}: found damaged XML (DTDForbidden" in failed(root)
    file.write_text(whole)
    (root / "images/a.jpg").unlink()
    assert (
        f"{file}: found the name of a picture that is not below {root} (a.jpg); export it again, with 'Save"
        in failed(root)
    )
