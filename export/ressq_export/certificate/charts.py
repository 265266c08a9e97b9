"""The page's drawings as inline SVG, coloured by its style; widths in percent, so that text keeps its size."""

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any
from xml.etree.ElementTree import Element

from ressq_edge.pages.markup import element
from ressq_edge.pages.words import percent, short
from ressq_export.network.tensor_names import find_block

# Of the layers' chart, in pixels but for the gutter.
_HEIGHT, _TOP, _BOTTOM = 210, 22, 24
_GUTTER = 0.05  # share of the width
_GAP = 0.7  # between two modules, in columns
_GRID_DB = 10
# Of the reliability diagram: a square and its margins.
_SIDE, _LEFT, _RIGHT, _LOW = 260, 40, 12, 40
_TICKS = (0.0, 0.25, 0.5, 0.75, 1.0)
# A layer's kind -> its colour's class in page.css, and the colour's words in the legend.
_KINDS = {
    "convolution": "conv",
    "depthwise convolution": "conv",
    "concatenation": "concat",
    "sum": "sum",
    "difference": "sum",
}
_LEGEND = {"conv": "convolution", "concat": "concatenation", "sum": "sum of a bypass", "other": "other"}


def _share(value: float) -> str:
    return f"{100 * value:.3f}%"


def _svg(kind: str, title: str, *children: Element, **attributes: str) -> Element:
    return element("svg", *children, class_=kind, role="img", aria_label=title, **attributes)


def draw_interval(found: Mapping[str, Any], axis: tuple[float, float], reference: float) -> Element:
    """Top-1 as a dot on its 95 % interval; a line marks where torch is.

    Args:
        found: an entry of `figures`.
        axis: shares at the left and the right edge.
        reference: torch's top-1.
    """
    low, value, high, mark = (
        _share((at - axis[0]) / (axis[1] - axis[0]))
        for at in (found["top1_low"], found["top1"], found["top1_high"], reference)
    )
    title = f"{percent(found['top1_low'])} to {percent(found['top1_high'])}"
    return _svg(
        "interval", title,
        element("line", x1=mark, x2=mark, y1="0", y2="18", class_="mark"),
        element("line", x1=low, x2=high, y1="9", y2="9"),
        element("circle", cx=value, cy="9", r="3.5"),
        height="18",
    )  # fmt: skip


def draw_change(change: int, most: int) -> Element:
    """Pictures of a class gained (to the right) or lost (to the left of the middle)."""
    width = abs(change) / (2 * max(most, 1))
    start = 0.5 - (width if change < 0 else 0)
    bar = element(
        "rect", x=_share(start), y="3", width=_share(width), height="8", class_="gain" if change > 0 else "loss"
    )
    middle = element("line", x1="50%", x2="50%", y1="0", y2="14")
    return _svg("change", f"change {change}", bar, middle, height="14")


def draw_layers(layers: Sequence[Mapping[str, Any]], worst: Sequence[str]) -> Element:
    """Signal to noise of every layer as columns, in the network's order, module by module."""
    modules = [(name, list(found)) for name, found in groupby(layers, lambda layer: find_block(layer["tensor"]))]
    step = (1 - _GUTTER) / (len(layers) + _GAP * (len(modules) - 1))
    highest = max([layer["snr_db"] or 0 for layer in layers] + [_GRID_DB])
    scale = (_HEIGHT - _TOP - _BOTTOM) / highest
    floor = _HEIGHT - _BOTTOM
    drawn = [
        part for level in range(0, int(highest) + 1, _GRID_DB) for part in _grid_line(level, floor - level * scale)
    ]
    at, before = _GUTTER, ""
    for name, found in modules:
        middle = at + step * len(found) / 2
        for layer in found:
            drawn += _column(layer, at, step, floor, scale, name=layer["tensor"] in worst)
            at += step
        at += _GAP * step
        if not name.startswith(("pool", "mean")):
            stem, _, number = name.partition(".")
            short_name = f".{number}" if stem == before else name  # layer1.0, .1, layer2.0: a label has little room
            drawn.append(element("text", short_name, x=_share(middle), y=str(_HEIGHT - 6), class_="middle"))
            before = stem
    return _svg("layers", "signal to noise of each layer, dB", *drawn, height=str(_HEIGHT))


