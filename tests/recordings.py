"""Folders of drawn recordings for short runs of ressq-train: a slow and a fast swing of one sensor."""

from __future__ import annotations

from pathlib import Path

import numpy as np

RATE = 50
QUICK_SERIES = ["--threads", "1", "--window", "30", "--depth", "2", "--width", "8", "--epochs", "3"]


def write_swing(path: Path, hertz: float, seed: int, seconds: float = 4, columns: str = "time,ax,ay") -> Path:
    """A CSV of a swing with noise; its phase, strength and pace are the seed's."""
    random = np.random.default_rng(seed)
    time = np.arange(round(seconds * RATE)) / RATE
    phase = 2 * np.pi * (hertz * random.uniform(0.9, 1.1) * time + random.random())
    values = random.uniform(0.8, 1.2) * np.stack([np.sin(phase), np.cos(phase)], 1)
    values += random.normal(0, 0.1, values.shape)
    rows = [f"{moment:.2f},{x:.5f},{y:.5f}" for moment, (x, y) in zip(time, values, strict=True)]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([columns, *rows]) + "\n")
    return path


def write_swings(root: Path, people: int = 6) -> Path:
    """slow/ and fast/ with two recordings of each person: p1_a.csv, p1_b.csv and so on."""
    for number, (label, hertz) in enumerate((("fast", 5.0), ("slow", 1.5))):
        for person in range(people):
            for take in range(2):
                write_swing(root / label / f"p{person}_{'ab'[take]}.csv", hertz, 100 * number + 2 * person + take)
    return root
