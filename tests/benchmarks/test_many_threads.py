"""Threads that share a classifier are measured beside threads with one each, and every answer is held to be right."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import many_threads
from cold_start import draw_photo
from page.markdown import to_markdown
from render import load_page


def test_the_three_ways_are_measured_on_both_kinds_of_pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(many_threads, "PICTURES_A_RUN", 4)
    photo, out = draw_photo(tmp_path / "photo.jpg"), tmp_path / "out"
    assert many_threads.main([str(photo), "--rounds", "1", "--threads", "2", "--out", str(out)]) == 0
    report = json.loads((out / "many_threads.json").read_text())
    for found in report["kinds"].values():
        assert set(found) == {*many_threads.WAYS, "gauge"}
        assert all(value > 0 for (value,) in found.values())
    assert " x as many pictures of twelve megapixels as one thread" in load_page(out / "many_threads.json").verdict


def test_what_cannot_be_read_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert many_threads.main([str(tmp_path / "none.jpg"), "--out", str(tmp_path)]) == 1
    assert "many_threads.py: error: " in capsys.readouterr().err


def test_ratios_are_taken_round_by_round() -> None:
    machine = dict.fromkeys(("model", "os", "python"), "") | {"cores": 2, "governor": None, "temperature_c": None}
    rounds = [[10.0, 10.0, 20.0], [20.0, 20.0, 20.0], [20.0, 40.0, 20.0], [1.9, 1.9, 1.9]]
    report = {
        "kinds": {"twelve megapixels": dict(zip((*many_threads.WAYS, "gauge"), rounds, strict=True))}, "threads": 8,
        "pictures": 64, "engine": "litert", "interpreter_threads": 1, "own_mb": 6.0, "warnings": [], "machine": machine,
        "command": ["many_threads.py"], "date": "", "others_cores": None, "load_before": 0.0,
    }  # fmt: skip
    page = many_threads.to_page(report)
    assert page.verdict.startswith("8 threads that share a classifier answer 2.00 x as many pictures")
    assert "| twelve megapixels | 10.0 | 20.0 | 20.0 | 2.00 [1.20-2.00] | 1.00 [0.60-1.00] | 1.90 |" in to_markdown(
        page
    )


def test_a_wrong_answer_ends_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    photo = draw_photo(tmp_path / "photo.jpg")
    monkeypatch.setattr(many_threads, "spread_out", lambda pictures, _: ["another"] * len(pictures))
    with pytest.raises(SystemExit, match="found other answers than one thread gives"):
        many_threads.main([str(photo), "--rounds", "1", "--threads", "2", "--out", str(tmp_path)])
