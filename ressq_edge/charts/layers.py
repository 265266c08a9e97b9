"""A network's layers as columns, in its order, module by module."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ressq_edge.charts.canvas import INK, QUIET, add_tip, draw_inline

if TYPE_CHECKING:
    from markupsafe import Markup
    from matplotlib.figure import Figure

_SIZE = (9.9, 2.3)  # inches
_GAP = 0.7  # between two modules, in columns
_STEP = 10  # between two lines of the grid
_LETTER = 0.0075  # of a label, a share of the width
_HEAD = "head."


@dataclass(frozen=True)
class Column:
    """A layer.

    module: that it is a part of.
    value: None leaves a gap.
    colour: of the column.
    tip: what a page shows where the pointer rests.
    named: the value stands above, and the column has an edge.
    """

    module: str
    value: float | None
    colour: str
    tip: str
    named: bool


def draw_layers(columns: Sequence[Column], title: str) -> "Markup":
    """The columns, the modules' names below; values are not below 0."""
    places, at = list[float](), 0.0
    for before, column in zip([None, *columns], columns, strict=False):
        at += _GAP if before and before.module != column.module else 0
        places.append(at)
        at += 1

    def paint(figure: "Figure") -> None:
        axes = figure.add_subplot()
        highest = max([column.value or 0 for column in columns] + [_STEP])
        for place, column in zip(places, columns, strict=True):
            if column.value is None:
                continue
            width = 0.8 if column.named else 0
            (bar,) = axes.bar(place, max(column.value, 0), 0.8, color=column.colour, edgecolor=INK, linewidth=width)
            add_tip(bar, column.tip)
            if column.named:
                axes.text(place, column.value + 0.02 * highest, f"{column.value:.0f}", ha="center", weight="bold",
                          fontsize=8)  # fmt: skip
        axes.set_xticks(*_label(columns, places), color=QUIET, fontsize=8)
        axes.set_yticks(range(0, int(highest) + 1, _STEP))
        axes.set(xlim=(-0.6, at - 0.4), ylim=(0, 1.1 * highest))
        axes.tick_params(length=0, labelsize=8)
        axes.grid(axis="y")

    return draw_inline(paint, _SIZE, title, "layers")


def _label(columns: Sequence[Column], places: Sequence[float]) -> tuple[list[float], list[str]]:
    """Middles and names of the modules; layer1.0, .1, layer2.0: a label has little room.

    A head takes what the backbone made before: of a module of it the last layers are named, where there is room.
    """
    runs = dict[str, list[float]]()
    before = ""
    for place, column in zip(places, columns, strict=True):
        runs[column.module] = [*(runs[column.module] if column.module == before else []), place]
        before = column.module
    heads = {module: inside for module, inside in runs.items() if module.startswith(_HEAD)}
    middles, names, stem_before = list[float](), list[str](), ""
    for module, inside in runs.items():
        if module.startswith(("pool", "mean")) or module in heads:
            continue
        stem, _, number = module.partition(".")
        middles.append((inside[0] + inside[-1]) / 2)
        names.append(f".{number}" if stem == stem_before else module)
        stem_before = stem
    for module, inside in heads.items():
        middle, name = (inside[0] + inside[-1]) / 2, module.removeprefix(_HEAD)
        beside = zip(middles, names, strict=True)
        if all(
            abs(middle - other) > _LETTER * places[-1] * (len(name) + len(label) + 2) / 2 for other, label in beside
        ):
            middles.append(middle)
            names.append(name)
    return middles, names
