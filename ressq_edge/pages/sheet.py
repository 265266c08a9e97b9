"""The sheet that every page is written on: head, style and policy; and its tables."""

from collections.abc import Sequence
from importlib.resources import files
from xml.etree.ElementTree import Element

from ressq_edge.pages.markup import Child, element, label, to_html

# Should a name ever get past the escaping: the browser fetches nothing and runs nothing.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


def make_sheet(title: str, main: Element, style: str) -> bytes:
    """A whole page, UTF-8: `main` on the common sheet, with the rules of its own style added."""
    common = (files(__package__) / "sheet.css").read_text(encoding="utf-8")
    head = element(
        "head", element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=_POLICY),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("title", title),
        element("style", common + style),
    )  # fmt: skip
    return to_html(element("html", head, element("body", main), lang="en"))


def make_header(kicker: str, name: str, *lines: Child) -> Element:
    """What it is, whose it is, and further lines."""
    return element("header", element("p", kicker, class_="kicker"), element("h1", label(name)), *lines)


def make_verdict(
    outcome: str, headline: str, sentences: Sequence[Child], tiles: Sequence[tuple[str, str, str]]
) -> Element:
    """The box that is read first.

    Args:
        outcome: its colour: "kept", "faithful", "unsure", "lost" or "refused".
        headline: in a few words.
        sentences: what a reader should know.
        tiles: name, figure and a note below it.
    """
    shown = [
        element("div", element("dt", name), element("dd", value), element("dd", note, class_="quiet"))
        for name, value, note in tiles
    ]
    told = (element("p", sentence) for sentence in sentences)
    return element("section", element("h2", headline), *told, element("dl", *shown), class_=f"verdict {outcome}")


def make_facts(facts: Sequence[tuple[str, Child]]) -> Element:
    """Names and what they mean or are, one a line."""
    rows = (element("div", element("dt", name), element("dd", value)) for name, value in facts)
    return element("dl", *rows, class_="facts")


def table(heads: Sequence[str], rows: Sequence[Sequence[Child]], kind: str) -> Element:
    """A table; each cell also knows its column's head, which a narrow page shows beside it."""
    head = element("thead", element("tr", *(element("th", text, scope="col") for text in heads)))
    body = element("tbody")
    for first, *cells in rows:
        row = element("tr", element("th", first, scope="row"))
        row.extend(element("td", cell, data_head=text) for text, cell in zip(heads[1:], cells, strict=True))
        body.append(row)
    return element("div", element("table", head, body, class_=kind), class_="scroll")
