"""Drawings that stand in a page: in its colours, the same each time, and whatever is written on them is text."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import numpy as np

from ressq_edge.charts.canvas import CONV, INK, add_tip, draw_inline
from ressq_edge.charts.layers import Column, draw_layers
from ressq_edge.charts.masks import UNUSED, choose_unused, colour_mask
from ressq_edge.pages.render import render

if TYPE_CHECKING:
    from matplotlib.figure import Figure

HOSTILE = "</title></svg><script>1</script>\" ' {{7*7}} $5-$10"


def paint(figure: Figure) -> None:
    axes = figure.add_subplot()
    (bar,) = axes.bar(HOSTILE, 3, color=CONV)
    add_tip(bar, HOSTILE)
    axes.set_title(HOSTILE, color=INK)


def test_what_is_written_on_a_drawing_is_text() -> None:
    found = ET.fromstring(draw_inline(paint, (4, 3), HOSTILE, "chart"))
    assert found.get("aria-label") == HOSTILE
    assert found.get("class") == "chart"
    texts = [element.text for element in found.iter() if element.text and element.text.strip()]
    assert texts.count(HOSTILE) == 3, "the bar's name, its tip and the title"
    assert {element.tag for element in found.iter()} >= {"title", "text", "path"}


def test_a_drawing_takes_its_page_s_colours_and_gives_it_nothing_else() -> None:
    drawn = draw_inline(paint, (4, 3), "a", "chart")
    assert drawn == draw_inline(paint, (4, 3), "a", "chart")
    assert "fill: var(--conv)" in drawn
    assert not re.search("<style|<metadata|DejaVu|<g id=|http", drawn)
    sheet = render("base.html").decode()
    for name in {*re.findall(r"var\(--(\w+)\)", drawn)}:
        assert f"--{name}: light-dark(" in sheet
    assert set(re.findall(r"url\(#(\w+)\)", drawn)) <= set(re.findall(r' id="(\w+)"', drawn))


def test_layers_stand_module_by_module_and_the_worst_are_named() -> None:
    columns = [
        Column(module, value, CONV, f"{module} {value}", value == 9.0)
        for module, value in (("conv1", 30.0), ("layer1.0", 20.0), ("layer1.1", 9.0), ("pool1", None), ("logits", -3.0))
    ]
    drawn = draw_layers(columns, "dB")
    texts = re.findall(r"<text[^>]*>([^<]*)</text>", drawn)
    assert [text for text in texts if not text.isdigit()] == ["conv1", "layer1.0", ".1", "logits"]
    assert "9" in texts
    assert drawn.count("<title>") == 4, "a gap has no column"


def test_ignored_pixels_have_a_colour_that_no_class_has() -> None:
    colours = [(255, 255, 255), (10, 10, 10), (120, 130, 125)]
    found = colour_mask(np.array([[0, 1], [2, 255]], np.uint8), colours)
    assert found[0].tolist() == [[255, 255, 255], [10, 10, 10]]
    assert found[1].tolist() == [[120, 130, 125], [255, 0, 255]]
    assert choose_unused([]) == UNUSED[0]
