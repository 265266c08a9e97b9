"""Copies are found, whatever was done to them; pictures that only look similar are not."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter

from ressq_edge.data import survey
from ressq_edge.data.folder import split_folder
from ressq_edge.data.near_duplicates import NEIGHBOURS, find_near_duplicates
from ressq_edge.data.survey import look_at
from ressq_runtime.inputs.folders import list_pictures


def draw_picture(seed: int) -> Image.Image:
    """Soft shapes, as in a photo."""
    noise = np.random.default_rng(seed).integers(0, 256, (12, 16, 3), np.uint8)
    return Image.fromarray(noise).resize((400, 300), Image.Resampling.BICUBIC)


COPIES: dict[str, Callable[[Image.Image], Image.Image]] = {
    "the same": lambda image: image,
    "half the size": lambda image: image.resize((200, 150)),
    "brighter": lambda image: ImageEnhance.Brightness(image).enhance(1.2),
    "softer": lambda image: image.filter(ImageFilter.GaussianBlur(2)),
    "grey": lambda image: image.convert("L"),
}


def alike_in(paths: list[Path]) -> list[tuple[int, int]]:
    names = [str(path) for path in paths]
    return sorted(
        (names.index(one), names.index(other)) for one, other in look_at(Path(), names, 2).near_duplicates or ()
    )


def alike_below(root: Path) -> Callable[[list[str]], tuple[tuple[str, str], ...]]:
    return lambda names: look_at(root, names, 2).near_duplicates or ()


@pytest.mark.parametrize("change", COPIES.values(), ids=COPIES)
def test_a_copy_is_found_and_nothing_else(tmp_path: Path, change: Callable[[Image.Image], Image.Image]) -> None:
    paths = [tmp_path / f"{index}.jpg" for index in range(9)]
    for seed, path in enumerate(paths[:8]):
        draw_picture(seed).save(path, quality=90)
    change(draw_picture(3)).save(paths[8], quality=50)
    assert alike_in(paths) == [(3, 8)]


def draw_thing(seed: int) -> Image.Image:
    """A few shapes before a wall that is almost flat, where a comparison of neighbours is nearly a toss."""
    generator = np.random.default_rng(seed)
    wall = generator.normal(215, 4, (533, 400, 3)) + np.linspace(-10, 10, 400)[None, :, None]
    image = Image.fromarray(wall.clip(0, 255).astype(np.uint8))
    pen = ImageDraw.Draw(image)
    for _ in range(4):
        x, y, width, height = (int(value) for value in generator.integers(60, 240, 4))
        pen.ellipse((x, y, x + width, y + height), fill=tuple(int(value) for value in generator.integers(0, 200, 3)))
    return image


def test_a_thing_before_a_flat_wall_is_found_at_any_scale(tmp_path: Path) -> None:
    paths = []
    for seed in range(24):
        paths += [tmp_path / f"{seed}.jpg", tmp_path / f"{seed}-small.jpg"]
        draw_thing(seed).save(paths[-2], quality=90)
        draw_thing(seed).resize((300, 400)).save(paths[-1], quality=80)
    assert alike_in(paths) == [(number, number + 1) for number in range(0, 48, 2)]


def test_grey_walls_and_broken_files_are_no_copies_of_each_other(tmp_path: Path) -> None:
    paths = [tmp_path / f"{index}.png" for index in range(4)]
    for index, path in enumerate(paths[:2]):
        Image.new("RGB", (64, 64 + index), "grey").save(path)
    for path in paths[2:]:
        path.write_bytes(b"no picture")
    assert alike_in(paths) == []


def test_many_copies_of_one_picture_hang_together_without_comparing_all(tmp_path: Path) -> None:
    path = tmp_path / "one.png"
    draw_picture(0).save(path)
    pairs = find_near_duplicates(np.repeat(look_at(tmp_path, ["one.png"], 1).looks["thumbnail"], 5000, axis=0))
    assert {(index, index + 1) for index in range(4999)} <= set(pairs)
    assert len(pairs) < NEIGHBOURS * 5000


def draw_seed_on_white(seed: int) -> Image.Image:
    """A small thing on a plain ground: all but one or two bands of its hash are those of all others."""
    generator = np.random.default_rng(seed)
    image = Image.new("RGB", (200, 200), "white")
    x, y = (int(value) for value in generator.integers(60, 100, 2))
    texture = Image.fromarray(generator.integers(0, 200, (5, 5, 3), np.uint8)).resize(
        (40, 40), Image.Resampling.BICUBIC
    )
    image.paste(texture, (x, y))
    return image


def test_copies_of_small_things_on_white_are_found_among_many(tmp_path: Path) -> None:
    paths = [tmp_path / f"{seed:04}.png" for seed in range(800)]
    for seed, path in enumerate(paths):
        draw_seed_on_white(seed).save(path)
    saved_again = [tmp_path / f"copy-{seed:04}.jpg" for seed in range(0, 800, 40)]
    for seed, path in zip(range(0, 800, 40), saved_again, strict=True):
        draw_seed_on_white(seed).save(path, quality=85)
    wanted = [(seed, 800 + seed // 40) for seed in range(0, 800, 40)]
    assert alike_in(paths + saved_again) == wanted


def test_many_equal_files_are_known_without_a_check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    draw_picture(0).save(tmp_path / "0.png")
    for index in range(1, 40):
        (tmp_path / f"{index}.png").write_bytes((tmp_path / "0.png").read_bytes())
    monkeypatch.setattr(survey, "confirm", pytest.fail)
    names = [f"{index}.png" for index in range(40)]
    assert look_at(tmp_path, names, 1).near_duplicates == tuple(sorted(pairwise(names)))


def test_a_file_that_goes_while_it_is_looked_at_is_no_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("0.png", "1.png"):
        Image.new("RGB", (64, 64), "grey").save(tmp_path / name)
    wanted = survey.checksums

    def go(thumbnails: np.ndarray) -> np.ndarray:
        (tmp_path / "1.png").unlink(missing_ok=True)
        return wanted(thumbnails)

    monkeypatch.setattr(survey, "checksums", go)
    assert look_at(tmp_path, ["0.png", "1.png"], 1).near_duplicates == ()


@pytest.mark.parametrize("ground", ["pale", "black"])
def test_equal_files_are_found_however_little_is_to_be_seen(tmp_path: Path, ground: str) -> None:
    paths = [tmp_path / f"{index}.png" for index in range(4)]
    for seed, path in enumerate(paths[:3]):
        noise = np.random.default_rng(seed).integers(120, 123, (64, 64, 3), np.uint8)
        Image.fromarray(noise * (ground == "pale") + np.uint8(seed) * (ground == "black")).save(path)
    paths[3].write_bytes(paths[1].read_bytes())
    assert alike_in(paths) == [(1, 3)]


def test_alike_pictures_are_drawn_to_one_side_and_told_where_folders_tear_them(tmp_path: Path) -> None:
    classes, given = tmp_path / "classes", tmp_path / "given"
    for index in range(20):
        for folder in (classes / "cat", classes / "dog"):
            folder.mkdir(parents=True, exist_ok=True)
            draw_picture(index // 2 + 100 * (folder.name == "dog")).save(folder / f"{index:02}.jpg")
    split = split_folder(classes, 0, None, alike_below(classes))
    assert "20 pairs of pictures show the same; both of each are in one part" in split.notes
    for part in (split.train, split.val, split.test):
        numbers = [(label, int(Path(name).stem) // 2) for name, label in part]
        assert all(numbers.count(number) == 2 for number in numbers)
    for index, name in enumerate(("train/cat", "train/dog", "val/cat", "val/dog")):
        (given / name).mkdir(parents=True)
        draw_picture(index % 3).save(given / name / "x.jpg")
    notes = " ".join(split_folder(given, 0, None, alike_below(given)).notes)
    torn = "(train/cat/x.jpg = val/dog/x.jpg)"
    assert f"1 pairs of pictures that show the same are in two classes {torn}: one label of each pair may be" in notes
    assert "1 pairs of pictures in two parts show the same (train/cat/x.jpg = val/dog/x.jpg)" in notes


def test_of_real_photos_the_one_known_pair_is_found(photos: Path) -> None:
    paths = list_pictures(photos / "train" / "shorts") + list_pictures(photos / "train" / "skirt")
    found = [(paths[one].parent.name, paths[other].parent.name) for one, other in alike_in(paths)]
    assert found == [("shorts", "skirt")]
