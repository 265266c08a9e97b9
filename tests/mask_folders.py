"""Data folders with masks, drawn by code: a bright square, its class, on a dark ground."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from zlib import crc32

import numpy as np
from numpy.typing import NDArray
from PIL import Image

SIDE = 48
Array = NDArray[np.uint8]


def draw_index(*classes: int, side: int = SIDE) -> Array:
    """uint8 (side, side): class 0, and a band of each other class."""
    found = np.zeros((side, side), np.uint8)
    for place, value in enumerate(classes):
        found[4 : side - 4, 4 + 8 * place : 10 + 8 * place] = value
    return found


def save_picture(path: Path, index: Array | tuple[int, int] = (SIDE, SIDE), orientation: int = 1) -> None:
    """A photo of a size (height, width), or of a mask's, with an EXIF orientation."""
    shape = index if isinstance(index, tuple) else index.shape[:2]
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(crc32(path.name.encode())).integers(0, 255, (*shape, 3), np.uint8)
    exif = Image.Exif()
    if orientation != 1:
        exif[0x0112] = orientation
    Image.fromarray(noise).save(path, exif=exif)


def save_mask(path: Path, index: Array) -> None:
    """A grey PNG, or an RGB one of (H, W, 3)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(index).save(path)


def lay_out(
    root: Path, count: int = 4, index: Array | None = None, save: Callable[[Path, Array], None] = save_mask
) -> Path:
    """images/N.jpg and masks/N.png of classes 0, 1 and 2, or of `index`."""
    drawn = draw_index(1, 2) if index is None else index
    for number in range(count):
        save_picture(root / f"images/{number}.jpg", drawn)
        save(root / f"masks/{number}.png", drawn)
    return root


def to_colours(index: Array, table: dict[int, tuple[int, int, int]]) -> Array:
    """uint8 (H, W, 3): each index in its colour."""
    found = np.zeros((*index.shape, 3), np.uint8)
    for value, colour in table.items():
        found[index == value] = colour
    return found
