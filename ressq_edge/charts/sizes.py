"""How large a run's pictures are."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ressq_edge.charts.canvas import AMBER, CONV, QUIET, add_tip, draw_inline

if TYPE_CHECKING:
    from markupsafe import Markup
    from matplotlib.figure import Figure

_BINS_PER_OCTAVE = 3
_SIZE = (9.9, 1.6)  # inches


def draw_sizes(sides: Sequence[int], resize: int) -> "Markup":
    """How many pictures have a shorter side of so many pixels, on a logarithmic axis; a line marks the network's."""
    first = math.floor(math.log2(min(*sides, resize))) - 1
    end = math.floor(math.log2(max(*sides, resize))) + 2
    edges = [2 ** (first + step / _BINS_PER_OCTAVE) for step in range(_BINS_PER_OCTAVE * (end - first) + 1)]

    def paint(figure: "Figure") -> None:
        axes = figure.add_subplot()
        axes.set_xscale("log", base=2)
        counts, _, _ = axes.hist(sides, edges, color=CONV, rwidth=0.84)
        for low, high, n, column in zip(edges[:-1], edges[1:], counts, axes.patches, strict=True):
            if n:
                add_tip(column, f"{math.ceil(low)} to {math.ceil(high) - 1} pixels: {n:,.0f} pictures")
        axes.axvline(resize, color=AMBER, linewidth=1.2, linestyle=(0, (4, 3)))
        octaves = [2**octave for octave in range(first + 1, end)]
        axes.set_xticks(octaves, [f"{octave:,}" for octave in octaves], color=QUIET)
        axes.set(xlim=(edges[0], edges[-1]), yticks=[])
        axes.tick_params(length=0)

    return draw_inline(paint, _SIZE, "shorter sides", "sizes")
