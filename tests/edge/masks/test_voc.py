"""Pascal VOC's folders and lists, as VOC, CVAT and LabelMe give them."""

from __future__ import annotations

from pathlib import Path

import pytest

from ressq_edge.data.masks.layout import find_masks
from ressq_edge.data.masks.pairs import MaskFolder
from ressq_edge.errors import MaskError


def fill(root: Path, *files: str) -> Path:
    for name in files:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"no file that a layout opens")
    return root


def found(root: Path) -> MaskFolder:
    folder = find_masks(root)
    assert folder is not None
    return folder


def as_rows(root: Path) -> list[tuple[str, str, str | None]]:
    return [(pair.picture, pair.mask, pair.part) for pair in found(root).pairs]


def refused(root: Path) -> str:
    with pytest.raises(MaskError) as error:
        find_masks(root)
    return str(error.value)


def test_voc_lists_say_which_pictures_have_masks(tmp_path: Path) -> None:
    fill(tmp_path, *(f"JPEGImages/{name}.jpg" for name in "abcd"), *(f"SegmentationClass/{name}.png" for name in "abc"))
    fill(tmp_path, "SegmentationObject/a.png")
    lists = tmp_path / "ImageSets/Segmentation"
    lists.mkdir(parents=True)
    (lists / "train.txt").write_text("a\nb\n")
    (lists / "val.txt").write_text("c\r\n")
    (lists / "trainval.txt").write_text("a\nb\nc\n")
    assert as_rows(tmp_path) == [
        ("JPEGImages/a.jpg", "SegmentationClass/a.png", "train"),
        ("JPEGImages/b.jpg", "SegmentationClass/b.png", "train"),
        ("JPEGImages/c.jpg", "SegmentationClass/c.png", "val"),
    ]  # fmt: skip
    assert found(tmp_path).notes == (
        "not read: ImageSets/Segmentation/trainval.txt",
        "1 file of JPEGImages/ in no list of ImageSets/Segmentation/: not used",
    )


def test_cvats_default_list_is_no_part(tmp_path: Path) -> None:
    fill(tmp_path, "JPEGImages/a.jpg", "SegmentationClass/a.png", "labelmap.txt")
    (tmp_path / "ImageSets/Segmentation").mkdir(parents=True)
    (tmp_path / "ImageSets/Segmentation/default.txt").write_text("a\n")
    assert as_rows(tmp_path) == [("JPEGImages/a.jpg", "SegmentationClass/a.png", None)]


def test_voc_without_lists_is_paired_by_name(tmp_path: Path) -> None:
    fill(tmp_path, "JPEGImages/a.jpg", "SegmentationClassPNG/a.png", "SegmentationClass/a.npy")
    assert as_rows(tmp_path) == [("JPEGImages/a.jpg", "SegmentationClassPNG/a.png", None)]


def test_a_name_in_two_lists_or_without_a_file_is_refused(tmp_path: Path) -> None:
    fill(tmp_path, "JPEGImages/a.jpg", "SegmentationClass/a.png")
    lists = tmp_path / "ImageSets/Segmentation"
    lists.mkdir(parents=True)
    (lists / "train.txt").write_text("a\n")
    (lists / "val.txt").write_text("a\n")
    assert f"{lists}/val.txt: found a, which train.txt has, too, wanted it in one part; remove it" == refused(tmp_path)
    (lists / "val.txt").write_text("b\nc\n")
    assert "found 2 names in ImageSets/Segmentation/ without a file in JPEGImages/ (b, c)" in refused(tmp_path)
    (lists / "val.txt").write_bytes(b"\xe9\n")
    assert "val.txt: found no UTF-8 text, wanted one name a line; save it as UTF-8" in refused(tmp_path)
    (lists / "val.txt").unlink()
    (lists / "train.txt").write_text("\n")
    assert "train.txt: found no name, wanted one a line; fill or remove the list" in refused(tmp_path)
