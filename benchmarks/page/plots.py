"""Plots on ressq_edge's canvas."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from matplotlib.ticker import FuncFormatter, MaxNLocator, NullFormatter

from page.content import Bars, Curves
from ressq_edge.charts import canvas
from ressq_edge.charts.canvas import ACCENT, INK, QUIET, SECOND

if TYPE_CHECKING:
    from markupsafe import Markup
    from matplotlib.figure import Figure

_COLOURS = (ACCENT, SECOND, "#7c3aed", "#15803d", "#be123c", "#64748b", "#0369a1", "#a16207")
_WIDTH, _BAR, _CURVES_HEIGHT = 8.4, 0.24, 4.2  # inches


def draw(plot: Bars | Curves, kind: str) -> bytes:
    """The plot as `svg` or `png`, on white, since a README may stand on black."""
    return canvas.draw(_paint(plot), (_WIDTH, _height(plot)), kind, plot.title)


def draw_in_page(plot: Bars | Curves) -> Markup:
    """The plot as an element of a page, with its figures in words for those who can't see it."""
    return canvas.draw_inline(_paint(plot), (_WIDTH, _height(plot)), "; ".join(_say(plot)), "plot")


def _paint(plot: Bars | Curves) -> Callable[[Figure], None]:
    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        if isinstance(plot, Bars):
            _draw_bars(axes, plot)
        else:
            _draw_curves(axes, plot)
        axes.set_title(plot.title)

    return paint


def _say(plot: Bars | Curves) -> Iterator[str]:
    yield plot.title
    if isinstance(plot, Bars):
        for index, name in enumerate(plot.names):
            found = (f"{series} {values[index]}" for series, values in plot.series.items())
            yield f"{name}: {', '.join(found)} {plot.unit}"
    else:
        for name, points in plot.lines.items():
            yield f"{name}: " + ", ".join(f"{y:.3g} at {x:g}" for x, y in points)


def _height(plot: Bars | Curves) -> float:
    if isinstance(plot, Curves):
        return _CURVES_HEIGHT
    return 1.2 + _BAR * len(plot.names) * (len(plot.series) + 0.6)


def _draw_bars(axes: Any, plot: Bars) -> None:
    """The first name on top, and in each group the first series on top."""
    step = 1 / (len(plot.series) + 0.6)
    most = max((value for values in plot.series.values() for value in values if value is not None), default=1.0)
    for index, (name, values) in enumerate(plot.series.items()):
        places = [row + (index + 0.3) * step for row in range(len(plot.names))]
        axes.barh(
            places, [value or 0 for value in values], 0.86 * step, align="edge", color=_COLOURS[index], label=name
        )
        for place, value in zip(places, values, strict=True):
            text = "not measured" if value is None else f"{value:,.3g}" if value < 100 else f"{value:,.0f}"
            axes.text((value or 0) + 0.008 * most, place + 0.43 * step, text, va="center", fontsize=8, color=QUIET)
    axes.set_yticks([row + 0.5 for row in range(len(plot.names))], plot.names, color=INK)
    axes.set(xlabel=plot.unit, xlim=(0, 1.12 * most or 1), ylim=(len(plot.names), 0))
    axes.grid(axis="x")
    if len(plot.series) > 1:
        axes.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=4, frameon=False, borderpad=0)


def _draw_curves(axes: Any, plot: Curves) -> None:
    colours = {name: _COLOURS[index % len(_COLOURS)] for index, name in enumerate(plot.lines)}
    for name, points in plot.expected.items():
        axes.plot(*zip(*points, strict=True), color=colours.get(name, QUIET), linestyle=(0, (5, 3)), linewidth=1.2)
    for name, points in plot.lines.items():
        axes.plot(*zip(*points, strict=True), color=colours[name], marker="o", markersize=4, linewidth=1.8, label=name)
    if plot.expected:
        axes.plot([], [], color=QUIET, linestyle=(0, (5, 3)), linewidth=1.2, label="expected")
    axes.set(xlabel=plot.x, ylabel=plot.y)
    if plot.log:
        axes.set(xscale="log", yscale="log")
        ticks = sorted({x for points in plot.lines.values() for x, _ in points})
        axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
        axes.xaxis.set_minor_formatter(NullFormatter())
        for formatter in (axes.yaxis.set_major_formatter, axes.yaxis.set_minor_formatter):
            formatter(FuncFormatter(lambda value, _: f"{value:g}" if f"{value:e}"[0] in "125" else ""))
    else:
        axes.set(xlim=(0, None), ylim=(0, None))
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))  # what grows is counted
    axes.grid(axis="y")
    axes.legend(frameon=False)
