"""The report of `benchmarks/scale.py` as a page."""

from __future__ import annotations

from typing import Any

from circumstances import describe_machine
from page.content import Curves, Page, Section, Table

# axis -> title, what grows, what it costs, whether both axes are logarithmic
_TITLES = {
    "picture": ("Size of the picture", "megapixels", "file to label, ms of a core", True),
    "input": ("Size of the input", "side, pixels", "inference, ms of a core", True),
    "classes": ("Number of classes", "classes", "inference, ms of a core", True),
    "folder": ("Pictures in a folder", "pictures", "whole process, ms of a core", False),
    "threads": ("Threads", "threads", "inference, ms", False),
}


def to_page(report: dict[str, Any]) -> Page:
    """A plot and a row for each axis."""
    rows = [row for axis, found in report["axes"].items() for row in _rows(axis, found)]
    sections = [Section("From one end to the other", [
        "How many times as much the last point costs as the first, and how many times it should: dashed in the plots."
    ], Table(["", "from", "to", "costs", "expected"], rows))]  # fmt: skip
    for axis, found in report["axes"].items():
        title, x, y, log = _TITLES[axis]
        lines, expected = (
            {name: [(point[0], point[1]) for point in points] for name, points in found[key].items()}
            for key in ("lines", "expected")
        )
        sections.append(Section(title, plots=[Curves(title, x, y, lines, expected, log)]))
    return Page("scale", "How cost grows", _verdict(report), report["warnings"], sections, [describe_machine(report)])


def _rows(axis: str, found: dict[str, Any]) -> list[list[str]]:
    rows = []
    for name, points in found["lines"].items():
        (start, first), (end, last) = points[0], points[-1]
        wanted = found["expected"].get(name)
        title = f"{_TITLES[axis][0]}, {name}"
        growth = f"{wanted[-1][1] / wanted[0][1]:.2f} x" if wanted else ""
        rows.append([title, f"{start:g}", f"{end:g}", f"{last / first:.2f} x", growth])
    return rows


def _verdict(report: dict[str, Any]) -> str:
    pictures, classes = (report["axes"][axis]["lines"] for axis in ("picture", "classes"))
    (small, first), (large, last) = pictures["ressq-infer"][0], pictures["ressq-infer"][-1]
    (few, cheap), (many, dear) = classes["int8"][0], classes["int8"][-1]
    return (
        f"A picture {large / small:.0f} times as large costs {last / first:.1f} times as much from file to label; "
        f"{many:,} classes instead of {few} cost {dear / cheap:.2f} times as much"
    )
