"""Two runs side by side: what tests of interrupted and divided trainings compare."""

from __future__ import annotations

import csv
from pathlib import Path

import torch

from ressq_edge.checkpoint import read_tensors


def rows(run: Path) -> list[dict[str, str]]:
    """metrics.csv without what the clock says."""
    with (run / "metrics.csv").open() as file:
        return [{k: v for k, v in row.items() if k != "images_per_second"} for row in csv.DictReader(file)]


def assert_equal_runs(one: Path, other: Path) -> None:
    """The same metrics, and the same weights to the last bit."""
    assert rows(one) == rows(other)
    for name in ("best.safetensors", "last.safetensors"):
        a, b = read_tensors(one / name)[0], read_tensors(other / name)[0]
        assert a.keys() == b.keys()
        assert all(torch.equal(a[key], b[key]) for key in a)
