"""The two pictures of a run: how training went, and what is taken for what."""

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ressq_edge.atomic import write_bytes
from ressq_edge.charts.canvas import INK, QUIET, draw

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from ressq_edge.findings.metric import Metric

TRAIN, VAL, BEST = "#8fb8de", "#0b5fa5", "#d9822b"
CELL_INCHES = 0.5  # of the confusion matrix
MOST_NUMBERS = 30  # classes up to which every cell tells its count
_NOTE = "training is measured on augmented crops under label smoothing: its loss may lie above validation's"


def draw_curves(path: Path, rows: list[dict[str, Any]], best_epoch: int, metric: "Metric") -> None:
    """Loss and metric by epoch, training and validation, the kept epoch marked.

    Raises:
        OutputError: the file cannot be written.
    """
    best = next(row for row in rows if row["epoch"] == best_epoch)

    def paint(figure: "Figure") -> None:
        left, right = figure.subplots(1, 2)
        _draw_curve(left, rows, "loss", best)
        left.set_title(f"loss: {best['val_loss']:.3f} in epoch {best_epoch}")
        _draw_curve(right, rows, metric.name, best)
        right.set_title(f"{metric.title}: {best[f'val_{metric.name}']:{metric.form}} in epoch {best_epoch}")
        if metric.form.endswith("%"):
            right.yaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
        figure.supxlabel(_NOTE, x=0.01, ha="left", color=QUIET, fontsize=8)

    write_bytes(path, draw(paint, (10, 4), "png", "curves"))


def _draw_curve(axes: "Axes", rows: list[dict[str, Any]], key: str, best: dict[str, Any]) -> None:
    from matplotlib.ticker import MaxNLocator

    epochs = [row["epoch"] for row in rows]
    last = {part: rows[-1][f"{part}_{key}"] for part in ("train", "val")}
    for part, name, colour in (("train", "training", TRAIN), ("val", "validation", VAL)):
        values = [row[f"{part}_{key}"] for row in rows]
        axes.plot(epochs, values, color=colour, linewidth=2, marker="o", markersize=3)
        axes.annotate(
            name,
            (epochs[-1], last[part]),
            (6, 0),
            textcoords="offset points",
            color=colour,
            va="bottom" if last[part] == max(last.values()) else "top",  # apart where the ends meet
            annotation_clip=False,
        )
    axes.plot(best["epoch"], best[f"val_{key}"], "o", markersize=9, fillstyle="none", color=BEST)
    axes.set_xlabel("epoch")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid()


def draw_confusion(path: Path, confusion: list[list[int]], labels: tuple[str, ...], *, shares: bool = False) -> None:
    """Rows: what a picture is; columns: what it was called; shade: share of the row; number: pictures.

    shares: pixels are counted, and a number is their share of the row in percent.

    Raises:
        OutputError: the file cannot be written.
    """
    side = max(3.5, CELL_INCHES * min(len(labels), 60)) + 1.8

    def paint(figure: "Figure") -> None:
        _draw_matrix(figure.add_subplot(), confusion, labels, shares)

    with warnings.catch_warnings(action="ignore"):  # on letters that the font lacks: boxes will do
        content = draw(paint, (side, side), "png", "confusion")
    write_bytes(path, content)


def _draw_matrix(axes: "Axes", confusion: list[list[int]], labels: tuple[str, ...], pixels: bool) -> None:
    classes = len(labels)
    shares = [[cell / max(1, sum(row)) for cell in row] for row in confusion]
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    ticks = range(classes)
    size = 10 if classes <= MOST_NUMBERS else 5
    axes.set_xticks(ticks, labels, rotation=45, ha="right", rotation_mode="anchor", fontsize=size, color=INK)
    axes.set_yticks(ticks, labels, fontsize=size, color=INK)
    for row, column in ((r, c) for r in ticks for c in ticks if classes <= MOST_NUMBERS):
        if confusion[row][column]:
            colour = "white" if shares[row][column] > 0.5 else INK
            number = f"{100 * shares[row][column]:.0f}" if pixels else str(confusion[row][column])
            axes.text(column, row, number, ha="center", va="center", color=colour)
    right = sum(confusion[index][index] for index in ticks)
    total = sum(sum(row) for row in confusion)
    told = f"{right / total:.1%} of the pixels right" if pixels else f"{right} of {total} right ({right / total:.1%})"
    axes.set_title(f"validation: {told}")
    axes.set(xlabel="called", ylabel="is")
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
