"""What a page says, before it is drawn. Needs nothing but Python, so that a Pi can write its Markdown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Table:
    """A head, and rows as long as it; the first column names the row."""

    head: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True)
class Bars:
    """A group of horizontal bars for each name; the less the better.

    title, unit  of the plot
    names        of the groups
    series       name of a bar in each group -> its length in each, None where there is none
    """

    title: str
    unit: str
    names: Sequence[str]
    series: Mapping[str, Sequence[float | None]]


@dataclass(frozen=True)
class Curves:
    """What grows with what.

    title, x, y  of the plot and its axes, units included
    lines        name -> (x, y) as measured
    expected     name -> (x, y) as it should be, drawn dashed in the colour of the measured line of that name
    log          both axes logarithmic
    """

    title: str
    x: str
    y: str
    lines: Mapping[str, Sequence[tuple[float, float]]]
    expected: Mapping[str, Sequence[tuple[float, float]]] = field(default_factory=dict)
    log: bool = False


@dataclass(frozen=True)
class Section:
    """A heading with sentences, a table and plots, each of which may be missing."""

    title: str
    text: Sequence[str] = ()
    table: Table | None = None
    plots: Sequence[Bars | Curves] = ()


@dataclass(frozen=True)
class Page:
    """A benchmark's results.

    name      of its files: `fp32_vs_int8`
    title     what was compared
    verdict   the one sentence to take away
    alarms    why the figures should not be quoted; empty on a quiet machine
    sections  the rest
    about     command, machine, date
    """

    name: str
    title: str
    verdict: str
    alarms: Sequence[str]
    sections: Sequence[Section]
    about: Sequence[str]
