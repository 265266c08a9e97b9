"""Calibration pictures come from the training split, and say which they were."""

from __future__ import annotations

import os
import random
import shutil
from collections import Counter
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from conftest import SHAPES, draw_shape
from ressq_edge.data.split import Split
from ressq_export.errors import CalibrationError
from ressq_export.quantization.calibration import CalibrationSet, draw_from_folder, draw_from_training, read_pixels
from ressq_runtime.errors import FolderError, PictureError
from ressq_runtime.inputs.picture_spec import PixelSpec

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve drawn pictures of each of three classes."""
    root, state = tmp_path_factory.mktemp("data"), random.Random(2)
    for shape in SHAPES:
        (root / shape).mkdir()
        for index in range(12):
            draw_shape(shape, state).save(root / shape / f"{index:02}.png")
    return root


@pytest.fixture(scope="module")
def split() -> Split:
    """Of each class ten pictures for training (four of the first), one for validation, one for the test."""
    names = [(f"{shape}/{index:02}.png", label) for label, shape in enumerate(SHAPES) for index in range(12)]
    train = [(name, label) for name, label in names if int(name[-6:-4]) < (4 if label == 0 else 10)]
    val, test = ([(n, label) for n, label in names if n.endswith(end)] for end in ("10.png", "11.png"))
    return Split("seeded", 0, SHAPES, tuple(train), tuple(val), tuple(test))


def classes(found: CalibrationSet) -> Counter[str]:
    return Counter(path.parent.name for path in found.paths)


def test_classes_take_turns_until_one_is_used_up(split: Split, data: Path) -> None:
    assert classes(draw_from_training(split, data, 18, 0)) == {"circle": 4, "square": 7, "triangle": 7}


def test_only_training_pictures_are_drawn(split: Split, data: Path) -> None:
    found = draw_from_training(split, data, 1000, 0)
    assert sorted(found.paths) == sorted(split.paths("train", data))


def test_a_seed_draws_the_same_pictures_again_and_another_seed_others(split: Split, data: Path) -> None:
    first, again, other = (draw_from_training(split, data, 16, seed) for seed in (0, 0, 1))
    assert first == again
    assert first.files_sha256 != other.files_sha256


def test_the_card_says_how_many_of_what(split: Split, data: Path) -> None:
    found = draw_from_training(split, data, 20, 3)
    wanted = {"count": 20, "seed": 3, "split": "train", "files_sha256": found.files_sha256, "stability": None}
    assert found.to_json() == wanted
    assert len(found.files_sha256) == 64


def test_too_few_pictures_are_refused(split: Split, data: Path) -> None:
    few = Split("seeded", 0, SHAPES, split.train[:15], split.val, split.test)
    with pytest.raises(CalibrationError, match="found 15 pictures to calibrate on, wanted at least 16"):
        draw_from_training(few, data, 128, 0)


def test_a_folder_of_other_pictures_may_be_named(split: Split, data: Path, tmp_path: Path) -> None:
    for path in split.paths("train", data):
        (tmp_path / path.parent.name).mkdir(exist_ok=True)
        shutil.copy(path, tmp_path / path.parent.name)
    found = draw_from_folder(tmp_path, split, data, 18, 0)
    assert found.split == "folder"
    assert classes(found) == {"circle": 4, "square": 7, "triangle": 7}


def test_a_picture_named_in_another_encoding_may_calibrate(split: Split, data: Path, tmp_path: Path) -> None:
    shutil.copytree(data / SHAPES[1], tmp_path / "other")
    for index in range(10):
        odd = os.fsdecode(os.fsencode(tmp_path / "other") + b"/caf\xe9%d.jpg" % index)
        try:
            Image.effect_noise((40, 40), 60).save(odd, "JPEG")
        except OSError:
            pytest.skip("this file system takes UTF-8 alone")
    for name in ("10.png", "11.png"):
        (tmp_path / "other" / name).unlink()
    found = draw_from_folder(tmp_path, split, data, 128, 0)
    assert len(found.paths) == 20
    assert len(found.files_sha256) == 64


@pytest.mark.parametrize(("part", "name"), [("val", "validation"), ("test", "test")])
def test_a_copy_of_a_picture_that_measures_is_refused(
    split: Split, data: Path, tmp_path: Path, part: str, name: str
) -> None:
    for index, path in enumerate([*split.paths("train", data), split.paths(part, data)[1]]):
        shutil.copy(path, tmp_path / f"renamed-{index:02}.png")
    with pytest.raises(CalibrationError, match=rf"found 1 pictures of the {name} split, the first renamed-24.png"):
        draw_from_folder(tmp_path, split, data, 128, 0)


def test_a_link_to_nothing_is_named(split: Split, data: Path, tmp_path: Path) -> None:
    for index, path in enumerate(2 * split.paths("train", data)):
        shutil.copy(path, tmp_path / f"{index}.png")
    (tmp_path / "gone.png").symlink_to(tmp_path / "nowhere.png")
    found = draw_from_folder(tmp_path, split, data, 128, 0)
    with pytest.raises(PictureError, match=r"gone.png: No such file.*; check the path"):
        read_pixels(found, PixelSpec.for_size(32))


def test_the_data_folder_itself_is_refused(split: Split, data: Path) -> None:
    with pytest.raises(CalibrationError, match="pictures of the validation split"):
        draw_from_folder(data, split, data, 128, 0)


def test_a_folder_that_is_not_there_is_named(split: Split, data: Path, tmp_path: Path) -> None:
    with pytest.raises(FolderError, match="nowhere: found no such folder"):
        draw_from_folder(tmp_path / "nowhere", split, data, 128, 0)


def calibration_on(image: Image.Image, folder: Path) -> CalibrationSet:
    image.save(folder / "picture.png")
    return CalibrationSet((folder / "picture.png",) * 16, 0, "folder", "", (0,) * 16)


def test_black_pictures_are_refused(tmp_path: Path) -> None:
    black = calibration_on(Image.new("RGB", (80, 80)), tmp_path)
    with pytest.raises(CalibrationError, match=r"found pictures whose pixels vary by 0.0 of 255, wanted at least 2.0"):
        read_pixels(black, PixelSpec.for_size(64))


def test_pixels_are_the_runtimes(tmp_path: Path) -> None:
    found = read_pixels(calibration_on(draw_shape("circle", random.Random(0)), tmp_path), PixelSpec.for_size(64))
    assert [len(picture) for picture in found] == [64 * 64 * 3] * 16


def test_a_picture_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "broken.png").write_bytes(b"none")
    with pytest.raises(PictureError, match=r"broken\.png"):
        read_pixels(CalibrationSet((tmp_path / "broken.png",), 0, "train", "", (0,)), PixelSpec.for_size(64))
