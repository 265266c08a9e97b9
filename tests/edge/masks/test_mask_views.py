"""Views of pictures with masks: picture and mask are never parted, whatever is drawn."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from ressq_edge.data.augment import (
    LARGEST_RATIO,
    Geometry,
    Views,
    cut_mask,
    draw_batch,
    draw_stretched_box,
)
from ressq_edge.data.cache import SampleStore
from ressq_edge.data.pictures import SampleFiles
from ressq_runtime.inputs.picture_spec import PixelSpec

SPEC = PixelSpec.stretched(48, 64)
VIEWS = Views((48, 64), 0.3, 0.0, 0.25)


def draw_sample(seed: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """A smooth picture, and the mask that follows from it: where red is above 127 and where green is."""
    random = np.random.default_rng(seed)
    coarse = Image.fromarray(random.integers(0, 256, (5, 6, 3), np.uint8))
    picture = np.asarray(coarse.resize((90, 70), Image.Resampling.BICUBIC))
    return picture, to_mask(picture)


def to_mask(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return ((picture[..., 0] > 127) + 2 * (picture[..., 1] > 127)).astype(np.uint8)


@pytest.fixture(scope="module")
def store() -> SampleStore:
    samples = [draw_sample(seed) for seed in range(12)]
    pixels = np.concatenate([picture.ravel() for picture, _ in samples])
    pixels.flags.writeable = False
    places = tuple((index * 90 * 70 * 3, 70, 90) for index in range(12))
    targets = [mask for _, mask in samples]
    return SampleStore("train", (SampleFiles(Path()),) * 12, targets, places, pixels, SPEC)


def test_picture_and_mask_are_cut_alike(store: SampleStore) -> None:
    geometries: list[Geometry] = []

    def keep(mask: NDArray[np.uint8], geometry: Geometry) -> NDArray[np.uint8]:
        geometries.append(geometry)
        return cut_mask(mask, geometry)

    worst = 1.0
    for epoch in range(20):
        batch = draw_batch(store, range(12), VIEWS, 0, epoch, keep)
        for view, mask in zip(batch.pixels.permute(0, 2, 3, 1).numpy(), batch.targets, strict=True):
            assert mask.shape == (48, 64)
            assert mask.dtype == np.uint8
            worst = min(worst, float((to_mask(view) == mask).mean()))
    assert worst > 0.9, "what differs lies on the edges of classes, where the picture is blended and the mask is not"
    assert {geometry.mirrored for geometry in geometries} == {True, False}
    assert len({geometry.box for geometry in geometries}) > 200
    parted = [cut_mask(store.targets[0], Geometry((0, 0, 70, 90), (48, 64), mirrored)) for mirrored in (True, False)]
    assert (parted[0] == parted[1]).mean() < 0.8, "a mask that is not mirrored with its picture would be seen"


def test_views_are_a_function_of_seed_epoch_and_sample(store: SampleStore) -> None:
    one = draw_batch(store, [3, 1], VIEWS, 0, 0, cut_mask)
    again = draw_batch(store, [1], VIEWS, 0, 0, cut_mask)
    assert np.array_equal(one.targets[1], again.targets[0])
    assert not np.array_equal(one.targets[1], draw_batch(store, [1], VIEWS, 0, 1, cut_mask).targets[0])
    assert not np.array_equal(one.targets[1], draw_batch(store, [1], VIEWS, 1, 0, cut_mask).targets[0])


@given(st.integers(1, 60), st.integers(1, 60), st.integers(1, 60), st.integers(1, 60))
def test_a_whole_mask_is_cut_as_pillow_resizes_it(height: int, width: int, rows: int, columns: int) -> None:
    mask = np.random.default_rng(height * 61 + width).integers(0, 255, (height, width), np.uint8)
    cut = cut_mask(mask, Geometry((0, 0, height, width), (rows, columns), mirrored=False))
    ratios = ((height, rows), (width, columns))
    whole = all((2 * place + 1) * length % (2 * size) for length, size in ratios for place in range(size))
    if whole:  # Pillow's floats may fall to either side where a point lies between two pixels
        wanted = Image.fromarray(mask).resize((columns, rows), Image.Resampling.NEAREST)
        assert np.array_equal(cut, np.asarray(wanted))
    assert cut.shape == (rows, columns)


@settings(max_examples=50)
@given(st.integers(0, 999), st.integers(1, 300), st.integers(1, 300), st.floats(0.05, 1.0))
def test_a_crop_of_a_stretched_picture_lies_in_it_and_is_about_of_its_shape(
    seed: int, height: int, width: int, smallest: float
) -> None:
    top, left, h, w = draw_stretched_box(np.random.default_rng(seed), height, width, smallest)
    assert 0 <= top <= height - h
    assert 0 <= left <= width - w
    assert min(h, w) >= 1
    if min(height, width) > 100:
        assert h * w >= smallest * height * width * 0.95
        assert 1 / LARGEST_RATIO - 0.1 < (w / width) / (h / height) < LARGEST_RATIO + 0.1
