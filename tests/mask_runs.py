"""A folder of drawn scenes with masks, and a network trained on it for seconds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from pixel_answers import LABELS, Map, draw_scene
from ressq_edge.cli import main

SIDES = 65, 97
_SHADES = np.array([[90, 90, 100], [60, 170, 70], [210, 60, 50]])


def paint(classes: Map, seed: int) -> Image.Image:
    """The scene as a photo: its classes' colours, uneven, with noise."""
    generator = np.random.default_rng(seed)
    light = np.linspace(0.8, 1.1, classes.shape[1])[None, :, None]
    pixels = _SHADES[classes] * light + generator.normal(0, 14, (*classes.shape, 3))
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


def lay_out_scenes(root: Path, train: int = 48, val: int = 14, test: int = 6) -> Path:
    """images/PART/N.jpg, masks/PART/N.png and classes.csv; each mask has an ignored edge."""
    seed = 0
    for part, count in (("train", train), ("val", val), ("test", test)):
        for folder in ("images", "masks"):
            (root / folder / part).mkdir(parents=True)
        for number in range(count):
            classes = draw_scene(seed := seed + 1, SIDES)
            paint(classes, seed).save(root / "images" / part / f"{number}.jpg", quality=90)
            classes[:, :3] = 255
            Image.fromarray(classes).save(root / "masks" / part / f"{number}.png")
    rows = "".join(f"{index},{label}\n" for index, label in enumerate(LABELS))
    (root / "classes.csv").write_text(f"index,name\n{rows}")
    return root


def train_scenes(data: Path, run: Path, *more: str) -> Path:
    """A run of ressq-train from random weights, a few steps long."""
    sides = "x".join(map(str, SIDES))
    quick = ["--init", "none", "--size", sides, "--epochs", "8", "--threads", "1", "--precision", "fp32"]
    assert main([str(data), "--out", str(run), *quick, *more]) == 0
    return run
