"""The command ressq-masks: what it refuses of any export, and what it says and prints."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from exported import (
    CAR,
    HEIGHT,
    ROAD,
    WIDTH,
    Failed,
    cvat_polygon,
    labelme_shape,
    write_cvat,
    write_labelme,
    write_yolo,
)
from mask_folders import lay_out, save_mask, save_picture
from ressq_edge.masks_cli import main


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
