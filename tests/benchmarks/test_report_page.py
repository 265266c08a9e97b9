"""The page of a benchmark in a real browser, and its Markdown."""

from __future__ import annotations

import io
from importlib import import_module
from pathlib import Path

from PIL import Image

import render
from browser import browsing
from page.content import Bars, Curves, Page, Section, Table
from page.html import pages_to_html
from page.markdown import to_markdown
from page.plots import draw
from page.write import to_file_name, write
from render import PAGES, load_page

CURVES = Curves(
    "Cost & size",
    "classes",
    "milliseconds",
    {"int8": [(2, 1.0), (1000, 3.0)]},
    {"int8": [(2, 1.0), (1000, 4.0)]},
    log=True,
)
BARS = Bars("Latency, p50", "ms", ["LiteRT", "<b>ONNX</b>"], {"fp32": [4.0, 5.0], "int8": [1.5, None]})
PAGE = Page(
    "odd", "fp32 < int8 & co", "Ship it", ["load average 3.00"],
    [Section("Latency", ["In `ms`; a < b."], Table(["", "p50"], [["a|b", "1.5"]]), [BARS]),
     Section("Growth", plots=[CURVES]), Section("Not measured", ["* ncnn: no wheel"])],
    ["`odd.py`: a board"],
)  # fmt: skip


def test_it_stands_alone_in_a_browser(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_bytes(pages_to_html([PAGE, PAGE], "Benchmarks"))
    profile = tmp_path / "chromium"
    profile.mkdir()
    with browsing(profile) as browser:
        browser.cut_off()
        for width in (1200, 400):
            browser.open(path.as_uri(), width=width, height=1500)
            browser.wait_for("document.readyState === 'complete' && document.querySelector('.about') !== null")
            assert browser.value("document.documentElement.scrollWidth <= window.innerWidth"), "nothing sticks out"
            widths = browser.value("Array.from(document.querySelectorAll('svg'), plot => plot.clientWidth)")
            assert len(widths) == 4
            assert min(widths) > 290
        assert browser.faults == []
        assert set(browser.requests) == {path.as_uri()}
        text = browser.value("document.body.innerText")
        with Image.open(io.BytesIO(browser.screenshot())) as shown:
            colours = {colour for _, colour in shown.convert("RGB").getcolors(1 << 20) or ()}
    for words in ("fp32 < int8 & co", "Do not quote. load average 3.00", "In ms; a < b.", "ncnn: no wheel"):
        assert words in text
    assert (0x0E, 0x74, 0x90) in colours, "the first bar's or the verdict's colour"


def test_plots_are_the_same_each_time_and_say_what_is_missing() -> None:
    svg = draw(BARS, "svg").decode()
    assert svg == draw(BARS, "svg").decode()
    assert "not measured" in svg
    assert "&lt;b&gt;ONNX" in svg
    assert ">expected<" in draw(CURVES, "svg").decode()


def test_markdown_keeps_its_columns(tmp_path: Path) -> None:
    text = to_markdown(PAGE)
    assert text.startswith("# fp32 < int8 & co\n\n**Ship it**\n\n**Do not quote: load average 3.00.**\n")
    assert "| a/b | 1.5 |" in text
    assert to_file_name("Latency, p50") == "latency-p50"
    names = [path.name for path in write({"benchmark": "odd"}, PAGE, tmp_path)]
    assert names[:4] == ["odd.json", "odd.md", "odd.html", "odd-latency-p50.svg"]
    assert len(names) == 7


def test_every_kind_of_report_has_a_page_and_the_kept_ones_are_drawn() -> None:
    for module in PAGES.values():
        assert callable(import_module(module).to_page)
    kept = sorted((Path(render.__file__).parent / "results").glob("*.json"))
    for path in kept:  # of some there is one more: bypass_scratch.json
        assert path.stem == load_page(path).name or path.stem.startswith(f"{load_page(path).name}_")
    assert "| int8.tflite | 91.7 (91.7, 91.1, 92.2) |" in to_markdown(load_page(kept[0]))
