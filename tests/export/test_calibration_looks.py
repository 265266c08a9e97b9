"""Calibration pictures that look unlike the training pictures are told by what is unlike; ordinary ones are not."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image, ImageEnhance, ImageOps

from conftest import SHAPES, draw_shape
from ressq_export.quantization.calibration_looks import tell_other_look

if TYPE_CHECKING:
    from collections.abc import Callable


def draw(count: int, seed: int, change: Callable[[Image.Image], Image.Image] | None = None) -> list[bytes]:
    state = random.Random(seed)
    drawn = (draw_shape(SHAPES[number % 3], state) for number in range(count))
    return [(change(picture) if change else picture).tobytes() for picture in drawn]


def make_negative(picture: Image.Image) -> Image.Image:
    """As bright as the picture on average: a dark shape on a light ground."""
    return ImageOps.invert(picture).point(lambda value: value // 2)


USUAL = draw(60, 0)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda picture: picture.point(lambda value: value // 20), "they are much darker (on average 4 of 255, train"),
        (lambda picture: picture.point(lambda value: 255 - value // 20), "they are much brighter (on average 251 of "),
        (make_negative, "100% of them look more like negatives of those"),
    ],
)
def test_what_is_unlike_is_said(change: Callable[[Image.Image], Image.Image], told: str) -> None:
    assert tell_other_look(draw(40, 1, change), USUAL).startswith(told)


def test_noise_is_told_by_its_grain() -> None:
    smooth = draw(60, 0, lambda picture: ImageEnhance.Sharpness(picture).enhance(0))
    state = np.random.default_rng(0)
    noise = [state.integers(0, 256, (80, 80, 3), dtype=np.uint8).tobytes() for _ in range(20)]
    told = tell_other_look(noise, smooth)
    assert told.startswith("their neighbouring pixels differ ")
    assert told.endswith(" times as much, for the same contrast")


@pytest.mark.parametrize("share", [0.6, 1.4])
def test_ordinary_pictures_and_those_of_another_exposure_are_alike(share: float) -> None:
    assert tell_other_look(draw(16, 2), USUAL) == ""
    assert tell_other_look(draw(40, 3, lambda picture: ImageEnhance.Brightness(picture).enhance(share)), USUAL) == ""


def test_of_few_training_pictures_nobody_knows_what_their_negatives_are() -> None:
    assert tell_other_look(draw(40, 1, make_negative), USUAL[:20]) == ""


def test_grey_pictures_without_anything_brighter_than_the_rest_are_alike() -> None:
    flat = [bytes([100 + number]) * (80 * 80 * 3) for number in range(40)]
    assert tell_other_look(flat, flat) == ""


def test_pictures_need_not_be_squares() -> None:
    """Those of a network of masks are stretched."""
    wide = [Image.frombytes("RGB", (80, 80), one).resize((97, 65)).tobytes() for one in USUAL]
    dark = [bytes(value // 20 for value in one) for one in wide[:4]]
    assert tell_other_look(wide, wide, 65) == ""
    assert tell_other_look(dark, wide, 65).startswith("they are much darker")
