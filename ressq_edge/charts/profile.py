"""The charts of a profile, drawn on matplotlib's axes."""

from collections.abc import Callable
from typing import Any

from ressq_edge.charts.canvas import ACCENT, INK, QUIET, SECOND
from ressq_runtime.profiling.latency import percentile

Paint = Callable[[Any, dict[str, Any]], None]  # on axes, of a profile

_WARM_STAGES = ("decode", "preprocess", "inference", "postprocess")
_MOST_BINS = 60


def draw_histogram(axes: Any, profile: dict[str, Any]) -> None:
    """How the warm inferences are distributed, with p50, p90 and p95."""
    samples = profile["stages"]["inference"]["samples_ms"]
    # Freedman and Diaconis would starve on the long tail: as many bins as the square root, from 10 on.
    bins = min(_MOST_BINS, max(10, 2 * round(len(samples) ** 0.5)))
    axes.hist(samples, bins=bins, color=ACCENT, alpha=0.85, rwidth=0.9)
    top = axes.get_ylim()[1]
    axes.set_ylim(0, top * 1.22)
    for step, percent in enumerate((50, 90, 95)):
        value = percentile(samples, percent)
        axes.axvline(value, ymax=0.98 - 0.07 * step, color=SECOND, linewidth=1.2)
        axes.annotate(
            f"p{percent} {value:.2f}", (value, 0.97 - 0.07 * step), xycoords=("data", "axes fraction"),
            xytext=(4, 0), textcoords="offset points", va="top", color=SECOND, fontsize=8.5,
        )  # fmt: skip
    _finish(axes, f"Inference, {len(samples)} runs", "milliseconds", "runs")


def draw_timeline(axes: Any, profile: dict[str, Any]) -> None:
    """Each warm run in the order taken: drift and heat show here, and nowhere else."""
    for name, colour in (("total", SECOND), ("inference", ACCENT)):
        samples = profile["stages"][name]["samples_ms"]
        middle = percentile(samples, 50)
        runs = range(1, len(samples) + 1)
        axes.plot(runs, samples, color=colour, linewidth=1, marker="o", markersize=2.5, alpha=0.8)
        axes.axhline(middle, color=colour, linewidth=1, linestyle=(0, (4, 3)))
        axes.annotate(
            f"{name}\np50 {middle:.2f}", (1, middle), xycoords=("axes fraction", "data"), xytext=(6, 0),
            textcoords="offset points", va="center", color=colour, fontsize=8.5, annotation_clip=False,
        )  # fmt: skip
    axes.set_ylim(0)
    _finish(axes, "Time line", "run", "milliseconds")


def draw_stages(axes: Any, profile: dict[str, Any]) -> None:
    """Median of each warm stage, and a whisker to its p90."""
    stages = profile["stages"]
    _bars(axes, [(name, stages[name]["median_ms"], stages[name]["p90_ms"]) for name in _WARM_STAGES])
    _finish(axes, f"A warm picture, {stages['total']['median_ms']:.1f} ms", "milliseconds: p50, whisker to p90", "")


def draw_cold_start(axes: Any, profile: dict[str, Any]) -> None:
    """Median of each stage of a fresh process."""
    cold = profile["cold_start"]
    if "stages" not in cold:
        _say(axes, "Cold start", f"not measured: {cold['not_measured']}")
        return
    *stages, total = cold["stages"].items()
    _bars(axes, [(name.replace("_", " "), row["median_ms"], row["p90_ms"]) for name, row in stages])
    _finish(axes, f"A fresh process, {total[1]['median_ms']:.0f} ms", "milliseconds: p50, whisker to p90", "")


def draw_modules(axes: Any, profile: dict[str, Any]) -> None:
    """Where the inference spends its time, in the network's order."""
    modules = profile["modules"]
    if "rows" not in modules:
        _say(axes, "Modules of the network", f"not measured: {modules['not_measured']}")
        return
    rows = modules["rows"]
    names, values = list(rows), [row["ms"] for row in rows.values()]
    shown = axes.bar(names, values, color=[ACCENT if name.startswith("fire") else QUIET for name in names], width=0.72)
    labels = [f"{row['ms']:.2f}\n{row['share']:.0%}" for row in rows.values()]
    axes.bar_label(shown, labels, padding=3, color=INK, fontsize=8.5)
    axes.set_ylim(0, 1.2 * max(values))
    part = modules["sum_ms"] / modules["profiled_ms"]
    _finish(axes, f"Modules of the network: their sum is {part:.0%} of the inference", "", "milliseconds")


def _bars(axes: Any, rows: list[tuple[str, float, float]]) -> None:
    """Horizontal bars, the first on top, each with its value."""
    names, middles, highs = (list(column) for column in zip(*rows, strict=True))
    reach = [max(0.0, high - middle) for middle, high in zip(middles, highs, strict=True)]
    axes.barh(names, middles, color=ACCENT, height=0.62)
    axes.errorbar(middles, names, xerr=[[0] * len(rows), reach], fmt="none", ecolor=SECOND, capsize=3, linewidth=1.2)
    for name, middle, extra in zip(names, middles, reach, strict=True):
        axes.annotate(
            f"{middle:.2f}", (middle + extra, name), xytext=(6, 0), textcoords="offset points", va="center", color=INK
        )
    axes.invert_yaxis()
    axes.set_xlim(0, 1.18 * max(middle + extra for middle, extra in zip(middles, reach, strict=True)))


def _finish(axes: Any, title: str, below: str, beside: str) -> None:
    axes.set_title(title)
    axes.set_xlabel(below)
    axes.set_ylabel(beside)
    axes.grid(axis="y" if beside else "x")


def _say(axes: Any, title: str, text: str) -> None:
    axes.set_title(title)
    axes.axis("off")
    axes.text(0, 0.95, text, transform=axes.transAxes, va="top", color=QUIET, wrap=True)


# In the order in which they are shown, each with its words for those who can't see it.
CHARTS: dict[Paint, str] = {
    draw_histogram: "how long inferences took",
    draw_timeline: "each run in its order",
    draw_stages: "stages of a warm picture",
    draw_cold_start: "stages of a fresh process",
    draw_modules: "modules of the network",
}
