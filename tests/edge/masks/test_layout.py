"""Folders of pictures and masks that are recognised, and which pictures and masks are pairs."""

from __future__ import annotations

from pathlib import Path

import pytest

from ressq_edge.data.masks.layout import find_masks
from ressq_edge.data.masks.pairs import MaskFolder


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


def test_images_and_masks_are_paired_by_their_names(tmp_path: Path) -> None:
    fill(tmp_path, "images/b.jpg", "images/a.JPG", "masks/a.png", "masks/b.png", "README.md", "classes.csv")
    assert as_rows(tmp_path) == [("images/a.JPG", "masks/a.png", None), ("images/b.jpg", "masks/b.png", None)]
    assert found(tmp_path).layout == "images/ and masks/"


@pytest.mark.parametrize(
    ("picture", "mask"),
    [
        ("a.jpg", "a_mask.png"), ("a.jpg", "a-mask.png"), ("a.png", "a_labelIds.png"), ("a.jpg", "a.jpg.png"),
        ("a_leftImg8bit.png", "a_gtFine_labelIds.png"), ("a.jpg", "a_L.png"), ("a_sat.jpg", "a_mask.png"),
        ("a.jpg", "a_segmentation.png"), ("a_mask.jpg", "a_mask.png"), ("ne\u0301e.jpg", "n\u00e9e.png"),
    ],
)  # fmt: skip
def test_what_tools_add_to_a_name_is_left_out(tmp_path: Path, picture: str, mask: str) -> None:
    fill(tmp_path, f"images/{picture}", f"masks/{mask}")
    assert as_rows(tmp_path) == [(f"images/{picture}", f"masks/{mask}", None)]


def test_parts_lie_below_or_above(tmp_path: Path) -> None:
    below = fill(
        tmp_path / "below", *(f"{kind}/{part}/a.png" for kind in ("images", "masks") for part in ("train", "val"))
    )
    above = fill(
        tmp_path / "above",
        *(f"{part}/{kind}/a.png" for kind in ("images", "masks") for part in ("train", "validation")),
    )
    assert as_rows(below) == [
        ("images/train/a.png", "masks/train/a.png", "train"), ("images/val/a.png", "masks/val/a.png", "val"),
    ]  # fmt: skip
    assert as_rows(above) == [
        ("train/images/a.png", "train/masks/a.png", "train"),
        ("validation/images/a.png", "validation/masks/a.png", "val"),
    ]


def test_val_and_validation_are_the_same_part_on_both_sides(tmp_path: Path) -> None:
    fill(tmp_path, "images/train/a.png", "images/val/a.png", "masks/train/a.png", "masks/validation/a.png")
    assert as_rows(tmp_path)[1] == ("images/val/a.png", "masks/validation/a.png", "val")


def test_folders_below_are_kept_apart(tmp_path: Path) -> None:
    fill(tmp_path, *(f"{kind}/{camera}/1.png" for kind in ("images", "masks") for camera in ("left", "right")))
    assert as_rows(tmp_path) == [
        ("images/left/1.png", "masks/left/1.png", None), ("images/right/1.png", "masks/right/1.png", None),
    ]  # fmt: skip


@pytest.mark.parametrize("folders", [("oak", "beech"), ("images",), (), ("images/oak", "masked")])
def test_class_folders_are_no_masks(tmp_path: Path, folders: tuple[str, ...]) -> None:
    fill(tmp_path, *(f"{folder}/1.jpg" for folder in folders))
    assert find_masks(tmp_path) is None
    assert find_masks(tmp_path / "nowhere") is None


def test_yolos_labels_are_no_masks(tmp_path: Path) -> None:
    assert find_masks(fill(tmp_path, "images/a.jpg", "labels/a.txt")) is None