def draw_legend(layers: Sequence[Mapping[str, Any]]) -> Element:
    """What the columns' colours mean, of those that are there."""
    drawn = {_KINDS.get(layer["kind"], "other") for layer in layers if layer["snr_db"] is not None}
    spans = [element("span", words, class_=kind) for kind, words in _LEGEND.items() if kind in drawn]
    return element("p", *spans, class_="legend")


def _grid_line(level: int, y: float) -> list[Element]:
    place = f"{y:.1f}"
    line = element("line", x1=_share(_GUTTER), x2="100%", y1=place, y2=place)
    return [line, element("text", str(level), x="0", y=f"{y + 3.5:.1f}")]


def _column(
    layer: Mapping[str, Any], at: float, step: float, floor: float, scale: float, *, name: bool
) -> list[Element]:
    ratio = layer["snr_db"]
    if ratio is None:
        return []
    height = max(ratio, 0) * scale
    title = element("title", f"{layer['tensor']}, {layer['kind']}: {ratio:.1f} dB")
    kind = _KINDS.get(layer["kind"], "other")
    bar = element(
        "rect", title, x=_share(at + 0.1 * step), y=f"{floor - height:.1f}", width=_share(0.8 * step),
        height=f"{height:.1f}", class_=f"{kind} worst" if name else kind,
    )  # fmt: skip
    if not name:
        return [bar]
    text = element(
        "text", f"{ratio:.0f}", x=_share(at + step / 2), y=f"{floor - height - 5:.1f}", class_="middle strong"
    )
    return [bar, text]


def draw_reliability(curves: Sequence[tuple[str, Sequence[Mapping[str, Any]]]]) -> Element:
    """How often answers of a given probability are right; on the diagonal a probability means what it says.

    Args:
        curves: class of the line and its bins; the dots' areas grow with the pictures in a bin.
    """
    diagonal = element("line", **_ends(0, 0, 1, 1), class_="diagonal")
    drawn = [part for tick in _TICKS for part in _tick(tick)] + [diagonal]
    for kind, bins in curves:
        filled = [found for found in bins if found["n"]]
        places = [(_x(found["confidence"]), _y(found["accuracy"])) for found in filled]
        drawn.append(element("polyline", points=" ".join(f"{x:.1f},{y:.1f}" for x, y in places), class_=kind))
        total = sum(found["n"] for found in filled)
        for found, (x, y) in zip(filled, places, strict=True):
            said = f"{found['n']} pictures: {percent(found['confidence'])} sure, {percent(found['accuracy'])} right"
            radius = 2.5 + 6 * (found["n"] / total) ** 0.5
            drawn.append(
                element("circle", element("title", said), cx=f"{x:.1f}", cy=f"{y:.1f}", r=short(radius), class_=kind)
            )
    middle = _LEFT + _SIDE / 2
    drawn.append(element("text", "probability of the answer", x=str(middle), y=str(_SIDE + _LOW + 8), class_="middle"))
    turned = f"rotate(-90 10 {_RIGHT + _SIDE / 2})"
    upright = element(
        "text", "share that is right", x="10", y=str(_RIGHT + _SIDE / 2), class_="middle", transform=turned
    )
    box = f"0 0 {_LEFT + _SIDE + _RIGHT} {_SIDE + _LOW + 14}"
    return _svg("reliability", "reliability diagram", *drawn, upright, viewBox=box)


def _x(share: float) -> float:
    return _LEFT + share * _SIDE


def _y(share: float) -> float:
    return _RIGHT + (1 - share) * _SIDE


def _ends(x1: float, y1: float, x2: float, y2: float) -> dict[str, str]:
    places = {"x1": _x(x1), "x2": _x(x2), "y1": _y(y1), "y2": _y(y2)}
    return {key: f"{value:.1f}" for key, value in places.items()}


def _tick(tick: float) -> list[Element]:
    text = f"{100 * tick:.0f}"
    return [
        element("line", **_ends(0, tick, 1, tick)),
        element("text", text, x=str(_LEFT - 7), y=f"{_y(tick) + 3.5:.1f}", class_="end"),
        element("text", text, x=f"{_x(tick):.1f}", y=str(_RIGHT + _SIDE + 16), class_="middle"),
    ]
