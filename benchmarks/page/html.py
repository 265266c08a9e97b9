"""Pages as one HTML file that needs nothing from the network."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterator, Sequence
from pathlib import Path
from xml.etree.ElementTree import Element

from page.content import Bars, Curves, Page, Section, Table
from page.plots import draw
from ressq_edge.pages.markup import element, to_html

_STYLE = Path(__file__).with_name("page.css")


def pages_to_html(pages: Sequence[Page], title: str) -> bytes:
    """One document of one page or several, UTF-8; several get a list of what is there."""
    head = element(
        "head", element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("title", title), element("style", _STYLE.read_text()),
    )  # fmt: skip
    links = [element("li", element("a", page.title, href=f"#{page.name}"), f": {page.verdict}") for page in pages]
    contents = [element("h1", title, class_="whole"), element("ol", *links)] if len(pages) > 1 else []
    body = element("body", element("main", *contents, *(_article(page) for page in pages)))
    return to_html(element("html", head, body, lang="en"))


def _article(page: Page) -> Element:
    alarm = element("p", element("b", "Do not quote. "), "; ".join(page.alarms), class_="alarm")
    return element(
        "article", element("h1", page.title), element("p", page.verdict, class_="verdict"),
        alarm if page.alarms else None, *(_section(section) for section in page.sections),
        *(element("p", *_words(line), class_="about") for line in page.about), id=page.name,
    )  # fmt: skip


def _section(section: Section) -> Element:
    text = [element("ul", *(element("li", *_words(line[2:])) for line in section.text))] if _is_list(section) else [
        element("p", *_words(line)) for line in section.text]  # fmt: skip
    table = [element("div", _table(section.table), class_="scroll")] if section.table else []
    return element("section", element("h2", section.title), *text, *table, *map(_figure, section.plots))


def _words(line: str) -> list[Element | str]:
    """The line, what stands between backticks as code."""
    return [element("code", part) if index % 2 else part for index, part in enumerate(line.split("`"))]


def _is_list(section: Section) -> bool:
    return bool(section.text) and all(line.startswith("* ") for line in section.text)


def _table(table: Table) -> Element:
    rows = [
        element("tr", element("th", row[0]), *(element("td", _keep(cell)) for cell in row[1:])) for row in table.rows
    ]
    head = element("tr", *(element("th", cell) for cell in table.head))
    return element("table", element("thead", head), element("tbody", *rows))


def _keep(cell: str) -> str:
    """The cell, its `[0.95-1.03]` on one line with the figure before it."""
    return re.sub(r"(?<=\d)-(?=\d)", "\N{NON-BREAKING HYPHEN}", cell).replace(" [", "\N{NO-BREAK SPACE}[")


def _figure(plot: Bars | Curves) -> Element:
    source = f"data:image/svg+xml;base64,{b64encode(draw(plot, 'svg')).decode()}"
    return element("figure", element("img", src=source, alt="; ".join(_say(plot))))


def _say(plot: Bars | Curves) -> Iterator[str]:
    """The plot in words, for those who can't see it."""
    yield plot.title
    if isinstance(plot, Bars):
        for index, name in enumerate(plot.names):
            found = (f"{series} {values[index]}" for series, values in plot.series.items())
            yield f"{name}: {', '.join(found)} {plot.unit}"
    else:
        for name, points in plot.lines.items():
            yield f"{name}: " + ", ".join(f"{y:.3g} at {x:g}" for x, y in points)
