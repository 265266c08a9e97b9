"""How often answers of a given probability are right."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ressq_edge.charts.canvas import AMBER, LEAF, QUIET, add_tip, draw_inline

if TYPE_CHECKING:
    from markupsafe import Markup
    from matplotlib.figure import Figure

_SIZE = (3.4, 3.5)  # inches
_TICKS = (0.0, 0.25, 0.5, 0.75, 1.0)
_LINES = {"before": (AMBER, (0, (5, 4))), "after": (LEAF, "solid")}


def draw_reliability(curves: Sequence[tuple[str, Sequence[Mapping[str, Any]]]]) -> "Markup":
    """On the diagonal a probability means what it says.

    Args:
        curves: "before" or "after", and its bins; the dots' areas grow with the pictures in a bin.
    """

    def paint(figure: "Figure") -> None:
        axes = figure.add_subplot()
        axes.plot((0, 1), (0, 1), color=QUIET, linewidth=0.8, linestyle=(0, (3, 4)))
        for kind, bins in curves:
            colour, dashes = _LINES[kind]
            filled = [found for found in bins if found["n"]]
            places = [(found["confidence"], found["accuracy"]) for found in filled]
            axes.plot(*zip(*places, strict=True), color=colour, linestyle=dashes, linewidth=1.4)
            total = sum(found["n"] for found in filled)
            for found, (x, y) in zip(filled, places, strict=True):
                size = 4 + 9 * (found["n"] / total) ** 0.5  # points
                (dot,) = axes.plot(x, y, "o", color=colour, markersize=size, alpha=0.85, clip_on=False)
                add_tip(dot, f"{found['n']} pictures: {x:.1%} sure, {y:.1%} right")
        ticks = [f"{100 * tick:.0f}" for tick in _TICKS]
        axes.set_xticks(_TICKS, ticks)
        axes.set_yticks(_TICKS, ticks)
        axes.set(xlim=(0, 1), ylim=(0, 1), aspect="equal")
        axes.set(xlabel="probability of the answer", ylabel="share that is right")
        axes.tick_params(length=0, pad=8)
        axes.grid()

    return draw_inline(paint, _SIZE, "reliability diagram", "reliability")
