"""Photos that are damaged inside are not learned from: they are what unreadable ones are."""

from __future__ import annotations

from pathlib import Path

import pytest

from jpegs import damage, drawing, to_jpeg
from ressq_edge.cli import main
from ressq_edge.data.split import read_split
from runs import QUICK


def test_damaged_photos_stop_a_run_or_are_left_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data, run = tmp_path / "data", tmp_path / "run"
    for label in "ab":
        (data / label).mkdir(parents=True)
        for index in range(12):
            content = to_jpeg(drawing((200 + index, 160 + (label == "b"))), quality=60)
            (data / label / f"{index:02}.jpg").write_bytes(content[:-2] if index == 3 else content)
    for name, bad in (("a/05.jpg", bytes(512)), ("b/07.jpg", bytes(512))):
        (data / name).write_bytes(damage((data / name).read_bytes(), bad))
    assert main([str(data), "--out", str(run), "--epochs", "1", *QUICK]) == 1
    said = capsys.readouterr().err
    assert "a/05.jpg: found a broken picture (its scan is damaged" in said
    assert "b/07.jpg: found a broken picture (its scan is damaged" in said
    assert "found 2 unreadable pictures of 24 (listed above), wanted none" in said
    assert main([str(data), "--out", str(run), "--epochs", "1", "--skip-unreadable", *QUICK]) == 0
    assert [name for name, _ in read_split(run).unreadable] == ["a/05.jpg", "b/07.jpg"]
