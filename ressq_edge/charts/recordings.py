"""Recordings as they run, and what classes of them swing at."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ressq_edge.charts.canvas import QUIET, draw_inline

if TYPE_CHECKING:
    from markupsafe import Markup
    from matplotlib.figure import Figure

# Told apart on white and on black, by most eyes.
COLOURS = ("#4477aa", "#d9822b", "#3d8f5f", "#c8473a", "#8a6fc0", "#8a7a1f", "#2f9aa8", "#b0558f")
_APART = 5.0  # deviations between the lines of two channels


def draw_recording(values: NDArray[np.float64], names: Sequence[str], rate: float, title: str) -> "Markup":
    """A line a channel, one above the other.

    values: (samples, channels), each channel in its deviations from its mean.
    """

    def paint(figure: "Figure") -> None:
        axes = figure.add_subplot()
        seconds = np.arange(len(values)) / rate
        places = [-_APART * number for number in range(len(names))]
        for number, place in enumerate(places):
            line = np.clip(values[:, number], -_APART, _APART) + place
            axes.plot(seconds, line, color=COLOURS[number % len(COLOURS)], linewidth=1)
        axes.set_yticks(places, names)
        axes.set(xlim=(0, max(len(values) - 1, 1) / rate))
        axes.tick_params(length=0)

    return draw_inline(paint, (4.6, 0.7 + 0.28 * len(names)), title, "recording")


def draw_spectra(
    frequencies: NDArray[np.float64], spectra: Mapping[str, NDArray[np.float64]], names: Sequence[str]
) -> "Markup":
    """A field a channel, a line a class, on logarithmic axes; spectra: (frequencies, channels) each."""
    columns = min(3, len(names))
    rows = -(-len(names) // columns)

    def paint(figure: "Figure") -> None:
        fields = figure.subplots(rows, columns, squeeze=False, sharex=True).ravel()
        for number, (axes, name) in enumerate(zip(fields, names, strict=False)):  # a row may have fields left
            for place, found in enumerate(spectra.values()):
                axes.loglog(frequencies, np.maximum(found[:, number], 1e-12), color=COLOURS[place], linewidth=1.3)
            axes.set_title(name)
            axes.grid()
            axes.tick_params(which="both", length=0, colors=QUIET)
            for axis in (axes.xaxis, axes.yaxis):  # matplotlib's own are formulas, which no page sets
                axis.set_major_formatter(lambda value, _: f"{value:g}")
                axis.set_minor_formatter(lambda _value, _: "")
        for axes in fields[len(names) :]:
            axes.set_visible(False)
        figure.supxlabel("Hz", color=QUIET)

    return draw_inline(paint, (9.9, 0.6 + 2.1 * rows), "spectra", "spectra")
