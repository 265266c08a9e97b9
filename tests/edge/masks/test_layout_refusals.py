"""Folders of pictures and masks that do not go together: refused, with the remedy."""

from __future__ import annotations

import shutil
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


def refused(root: Path) -> str:
    with pytest.raises(MaskError) as error:
        find_masks(root)
    return str(error.value)


def test_a_picture_without_a_mask_and_the_reverse_are_named(tmp_path: Path) -> None:
    fill(tmp_path, *(f"images/{name}.jpg" for name in "abcde"), "masks/a.png", "masks/z.png")
    assert refused(tmp_path) == (
        f"{tmp_path}: found 4 pictures without a mask (images/b.jpg, images/c.jpg, images/d.jpg, ...) and "
        "1 mask without a picture (masks/z.png), wanted a mask of the same name for each picture; "
        "add or rename them, or move them elsewhere"
    )
    shutil.rmtree(tmp_path / "images")
    fill(tmp_path, "images/a.jpg")
    assert ": found 1 mask without a picture (masks/z.png), wanted" in refused(tmp_path)


def test_two_masks_for_a_picture_or_two_pictures_for_a_mask_are_refused(tmp_path: Path) -> None:
    fill(tmp_path, "images/a.jpg", "masks/a_labelIds.png", "masks/a_mask.png")
    assert "found 2 masks for images/a.jpg (masks/a_labelIds.png, masks/a_mask.png), wanted one; keep the" in refused(
        tmp_path
    )
    (tmp_path / "masks/a_mask.png").unlink()
    fill(tmp_path, "images/a.png")
    assert "found 2 pictures for masks/a_labelIds.png (images/a.jpg, images/a.png), wanted one; rename" in refused(
        tmp_path
    )


def test_class_folders_beside_masks_are_refused_with_the_remedy(tmp_path: Path) -> None:
    fill(tmp_path, "images/a.jpg", "masks/a.png", "oak/1.jpg", "beech/1.jpg", "logs/run.txt")
    assert refused(tmp_path) == (
        f"{tmp_path}: found beech/, oak/ with pictures beside images/ and masks/, wanted masks or class folders, not "
        "both; "
        "to train on the masks, move beech/, oak/ elsewhere; "
        "to train on classes, move the class folders into a folder of their own and give that"
    )


def test_masks_inside_class_folders_are_refused_with_both_remedies(tmp_path: Path) -> None:
    fill(tmp_path, *(f"{label}/{kind}/1.png" for label in ("covid", "normal") for kind in ("images", "masks")))
    assert refused(tmp_path) == (
        f"{tmp_path}: found images/ and masks/ in 2 folders (covid/, say), wanted masks or class folders, not both; "
        "to train on the masks, swap the levels: images/covid/, masks/covid/; to train on classes, move each masks/ "
        "elsewhere"
    )


def test_class_folders_beside_parts_with_masks_are_refused(tmp_path: Path) -> None:
    fill(tmp_path, *(f"{part}/{kind}/a.png" for part in ("train", "test") for kind in ("images", "masks")), "oak/1.jpg")
    assert "found oak/ with pictures beside test/ and train/, wanted no other pictures there" in refused(tmp_path)
    shutil.move(tmp_path / "oak", tmp_path / "train/oak")
    assert f"{tmp_path}/train: found oak/ with pictures beside images/ and masks/" in refused(tmp_path)


def test_a_part_without_masks_is_refused(tmp_path: Path) -> None:
    fill(tmp_path, "train/images/a.png", "train/masks/a.png", "test/images/a.png")
    assert "found no masks in test/, wanted them as in other parts; add them, or move it elsewhere" in refused(tmp_path)


def test_loose_pictures_are_refused(tmp_path: Path) -> None:
    fill(tmp_path, "images/a.jpg", "masks/a.png", "b.jpg")
    assert f"{tmp_path}: found 1 picture beside its folders, the first b.jpg; move it elsewhere" == refused(tmp_path)


def test_parts_on_one_side_only_are_refused(tmp_path: Path) -> None:
    fill(tmp_path, "images/train/a.jpg", "images/val/b.jpg", "masks/a.png", "masks/b.png")
    assert refused(tmp_path).endswith(
        "found train, val/ in images/ but not in masks/, wanted the same parts in both; sort the files of both alike"
    )


def test_parts_by_other_names_are_refused(tmp_path: Path) -> None:
    fill(tmp_path, *(f"{kind}/{part}/a.png" for kind in ("images", "masks") for part in ("training", "testing")))
    assert "/images: found testing, training, which look like parts; rename them to train/, val/ and test/" in refused(
        tmp_path
    )


def test_another_name_of_a_part_beside_parts_is_refused_with_the_right_one(tmp_path: Path) -> None:
    kinds = ("images", "masks")
    above = fill(tmp_path / "above", *(f"{part}/{kind}/a.png" for kind in kinds for part in ("train", "valid")))
    below = fill(tmp_path / "below", *(f"{kind}/{part}/a.png" for kind in kinds for part in ("train", "valid")))
    said = "found valid/ beside parts, wanted only train/, val/ and test/; rename it to val/"
    assert refused(above) == f"{above}: {said}"
    assert refused(below) == f"{below}/images: {said}"


@pytest.mark.parametrize(
    ("files", "words"),
    [
        (("images/train/a.png", "images/extra/b.png"), "images: found extra/ beside parts, wanted only train/,"),
        (("images/train/a.png", "images/b.png"), "images: found 1 picture beside its parts, the first b.png;"),
        (("images/val/a.png", "images/validation/b.png"), "images: found both val/ and validation/, wanted one;"),
    ],
)  # fmt: skip
def test_parts_that_contradict_are_refused(tmp_path: Path, files: tuple[str, ...], words: str) -> None:
    assert words in refused(fill(tmp_path, *files, *(name.replace("images", "masks") for name in files)))


def test_a_wrapped_folder_says_what_to_give(tmp_path: Path) -> None:
    fill(tmp_path, "set/data/images/a.jpg", "set/data/masks/a.png")
    assert refused(tmp_path) == f"{tmp_path}: found pictures and masks in set/data/ alone; give {tmp_path}/set/data"


def test_arrays_and_empty_folders_are_refused(tmp_path: Path) -> None:
    fill(tmp_path, "images/a.jpg", "masks/a.npy")
    assert refused(tmp_path) == (
        f"{tmp_path}/masks: found only .npy files, wanted pictures; save them as PNG files of class indices"
    )
    (tmp_path / "masks/a.npy").unlink()
    assert refused(tmp_path) == f"{tmp_path}/masks: found no picture, wanted pictures; fill or remove it"


def test_two_folders_of_masks_are_refused(tmp_path: Path) -> None:
    fill(tmp_path, "images/a.jpg", "masks/a.png", "labels/a.png")
    assert "found masks/ and labels/, wanted one folder of masks; move the other elsewhere" in refused(tmp_path)
