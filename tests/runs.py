"""Short runs of ressq-train: asking for one, being refused one, and comparing two."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
import torch

from ressq_edge.cli import main
from ressq_edge.network.checkpoint import read_tensors

QUICK = ["--init", "none", "--size", "32", "--threads", "1"]
QUICK_MASKS = ["--init", "none", "--size", "33x33", "--threads", "1"]


def rows(run: Path) -> list[dict[str, str]]:
    """metrics.csv without what the clock says."""
    with (run / "metrics.csv").open() as file:
        return [{k: v for k, v in row.items() if k != "images_per_second"} for row in csv.DictReader(file)]


def assert_equal_runs(one: Path, other: Path) -> None:
    """The same metrics, the same weights to the last bit, and the same file to export."""
    assert rows(one) == rows(other)
    assert (one / "best.safetensors").read_bytes() == (other / "best.safetensors").read_bytes()
    for name in ("best.safetensors", "last.safetensors"):
        a, b = read_tensors(one / name)[0], read_tensors(other / name)[0]
        assert a.keys() == b.keys()
        assert all(torch.equal(a[key], b[key]) for key in a)


def refused(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    """The one line of error that ressq-train ends with."""
    assert main([str(argument) for argument in arguments]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    lines = [line for line in captured.err.splitlines() if line.startswith("ressq-train: error: ")]
    assert len(lines) == 1, captured.err
    return lines[0]
