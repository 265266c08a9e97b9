"""What a training picture may look like: the distributions of torchvision's transforms, repeatable in any order."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from torchvision.transforms import v2
from torchvision.transforms.v2 import functional as tv

from ressq_edge.data import augment
from ressq_edge.data.augment import WHOLE_CROP, Batch, Box, Views, draw_batch, draw_box, epoch_order, recolour
from ressq_edge.data.cache import SampleStore
from ressq_edge.data.pictures import SampleFiles
from ressq_edge.data.prefetch import prefetch
from ressq_runtime.inputs.picture_spec import PixelSpec

VIEWS = Views((32, 32), 0.5, 0.3)


def equal(one: Batch, other: Batch) -> bool:
    return (
        all(torch.equal(getattr(one, name), getattr(other, name)) for name in ("pixels", "colours"))
        and one.targets == other.targets
    )


@pytest.fixture
def store() -> SampleStore:
    """Sixteen pictures of noise, 40 x 50, as the cache holds them."""
    pixels = np.random.default_rng(0).integers(0, 256, 16 * 40 * 50 * 3, dtype=np.uint8)
    pixels.flags.writeable = False
    places = tuple((index * 40 * 50 * 3, 40, 50) for index in range(16))
    return SampleStore("train", (SampleFiles(Path()),) * 16, tuple(range(16)), places, pixels, PixelSpec.for_size(32))


def test_views_are_a_function_of_seed_epoch_and_picture(store: SampleStore) -> None:
    one = draw_batch(store, [3, 1], VIEWS, 0, 0)
    torch.rand(7)  # whatever else was drawn between
    swapped = draw_batch(store, [1, 3], VIEWS, 0, 0)
    assert one.pixels.shape == (2, 3, 32, 32)
    assert one.pixels.dtype == torch.uint8
    assert one.pixels.is_contiguous(memory_format=torch.channels_last)
    assert one.targets == (3, 1)
    assert equal(one, Batch(swapped.pixels.flip(0), swapped.targets[::-1], swapped.colours.flip(0)))
    for seed, epoch in ((0, 1), (1, 0)):
        other = draw_batch(store, [3, 1], VIEWS, seed, epoch)
        assert not torch.equal(one.pixels, other.pixels)
        assert not torch.equal(one.colours, other.colours)
    assert sorted(epoch_order(9, 0, 0)) == list(range(9))
    assert epoch_order(9, 0, 0) != epoch_order(9, 0, 1)


def test_without_mirroring_a_view_is_the_same_but_for_its_direction(store: SampleStore) -> None:
    mirrored = draw_batch(store, range(16), VIEWS, 0, 0)
    plain = draw_batch(store, range(16), replace(VIEWS, mirror=False), 0, 0)
    assert torch.equal(plain.colours, mirrored.colours)
    same = [torch.equal(one, other) for one, other in zip(plain.pixels, mirrored.pixels, strict=True)]
    turned = [torch.equal(one, other.flip(2)) for one, other in zip(plain.pixels, mirrored.pixels, strict=True)]
    assert 3 < sum(same) < 13
    assert [not one for one in same] == turned


def test_half_of_the_views_are_nearly_whole_where_that_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[float] = []

    def draw(random: np.random.Generator, height: int, width: int, smallest: float) -> Box:
        asked.append(smallest)
        return draw_box(random, height, width, smallest)

    monkeypatch.setattr(augment, "draw_box", draw)
    pixels = np.zeros(40 * 50 * 3, np.uint8)
    pixels.flags.writeable = False
    places = ((0, 40, 50),) * 400
    store = SampleStore("train", (SampleFiles(Path()),) * 400, (0,) * 400, places, pixels, PixelSpec.for_size(32))
    for share in (0.0, 0.5, 1.0):
        asked.clear()
        draw_batch(store, range(400), replace(VIEWS, whole_views=share), 0, 0)
        assert set(asked) <= {VIEWS.smallest_crop, WHOLE_CROP}
        assert abs(asked.count(WHOLE_CROP) / 400 - share) < 0.08


def test_batches_drawn_ahead_are_those_drawn_at_once_and_leave_the_global_generator_alone(store: SampleStore) -> None:
    draw = partial(draw_batch, store, views=VIEWS, seed=0, epoch=0)
    numbers = [(0, 5), (7,), (3, 2), (11, 12), (1,)]
    torch.manual_seed(0)
    before = torch.get_rng_state()
    threads = torch.get_num_threads()
    drawn = list(prefetch(numbers, draw, 2))
    assert torch.equal(torch.get_rng_state(), before)  # dropout draws from it, on the main thread
    assert torch.get_num_threads() == threads
    assert all(equal(batch, draw(some)) for batch, some in zip(drawn, numbers, strict=True))


def test_no_more_is_drawn_ahead_than_asked_and_an_error_keeps_its_place(store: SampleStore) -> None:
    begun: list[tuple[int, ...]] = []

    def draw(numbers: tuple[int, ...]) -> Batch:
        begun.append(numbers)
        if numbers == (2,):
            raise ValueError("no such picture")
        return draw_batch(store, numbers, VIEWS, 0, 0)

    batches = prefetch(((number,) for number in range(100)), draw, 2)
    assert next(batches).targets == (0,)
    time.sleep(0.1)
    assert len(begun) == 3
    assert next(batches).targets == (1,)
    with pytest.raises(ValueError, match="no such picture"):
        next(batches)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("draw")]


def test_a_view_is_torchvisions_crop_of_its_box_mirrored_or_not(store: SampleStore) -> None:
    mirrored = 0
    for number in range(16):
        batch = draw_batch(store, [number], VIEWS, 0, 0)
        picture = torch.tensor(store[number]).permute(2, 0, 1)
        from ressq_edge.data.seeds import draw_seed

        random = np.random.default_rng(draw_seed(0, "view", 0, number))
        box = draw_box(random, 40, 50, 0.5)
        wanted = tv.resized_crop(picture, *box, size=[32, 32], antialias=True)
        if not torch.equal(batch.pixels[0], wanted):
            assert torch.equal(batch.pixels[0], wanted.flip(2))
            mirrored += 1
    assert 3 < mirrored < 13


@pytest.mark.parametrize(("height", "width"), [(256, 256), (256, 341), (341, 256)])
def test_crops_are_distributed_as_torchvisions(height: int, width: int) -> None:
    torch.manual_seed(0)
    random = np.random.default_rng(0)
    theirs = v2.RandomResizedCrop(32, scale=(0.35, 1.0))
    params = [theirs.make_params([torch.empty(3, height, width)]) for _ in range(2000)]
    found = np.array([draw_box(random, height, width, 0.35) for _ in range(2000)], dtype=float)
    wanted = np.array([[p["top"], p["left"], p["height"], p["width"]] for p in params], dtype=float)
    assert (found[:, :2] >= 0).all()
    assert (found[:, :2] + found[:, 2:] <= (height, width)).all()
    for share in (0.1, 0.25, 0.5, 0.75, 0.9):  # of top, left, height and width
        assert np.quantile(found, share, axis=0) == pytest.approx(
            np.quantile(wanted, share, axis=0), abs=0.04 * max(height, width)
        )


@pytest.mark.parametrize(("height", "width"), [(252, 448), (448, 252), (256, 768)])  # 16:9, 9:16, a panorama
def test_crops_of_long_pictures_show_nearly_all_that_has_their_shape_and_not_the_middle_alone(
    height: int, width: int
) -> None:
    random = np.random.default_rng(0)
    top, left, h, w = np.array([draw_box(random, height, width, WHOLE_CROP) for _ in range(1000)]).T
    largest = min(height, width) ** 2 * 4 / 3
    assert (h * w).min() > 0.99 * WHOLE_CROP * largest
    assert (h * w).max() <= 1.01 * largest
    place, room = (left, width - w) if width > height else (top, height - h)
    middle = np.abs(place - room / 2) < 0.05 * max(height, width)
    assert middle.mean() < 0.6


def test_colours_are_torchvisions_jitter_in_any_order_where_nothing_is_clipped() -> None:
    pixels = torch.randint(100, 156, (2, 3, 9, 7), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    found = recolour(pixels, torch.tensor([[1.1, 0.8, 1.3], [0.9, 1.2, 0.7]]))
    for index, (brightness, contrast, saturation) in enumerate([(1.1, 0.8, 1.3), (0.9, 1.2, 0.7)]):
        floats = pixels[index] / 255
        one = tv.adjust_saturation(tv.adjust_contrast(tv.adjust_brightness(floats, brightness), contrast), saturation)
        other = tv.adjust_brightness(tv.adjust_contrast(tv.adjust_saturation(floats, saturation), contrast), brightness)
        for wanted in (one, other):
            assert torch.allclose(found[index] / 255, wanted, atol=1e-3)  # their grey weighs 0.9999 in all


def test_colours_stay_within_the_range_of_pixels_and_ones_change_nothing() -> None:
    pixels = torch.tensor([0, 255, 17], dtype=torch.uint8).view(1, 3, 1, 1).expand(1, 3, 4, 4)
    moved = recolour(pixels, torch.tensor([[1.3, 1.3, 1.3]]))
    assert moved.min() == 0
    assert moved.max() == 255
    assert torch.allclose(recolour(pixels, torch.ones(1, 3)), pixels.float(), atol=1e-3)
