"""Pictures that a network learns in seconds to part into classes: a square and a disc on noise, and their masks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

HEIGHT, WIDTH = 72, 96
GROUND, SQUARE, DISC = range(3)
NAMES = ("ground", "square", "disc")
COLOURS = ((40, 40, 40), (200, 40, 40), (40, 60, 200))  # of the classes, in classes.csv
_PAINT = np.array([(110, 110, 110), (200, 60, 40), (40, 80, 210)], np.int16)  # on the pictures, under noise


def lay_drawn(root: Path, counts: dict[str, int], *, seed: int = 0) -> Path:
    """images/PART/N.png and masks/PART/N.png, and classes.csv; a border of 255 round each mask.

    counts: pictures by part, train say.
    """
    random = np.random.default_rng(seed)
    for part, count in counts.items():
        for number in range(count):
            mask = draw_mask(random)
            noise = random.integers(-40, 40, (HEIGHT, WIDTH, 3))
            picture = (_PAINT[mask] + noise).clip(0, 255).astype(np.uint8)
            mask[:2] = 255
            for folder, pixels in (("images", picture), ("masks", mask)):
                path = root / folder / part / f"{number:03}.png"
                path.parent.mkdir(parents=True, exist_ok=True)
                Image.fromarray(pixels).save(path)
    rows = [f"{index},{name},{r},{g},{b}\n" for index, (name, (r, g, b)) in enumerate(zip(NAMES, COLOURS, strict=True))]
    (root / "classes.csv").write_text("index,name,r,g,b\n" + "".join(rows), encoding="utf-8")
    return root


def draw_mask(random: np.random.Generator) -> NDArray[np.uint8]:
    """uint8 (HEIGHT, WIDTH): a square in one half, a disc in the other."""
    mask = np.full((HEIGHT, WIDTH), GROUND, np.uint8)
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    halves = random.permutation([0, WIDTH // 2])
    side, radius = random.integers(16, 30), random.integers(9, 18)
    top, left = random.integers(4, HEIGHT - 34), halves[0] + random.integers(4, WIDTH // 2 - 34)
    mask[top : top + side, left : left + side] = SQUARE
    middle = random.integers(22, HEIGHT - 22), halves[1] + WIDTH // 4
    mask[(rows - middle[0]) ** 2 + (columns - middle[1]) ** 2 < radius**2] = DISC
    return mask
