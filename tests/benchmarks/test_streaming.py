"""Decoding ahead is measured on real photos, and each range of the gauge has its own row."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import streaming
from cold_start import draw_photo
from page.markdown import to_markdown


def test_photos_are_answered_both_ways(tmp_path: Path) -> None:
    photo = draw_photo(tmp_path / "photo.jpg")
    assert streaming.main([str(photo), "--rounds", "1", "--out", str(tmp_path / "out")]) == 0
    report = json.loads((tmp_path / "out/streaming.json").read_text())
    ((gauge, one, two),) = report["pairs"]
    assert 0.3 < gauge < 4
    assert min(one, two) > 0
    assert " x as fast, at a gauge of " in (tmp_path / "out/streaming.html").read_text()


def test_what_cannot_be_read_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    photo = draw_photo(tmp_path / "photo.jpg")
    assert streaming.main([str(photo), "--model", str(tmp_path / "none.tflite"), "--out", str(tmp_path)]) == 1
    assert "streaming.py: error: " in capsys.readouterr().err


def test_rounds_on_a_busy_core_stand_apart() -> None:
    machine = dict.fromkeys(("model", "os", "python"), "") | {"cores": 2, "governor": None, "temperature_c": None}
    report = {
        "pairs": [(1.9, 0.8, 0.4), (1.8, 0.8, 0.4), (1.7, 0.8, 1.6), (1.0, 0.8, 0.8)], "pictures": 8,
        "engine": "litert", "threads": 1, "warnings": [], "machine": machine, "command": ["streaming.py"],
        "date": "", "others_cores": None, "load_before": 0.0,
    }  # fmt: skip
    page = streaming.to_page(report)
    assert page.verdict == "Decoding on a second core is 2.00 x as fast, at a gauge of 1.6-9.0 (3 pairs)"
    said = to_markdown(page)
    assert "| 1.6-9.0 | 3 | 100.0 | 50.0 | 2.00 | 2 |" in said
    assert "| 0.0-1.3 | 1 | 100.0 | 100.0 | 1.00 | 0 |" in said
