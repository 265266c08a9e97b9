"""Plots of saved profiles: a PNG, and a page that is looked at in a real browser where there is one."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from PIL import Image

from ressq_edge.plot import draw_profile, main, read_profile
from ressq_runtime import OutputError, RessqError, profile

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")


@pytest.fixture(scope="module")
def measured(artefacts: dict[str, Path], shapes: Path) -> dict[str, Any]:
    pictures = sorted(shapes.rglob("*.png"))[:2]
    found: dict[str, Any] = json.loads(json.dumps(profile(artefacts["int8.tflite"], pictures, runs=12, processes=2)))
    return found


def throttled(measured: dict[str, Any]) -> dict[str, Any]:
    return {**measured, "warnings": ["governor is ondemand, not performance", "under-voltage has occurred"]}


def test_a_profile_keeps_its_samples_and_stays_small(measured: dict[str, Any]) -> None:
    assert {len(stage["samples_ms"]) for stage in measured["stages"].values()} == {12}
    assert len(json.dumps(measured)) < 20_000


def test_a_page_needs_nothing_from_the_network(measured: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "profile.html"
    draw_profile(measured, path)
    page = path.read_text()
    assert page.count("<svg") == 5
    assert not re.search(r"""(src|href)\s*=\s*["'](?!#)(?!data:)|url\((?!#)|@import|<script""", page)
    for shown in (
        "Inference, 12 runs",
        "Time line",
        "A warm picture",
        "A fresh process",
        "fire9",
        "conv1",
        "int8.tflite on ",
    ):
        assert shown in page
    ET.fromstring(page[page.index("<svg") : page.index("</svg>") + 6])
    assert len(page) < 300_000


def test_a_png_is_a_picture_of_some_size(measured: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "profile.png"
    draw_profile(measured, path)
    with Image.open(path) as image:
        assert image.format == "PNG"
        assert min(image.size) > 1000


def test_a_board_that_does_not_hold_its_speed_is_said_loudly(measured: dict[str, Any], tmp_path: Path) -> None:
    calm, loud = tmp_path / "calm.html", tmp_path / "loud.html"
    draw_profile({**measured, "warnings": []}, calm)
    draw_profile(throttled(measured), loud)
    assert '<p class="alarm">' not in calm.read_text()
    assert '<p class="alarm">governor is ondemand, not performance; under-voltage has occurred' in loud.read_text()
    for name, found in (("calm", measured), ("loud", throttled(measured))):
        draw_profile({**found, "warnings": found["warnings"] if name == "loud" else []}, tmp_path / f"{name}.png")
    red = [_count_red(tmp_path / f"{name}.png") for name in ("calm", "loud")]
    assert red[0] < 50
    assert red[1] > 10_000


def _count_red(path: Path) -> int:
    with Image.open(path) as image:
        return sum(count for count, pixel in image.convert("RGB").getcolors(1 << 24) if pixel == (0xB9, 0x1C, 0x1C))


def test_what_was_not_measured_is_said_in_its_place(measured: dict[str, Any], tmp_path: Path) -> None:
    partial = {**measured, "cold_start": {"not_measured": "left out"}, "modules": {"not_measured": "no names"}}
    for suffix in ("html", "png"):
        draw_profile(partial, tmp_path / f"partial.{suffix}")
    page = (tmp_path / "partial.html").read_text()
    assert "not measured: left out" in page
    assert "not measured: no names" in page


def test_a_model_s_name_is_no_markup(measured: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "profile.html"
    draw_profile({**measured, "model": "<img src=x>$a_$.tflite", "warnings": ["<b>"]}, path)
    assert "<img" not in path.read_text()
    assert "<b></" not in path.read_text().split("<section")[0]
    draw_profile({**measured, "model": "$a_$.tflite"}, tmp_path / "profile.png")


@pytest.mark.skipif(CHROMIUM is None, reason="no browser installed")
def test_a_browser_draws_the_page(measured: dict[str, Any], tmp_path: Path) -> None:
    page, shot = tmp_path / "profile.html", tmp_path / "shot.png"
    draw_profile(throttled(measured), page)
    command = [str(CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu", "--window-size=1200,1300",
               f"--user-data-dir={tmp_path / 'browser'}", f"--screenshot={shot}", page.as_uri()]  # fmt: skip
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    with Image.open(shot) as image:
        colours = image.convert("RGB").getcolors(1 << 24)
    assert colours is not None
    drawn = {pixel: count for count, pixel in colours}
    assert drawn.get((0x0E, 0x74, 0x90), 0) > 5_000, "bars"
    assert drawn.get((0xB9, 0x1C, 0x1C), 0) > 20_000, "alarm"


def test_a_plot_over_a_folder_is_our_error(measured: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "out.html").mkdir()
    with pytest.raises(OutputError, match=r"out\.html: Is a directory; check the path and free space"):
        draw_profile(measured, tmp_path / "out.html")


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 1}', "[" * 100_000, '{"format": 2}'])
def test_what_is_no_profile_is_refused(text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    saved = tmp_path / "saved.json"
    saved.write_text(text)
    assert main([str(saved), str(tmp_path / "out.html")]) == 1
    wanted = (
        "ressq-plot: error: .*saved.json: found (no JSON|something else), wanted a profile; save one with ressq-profile"
    )
    assert re.match(wanted, capsys.readouterr().err)


def test_a_saved_profile_is_drawn_by_the_command(
    measured: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    saved, path = tmp_path / "saved.json", tmp_path / "out.html"
    saved.write_text(json.dumps(measured))
    assert main([str(saved), str(path)]) == 0
    assert path.stat().st_size > 10_000
    assert capsys.readouterr().out == f"{path}\n"
    assert read_profile(saved) == measured


def test_what_the_command_cannot_do_is_said(
    measured: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    saved = tmp_path / "saved.json"
    saved.write_text(json.dumps(measured))
    for source, out, words in (
        ("missing.json", "out.html", "missing.json: No such file or directory; save a profile with ressq-profile"),
        ("saved.json", "out.pdf", "found another suffix, wanted .png or .html"),
        ("saved.json", "nowhere/out.html", "No such file or directory; check the path and free space"),
    ):
        assert main([str(tmp_path / source), str(tmp_path / out)]) == 1
        assert words in capsys.readouterr().err


def test_a_profile_that_lacks_a_figure_is_refused(measured: dict[str, Any], tmp_path: Path) -> None:
    broken = {**measured, "stages": {}}
    for suffix in ("html", "png"):
        with pytest.raises(RessqError, match="found a profile that lacks a figure"):
            draw_profile(broken, tmp_path / f"broken.{suffix}")
