"""The data page's drawings as inline SVG, coloured by its style; widths in percent, so that text keeps its size."""

import math
from collections.abc import Sequence
from xml.etree.ElementTree import Element

from ressq_edge.pages.markup import element

_HEIGHT, _LOW = 150, 22  # pixels; of the histogram, and of its axis
_BINS_PER_OCTAVE = 3


def draw_share(share: float) -> Element:
    """A bar from the left; share 0..1."""
    bar = element("rect", x="0", y="3", width=f"{100 * share:.2f}%", height="8", rx="2")
    return element("svg", bar, class_="share", height="14", aria_hidden="true")


def draw_colours(means: Sequence[float], deviations: Sequence[float]) -> Element:
    """Mean of R, G and B, 0..255, each with a line of one standard deviation to both sides."""
    drawn = [element("line", x1="0", x2="100%", y1="11", y2="11", class_="axis")]
    for kind, y, mean, deviation in zip("rgb", (4, 11, 18), means, deviations, strict=True):
        low, at, high = (
            f"{100 * min(255.0, max(0.0, value)) / 255:.2f}%" for value in (mean - deviation, mean, mean + deviation)
        )
        drawn.append(element("line", x1=low, x2=high, y1=str(y), y2=str(y), class_=kind))
        drawn.append(element("circle", cx=at, cy=str(y), r="3.2", class_=kind))
    told = ", ".join(f"{value:.0f}" for value in means)
    return element("svg", *drawn, class_="colours", height="22", role="img", aria_label=f"R, G, B: {told}")


def draw_sizes(sides: Sequence[int], resize: int) -> Element:
    """How many pictures have a shorter side of so many pixels, on a logarithmic axis; a line marks the network's."""
    octaves = [math.floor(math.log2(side)) for side in (min(*sides, resize), max(*sides, resize))]
    first, end = octaves[0] - 1, octaves[1] + 2  # one more to both sides, and more than one for a single size
    counts = [0] * (_BINS_PER_OCTAVE * (end - first))
    for side in sides:
        counts[math.floor(_BINS_PER_OCTAVE * (math.log2(side) - first))] += 1
    step, floor, top = 100 / len(counts), _HEIGHT - _LOW, 16
    drawn = [element("line", x1="0", x2="100%", y1=str(floor), y2=str(floor), class_="axis")]
    for number, count in enumerate(counts):
        if count:
            height = max(1.5, (floor - top) * count / max(counts))
            low, high = (2 ** (first + at / _BINS_PER_OCTAVE) for at in (number, number + 1))
            title = element("title", f"{math.ceil(low)} to {math.ceil(high) - 1} pixels: {count:,} pictures")
            drawn.append(
                element(
                    "rect", title, x=f"{step * (number + 0.08):.2f}%", width=f"{step * 0.84:.2f}%",
                    y=f"{floor - height:.1f}", height=f"{height:.1f}", rx="2", class_="column",
                )
            )  # fmt: skip
    for octave in range(first + 1, end):
        x = f"{step * _BINS_PER_OCTAVE * (octave - first):.2f}%"
        drawn.append(element("text", f"{2**octave:,}", x=x, y=str(_HEIGHT - 5), class_="middle"))
    x = f"{step * _BINS_PER_OCTAVE * (math.log2(resize) - first):.2f}%"
    drawn.append(element("line", x1=x, x2=x, y1="0", y2=str(floor), class_="mark"))
    return element("svg", *drawn, class_="sizes", height=str(_HEIGHT), role="img", aria_label="shorter sides")
