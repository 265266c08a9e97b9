"""The two pictures of a run: how training went, and what is taken for what."""

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ressq_edge.atomic import replacing

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from ressq_edge.findings.metric import Metric

INK, MUTED, GRID = "#22313f", "#8795a1", "#e6eaed"
TRAIN, VAL, BEST = "#8fb8de", "#0b5fa5", "#d9822b"
CELL_INCHES = 0.5  # of the confusion matrix
MOST_NUMBERS = 30  # classes up to which every cell tells its count


def draw_curves(path: Path, rows: list[dict[str, Any]], best_epoch: int, metric: "Metric") -> None:
    """Loss and metric by epoch, training and validation, the kept epoch marked.

    Raises:
        OutputError: the file cannot be written.
    """
    figure = _figure(10, 4)
    left, right = figure.subplots(1, 2)
    best = next(row for row in rows if row["epoch"] == best_epoch)
    _draw_curve(left, rows, "loss", best)
    left.set_title(f"loss: {best['val_loss']:.3f} in epoch {best_epoch}", color=INK)
    _draw_curve(right, rows, metric.name, best)
    right.set_title(f"{metric.title}: {best[f'val_{metric.name}']:{metric.form}} in epoch {best_epoch}", color=INK)
    if metric.form.endswith("%"):
        right.yaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    note = "training is measured on augmented crops under label smoothing: its loss may lie above validation's"
    figure.text(0.01, 0.01, note, color=MUTED, fontsize=8)
    figure.tight_layout(rect=(0, 0.04, 0.97, 1))
    _save(figure, path)


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
    axes.set_xlabel("epoch", color=MUTED)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    _clean(axes)


def draw_confusion(path: Path, confusion: list[list[int]], labels: tuple[str, ...]) -> None:
    """Rows: what a picture is; columns: what it was called; shade: share of the row; number: pictures.

    Raises:
        OutputError: the file cannot be written.
    """
    classes = len(labels)
    side = max(3.5, CELL_INCHES * min(classes, 60)) + 1.8
    figure = _figure(side, side)
    axes = figure.subplots()
    shares = [[cell / max(1, sum(row)) for cell in row] for row in confusion]
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    ticks = range(classes)
    size = 10 if classes <= MOST_NUMBERS else 5
    axes.set_xticks(ticks, labels, rotation=45, ha="right", rotation_mode="anchor", fontsize=size)
    axes.set_yticks(ticks, labels, fontsize=size)
    for text in (*axes.get_xticklabels(), *axes.get_yticklabels()):
        text.set_parse_math(False)  # a class may be called $5-$10
    for row, column in ((r, c) for r in ticks for c in ticks if classes <= MOST_NUMBERS):
        if confusion[row][column]:
            colour = "white" if shares[row][column] > 0.5 else INK
            axes.text(column, row, str(confusion[row][column]), ha="center", va="center", color=colour)
    right = sum(confusion[index][index] for index in ticks)
    total = sum(sum(row) for row in confusion)
    axes.set_title(f"validation: {right} of {total} right ({right / total:.1%})", color=INK, pad=12)
    axes.set_xlabel("called", color=MUTED)
    axes.set_ylabel("is", color=MUTED)
    _clean(axes)
    axes.grid(visible=False)
    with warnings.catch_warnings(action="ignore"):  # on letters that the font lacks: boxes will do
        figure.tight_layout()
        _save(figure, path)


def _figure(width: float, height: float) -> "Figure":
    from matplotlib.figure import Figure  # not pyplot: no window system, no global state

    return Figure(figsize=(width, height), dpi=150, facecolor="white")


def _clean(axes: "Axes") -> None:
    axes.grid(color=GRID)
    axes.set_axisbelow(True)
    axes.tick_params(colors=INK, length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)


def _save(figure: "Figure", path: Path) -> None:
    with replacing(path) as temporary:
        figure.savefig(temporary, format="png")
