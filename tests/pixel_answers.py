"""Class maps drawn by code, as a file's answers and as the truth of a picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ressq_edge.data.masks.reading import MaskClasses
from ressq_export.measurement.class_map import PixelAnswer, Truth

Map = NDArray[np.uint8]
LABELS = ("road", "grass", "car")
COLOURS = ((90, 90, 90), (60, 160, 60), (200, 40, 40))
SIZE = 48, 64
MASKS = MaskClasses(LABELS, (0x5A5A5A, 0x3CA03C, 0xC82828), "index", ((0, 0), (1, 1), (2, 2), (255, 255)), "values")


def draw_scene(seed: int, size: tuple[int, int] = SIZE) -> Map:
    """uint8 (H, W): road below, grass above, and a car somewhere."""
    generator = np.random.default_rng(seed)
    height, width = size
    found = np.zeros(size, np.uint8)
    found[: int(generator.integers(height // 4, height // 2))] = 1
    top, left = int(generator.integers(0, height // 2)), int(generator.integers(0, width - 16))
    found[top : top + 14, left : left + 14] = 2
    return found


def answer(classes: Map, sure: float = 0.9, seed: int = 0, labels: int = len(LABELS)) -> PixelAnswer:
    """A file's answer that is that map, `sure` of it, on a grid of cells of four pixels."""
    cells = np.full((classes.shape[0] // 4, classes.shape[1] // 4, labels), (1 - sure) / (labels - 1), np.float32)
    middle = classes[2::4, 2::4][: cells.shape[0], : cells.shape[1]]
    np.put_along_axis(cells, middle[..., None].astype(int), sure, 2)
    return PixelAnswer(classes, cells, bytes([seed % 256, seed // 256]))


def flip(classes: Map, share: float, seed: int) -> Map:
    """The map with that share of the pixels, on average, of another class."""
    generator = np.random.default_rng(seed)
    changed = generator.random(classes.shape) < share
    return np.where(changed, (classes + generator.integers(1, 3, classes.shape)) % 3, classes).astype(np.uint8)


def write_truths(folder: Path, maps: Sequence[Map]) -> tuple[Truth, ...]:
    """The maps as masks in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, classes in enumerate(maps):
        Image.fromarray(classes).save(folder / f"{number}.png")
    return tuple(Truth(folder / f"{number}.png", MASKS, maps[number].shape) for number in range(len(maps)))
