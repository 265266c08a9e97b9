"""What ressq-masks refuses: objects without an area, damaged files, pictures that are not there; each in words."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from exported import (
    CAR,
    HEIGHT,
    ROAD,
    WIDTH,
    coco_annotation,
    cvat_polygon,
    flat,
    labelme_mask,
    labelme_shape,
    write_coco,
    write_cvat,
    write_labelme,
    write_yolo,
    yolo_line,
)
from mask_folders import lay_out, save_mask, save_picture
from ressq_edge.masks_cli import main


class Failed:
    """Runs the command, which must fail, and gives what it says; nothing is left of what it wrote."""

    def __init__(self, capsys: pytest.CaptureFixture[str], out: Path) -> None:
        self._capsys, self._out = capsys, out

    def __call__(self, export: Path) -> str:
        assert main([str(export), "--out", str(self._out)]) == 1
        said = self._capsys.readouterr()
        assert said.out == ""
        assert "Traceback" not in said.err
        assert not self._out.exists()
        assert not list(self._out.parent.glob(".out*"))
        return said.err


@pytest.fixture
def failed(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Failed:
    return Failed(capsys, tmp_path / "out")


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


def test_objects_drawn_on_another_size_are_refused(tmp_path: Path, failed: Failed) -> None:
    root = write_labelme(tmp_path / "in")
    save_picture(root / "a.jpg", (96, 128))
    assert failed(root) == (
        f"ressq-masks: error: {root}/a.json: found objects drawn on 64x48 pixels of a.jpg, which has 128x96, "
        "wanted the picture that they were drawn on; bring it back\n"
    )
    save_picture(root / "a.jpg", (HEIGHT, WIDTH), orientation=6)
    assert (
        "a.json: found objects drawn on 64x48 pixels of a.jpg, which its EXIF orientation turns to 48x64, wanted them "
        "on the "
        "upright picture; draw them on it, or, if they look right without the tag, remove it (exiftool -Orientation= "
        "FILE)"
    ) in failed(root)
    (root / "a.jpg").write_text("no picture")
    assert f"{root}/a.jpg: found" in failed(root)


def test_an_export_of_no_known_tool_is_refused(tmp_path: Path, failed: Failed) -> None:
    wanted = "wanted LabelMe JSON, COCO JSON, YOLO polygons, CVAT XML for images, or masks with labelmap.txt"
    root = tmp_path / "in"
    assert f"{root}: found no such file or folder, {wanted}; check the path" in failed(root)
    save_picture(root / "a.jpg")
    assert f"{root}: found no export of a known tool, {wanted}; give the folder that it was exported to" in failed(root)
    (root / "a.zip").write_bytes(b"PK")
    assert f"{root}: found only packed files (a.zip), {wanted}; unpack them first" in failed(root)
    assert f"{root}/a.zip: found a file of no known tool, {wanted}; unpack it and give the folder" in failed(
        root / "a.zip"
    )
    (root / "a.csv").write_text("")
    assert f"{root}/a.csv: found a file of no known tool, {wanted}; export it again" in failed(root / "a.csv")


def test_an_export_of_several_tools_is_refused(tmp_path: Path, failed: Failed) -> None:
    root = write_labelme(write_yolo(tmp_path / "in"))
    assert (
        f"{root}: found LabelMe JSON (a.json) and YOLO polygons, wanted one; move the others elsewhere, or give the "
        "file"
    ) in failed(root)
    write_cvat(tmp_path / "two", cvat_polygon("car", CAR))
    (tmp_path / "two/b.xml").write_bytes((tmp_path / "two/annotations.xml").read_bytes())
    assert "found 2 XML files of CVAT" in failed(tmp_path / "two")


def test_masks_without_pictures_or_plain_already_are_refused(tmp_path: Path, failed: Failed) -> None:
    save_mask(tmp_path / "in/SegmentationClass/a.png", np.zeros((48, 64), np.uint8))
    assert "in: found SegmentationClass/ but no pictures in JPEGImages/; export it with 'Save images'" in failed(
        tmp_path / "in"
    )
    plain = lay_out(tmp_path / "plain")
    assert f"{plain}: found images/ and masks/ of class indices already; give it to ressq-train" in failed(plain)
    (plain / "masks/0.png").write_text("no picture")
    assert f"{plain}/masks/0.png: found no picture that can be a mask" in failed(plain)


def test_an_export_without_objects_or_pictures_is_refused(tmp_path: Path, failed: Failed) -> None:
    root = write_labelme(tmp_path / "in", shapes=[labelme_shape("background", ROAD)])
    assert f"{root}: found no object of a class in LabelMe JSON, wanted one or more; draw some" in failed(root)
    empty = write_cvat(tmp_path / "empty", "")
    text = (empty / "annotations.xml").read_text()
    (empty / "annotations.xml").write_text(text[: text.index("  <image")] + "</annotations>")
    assert (
        f"{empty}: found no picture in CVAT XML for images, wanted one or more; export it with its pictures"
        in failed(empty)
    )


def test_names_that_no_table_can_hold_are_refused(tmp_path: Path, failed: Failed) -> None:
    root = write_labelme(tmp_path / "in", shapes=[labelme_shape("ro\nad", ROAD)])
    assert f"{root}: found a class named 'ro\\nad', wanted signs that can be seen; rename it" in failed(root)
    write_labelme(root, shapes=[labelme_shape("\ud800", ROAD)])
    assert "found a class named '\\ud800', wanted signs that can be seen; rename it" in failed(root)
    many = [labelme_shape(f"class {number}", ROAD) for number in range(255)]
    assert f"{root}: found 256 classes, wanted at most 255; merge some" in failed(write_labelme(root, shapes=many))


def test_pictures_of_one_name_are_refused(tmp_path: Path, failed: Failed) -> None:
    write_labelme(tmp_path / "in")
    write_labelme(tmp_path / "in/images")
    assert "found a picture of the name of" in failed(tmp_path / "in")


def test_pictures_in_no_part_beside_parts_are_refused(tmp_path: Path, failed: Failed) -> None:
    root = write_labelme(write_labelme(tmp_path / "in/train").parent, "b")
    assert "found 1 picture in no part beside others in train, val or test" in failed(root)


def test_a_folder_that_is_there_is_not_overwritten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = write_labelme(tmp_path / "in")
    assert main([str(root), "--out", str(root)]) == 1
    assert (
        f"{root}: found something there, wanted a new folder; remove it, or choose another --out"
        in capsys.readouterr().err
    )
    assert main([str(root), "--out", str(root / "a.jpg/out")]) == 1
    assert "cannot write: " in capsys.readouterr().err


def test_the_command_says_what_it_recognised_and_prints_the_folder(tmp_path: Path) -> None:
    root = write_labelme(tmp_path / "in")
    command = [sys.executable, "-m", "ressq_edge.masks_cli", str(root), "--out", str(tmp_path / "out")]
    ran = subprocess.run(command, capture_output=True, text=True, check=True, env={**os.environ, "COLUMNS": "200"})
    assert ran.stdout == f"{tmp_path}/out\n"
    assert ran.stderr == (
        "recognised: LabelMe JSON\n1 picture with masks; classes: 0 background, 1 car, 2 road\n"
        "note: in 1 picture objects of different classes overlap (a.jpg, say): the later one lies above\n"
    )


def test_an_empty_path_is_wrong_usage_and_help_has_an_example(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["", "--out", "x"])
    assert stopped.value.code == 2
    assert "found an empty value, wanted a path" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["--help"])
    assert "ressq-masks exported/ --out road/" in capsys.readouterr().out
