"""Pages as one HTML file that needs nothing from the network."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from page.content import Page, Table
from page.plots import draw_in_page
from ressq_edge.pages.render import render


def pages_to_html(pages: Sequence[Page], title: str) -> bytes:
    """One document of one page or several, UTF-8; several get a list of what is there."""
    return render("page.html", Path(__file__).parent, pages=pages, title=title, draw=draw_in_page, rows=_rows)


def _rows(table: Table) -> list[list[str]]:
    return [[row[0], *map(_keep, row[1:])] for row in table.rows]


def _keep(cell: str) -> str:
    """The cell, its `[0.95-1.03]` on one line with the figure before it."""
    return re.sub(r"(?<=\d)-(?=\d)", "\N{NON-BREAKING HYPHEN}", cell).replace(" [", "\N{NO-BREAK SPACE}[")
