"""What a first look takes for the same is told apart by a small part, copies stay copies, and the cost is bounded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageEnhance

from ressq_edge.data import near_duplicate_check
from ressq_edge.data.linked_names import join
from ressq_edge.data.near_duplicate_check import confirm
from ressq_edge.data.near_duplicates import find_near_duplicates
from ressq_edge.data.survey import look_at
from ressq_runtime.inputs.folders import list_pictures


def draw_scene(seed: int, width: int = 256, height: int = 192) -> Image.Image:
    """Soft shapes of middling brightness, as before a camera."""
    noise = np.random.default_rng(seed).integers(60, 256, (6, 8, 3), np.uint8)
    return Image.fromarray(noise).resize((width, height), Image.Resampling.BICUBIC)


def save_frames(root: Path, count: int, bird: float) -> None:
    """Of one camera in changing light; before every second one a bird of 14 x 9 pixels, each in another place.

    `bird` is its brightness as a share of what is behind it.
    """
    state = np.random.default_rng(0)
    scene = np.asarray(draw_scene(5), np.float32)
    for number in range(count):
        shape = Image.new("L", (256, 192))
        if number % 2:
            x, y = 20 + 40 * (number // 2 % 5), 20 + 30 * (number // 10)
            ImageDraw.Draw(shape).ellipse((x, y, x + 14, y + 9), fill=255)
        dark = np.asarray(shape, np.float32)[..., None] / 255 * (1 - bird)
        lit = scene * (1 - dark) * state.uniform(0.85, 1.1) + state.normal(0, 4, scene.shape)
        frame = Image.fromarray(lit.clip(0, 255).astype(np.uint8))
        frame.save(root / f"{'bird' if number % 2 else 'none'}-{number:02}.jpg", quality=92)


def names_in(root: Path) -> list[str]:
    return [path.relative_to(root).as_posix() for path in list_pictures(root)]


@pytest.mark.parametrize("bird", [0.1, 0.8], ids=["dark", "pale"])
def test_frames_of_one_camera_are_told_apart_by_a_bird_and_stay_together_without(tmp_path: Path, bird: float) -> None:
    save_frames(tmp_path, 40, bird)
    names = names_in(tmp_path)
    found = look_at(tmp_path, names, 2)
    near = [{names[number][:4] for number in pair} for pair in find_near_duplicates(found.looks["thumbnail"])]
    assert {"bird", "none"} in near, "at 16 x 16 pixels they are the same"
    assert found.near_duplicates
    assert all(name.startswith("none") for pair in found.near_duplicates for name in pair)
    together = join(found.near_duplicates)
    assert len(together) == 20
    assert len(set(together.values())) == 1


def test_small_things_on_white_are_not_the_same_and_their_copies_are(tmp_path: Path) -> None:
    for number in range(24):
        paper = Image.new("RGB", (400, 400), "white")
        paper.paste(ImageEnhance.Brightness(draw_scene(number, 60, 60)).enhance(0.5), (170, 170))
        paper.save(tmp_path / f"{number:02}.jpg", quality=92)
        paper.resize((200, 200)).save(tmp_path / f"{number:02}-half.jpg", quality=50)
    names = names_in(tmp_path)
    found = look_at(tmp_path, names, 2)
    assert len(find_near_duplicates(found.looks["thumbnail"])) > 24, "at 16 x 16 pixels some are the same"
    assert found.near_duplicates == tuple((f"{number:02}-half.jpg", f"{number:02}.jpg") for number in range(24))


def test_a_part_of_another_colour_and_the_same_brightness_tells_pictures_apart(tmp_path: Path) -> None:
    for name, lamp in (("on", (200, 40, 40)), ("off", (40, 120, 45))):
        panel = draw_scene(2)
        ImageDraw.Draw(panel).ellipse((120, 80, 134, 94), fill=lamp)
        panel.save(tmp_path / f"{name}.png")
    assert confirm(tmp_path, [("off.png", "on.png")], 1, lambda: None) == ()


CHANGES: dict[str, tuple[Callable[[Image.Image], Image.Image], int]] = {
    "quality 50": (lambda image: image, 50),
    "half": (lambda image: image.resize((image.width // 2, image.height // 2)), 85),
    "three quarters": (lambda image: image.resize((image.width * 3 // 4, image.height * 3 // 4)), 85),
    "brighter": (lambda image: ImageEnhance.Brightness(image).enhance(1.2), 85),
    "grey": (lambda image: image.convert("L"), 85),
}


@pytest.mark.parametrize("kind", CHANGES)
def test_no_copy_of_a_real_photo_that_the_first_look_found_is_lost(photos: Path, tmp_path: Path, kind: str) -> None:
    change, quality = CHANGES[kind]
    originals = list_pictures(photos / "train")
    for number in range(150):
        image = Image.open(originals[number * len(originals) // 150]).convert("RGB")
        image.save(tmp_path / f"{number:03}.jpg", quality=92)
        change(image).save(tmp_path / f"{number:03}-copy.jpg", quality=quality)
    names = names_in(tmp_path)
    found = look_at(tmp_path, names, 2)
    near = [(names[one], names[other]) for one, other in find_near_duplicates(found.looks["thumbnail"])]
    assert found.near_duplicates == tuple(sorted(near))
    print(f"{kind}: {len(near)} of 150")
    assert len(near) >= (120 if kind == "brighter" else 148)


def test_each_picture_is_decoded_once_and_compared_with_the_nearest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(12):
        draw_scene(0).save(tmp_path / f"{number:02}.png")
    names = names_in(tmp_path)
    pairs = [(one, other) for one in names for other in names if one < other]
    monkeypatch.setattr(near_duplicate_check, "MOST_COMPARED", 3)
    decoded: list[Path] = []
    look = near_duplicate_check._look

    def count(path: Path) -> np.ndarray | None:
        decoded.append(path)
        return look(path)

    monkeypatch.setattr(near_duplicate_check, "_look", count)
    same = confirm(tmp_path, pairs, 2, lambda: None)
    assert sorted(decoded) == [tmp_path / name for name in names]
    compared = Counter(name for pair in same for name in pair)
    assert len(same) <= 3 * len(names) < len(pairs)
    assert min(compared.values()) >= 3
    assert set(join(same).values()) == {"00.png"}, "all hang together"


def test_where_more_hang_together_than_memory_may_hold_the_nearest_are_compared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(near_duplicate_check, "MOST_AT_ONCE", 4)
    for number in range(9):
        draw_scene(0).save(tmp_path / f"{number}.png")
    pairs = [(f"{one}.png", f"{other}.png") for one, other in ((0, 8), (1, 7), (0, 1), (1, 2), (3, 4), (4, 5))]
    same = confirm(tmp_path, pairs, 2, lambda: None)
    assert same == tuple(sorted(pair for pair in pairs if pair != ("1.png", "2.png")))
    lists = [{name for pair in some for name in pair} for some in near_duplicate_check._gather(pairs)]
    assert [len(names) for names in lists] == [4, 3]


def test_a_picture_that_is_gone_is_the_same_as_none(tmp_path: Path) -> None:
    draw_scene(0).save(tmp_path / "0.png")
    assert confirm(tmp_path, [("0.png", "1.png")], 1, lambda: None) == ()


@pytest.mark.parametrize("after", [1, 3])
def test_it_can_be_stopped_while_it_decodes_and_while_it_compares(tmp_path: Path, after: int) -> None:
    for name in ("0.png", "1.png"):
        draw_scene(0).save(tmp_path / name, compress_level=int(name[0]))  # the same pixels in another file
    seen: list[str] = []

    @contextmanager
    def bar(title: str, total: int) -> Iterator[Callable[[], None]]:
        def tick() -> None:
            seen.append(title)
            if seen.count("comparing") == after:
                raise KeyboardInterrupt

        assert total == {"looking": 2, "comparing": 3}[title]
        yield tick

    with pytest.raises(KeyboardInterrupt):
        look_at(tmp_path, ["0.png", "1.png"], 1, bar)
    assert seen == ["looking"] * 2 + ["comparing"] * after
