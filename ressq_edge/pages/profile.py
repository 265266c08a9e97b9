"""What an answer costs on a device, as a page or one picture."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ressq_edge.charts.canvas import ALARM, QUIET, draw, draw_inline
from ressq_edge.charts.profile import CHARTS, Paint
from ressq_edge.pages.render import render

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_HALF, _WHOLE = (5.4, 3.5), (10.8, 3.6)  # inches; the last chart is as wide as the page


def make_profile_page(profile: dict[str, Any]) -> bytes:
    """The page, UTF-8."""
    *_, last = CHARTS
    charts = [
        draw_inline(partial(_paint_one, profile, paint), _WHOLE if paint is last else _HALF, title, "chart")
        for paint, title in CHARTS.items()
    ]
    return render("profile.html", title=_title(profile), about=_about(profile), alarms=profile["warnings"],
                  figures=_figures(profile), charts=charts)  # fmt: skip


def make_profile_picture(profile: dict[str, Any]) -> bytes:
    """The same as a PNG."""
    return draw(partial(_paint, profile), (13, 13), "png", _title(profile))


def _paint_one(profile: dict[str, Any], paint: Paint, figure: "Figure") -> None:
    paint(figure.add_subplot(), profile)


def _paint(profile: dict[str, Any], figure: "Figure") -> None:
    alarm, top = "; ".join(profile["warnings"]), 0.88 if profile["warnings"] else 0.92
    layout: Any = figure.get_layout_engine()
    layout.set(rect=(0.015, 0.01, 0.97, top - 0.01), hspace=0.07, wspace=0.04)
    figure.text(0.02, 0.975, _title(profile), fontsize=18, weight="bold", va="top")
    figure.text(0.02, 0.952, "\n".join(_about(profile)), va="top", color=QUIET)
    if alarm:
        box = {"facecolor": ALARM, "edgecolor": "none", "boxstyle": "round,pad=0.6"}
        text = f"THESE FIGURES MAY NOT REPEAT: {alarm}"
        figure.text(0.026, 0.905, text, color="white", weight="bold", va="center", bbox=box)
    grid = figure.add_gridspec(3, 2)
    for paint, place in zip(CHARTS, (grid[0, 0], grid[0, 1], grid[1, 0], grid[1, 1], grid[2, :]), strict=True):
        paint(figure.add_subplot(place), profile)


def _title(profile: dict[str, Any]) -> str:
    return f"{Path(profile['model']).name} on {profile['device']['before']['model']}"


def _about(profile: dict[str, Any]) -> list[str]:
    """What was measured, with what, on what: the circumstances of every figure below."""
    board, after = profile["device"]["before"], profile["device"]["after"]
    versions = ", ".join(f"{name} {version}" for name, version in profile["versions"].items())
    known = [("governor", board["governor"]), ("MHz", board["frequency_mhz"]), ("°C before", board["temperature_c"]),
             ("°C after", after["temperature_c"])]  # fmt: skip
    state = ", ".join(f"{name} {value}" for name, value in known if value is not None)
    return [
        f"{profile['precision'] or 'foreign model'}, {profile['model_size_mb']} MiB, sha256 {profile['sha256'][:12]}; "
        f"{versions}; threads {profile['num_threads']} (recommended {profile['recommended_threads']})",
        f"{board['cores']} cores, {board['os']}, {board['python']}; "
        f"{state or 'the system tells no governor, frequency or temperature'}",
    ]


def _figures(profile: dict[str, Any]) -> list[tuple[str, str, str]]:
    """(name, value, unit) of the figures one quotes."""
    stages, cold, peak = profile["stages"], profile["cold_start"].get("stages"), profile["peak_memory_mb"]
    return [
        ("inference, p50", f"{stages['inference']['median_ms']:.2f}", "ms"),
        ("inference, p90", f"{stages['inference']['p90_ms']:.2f}", "ms"),
        ("a warm picture, p50", f"{stages['total']['median_ms']:.1f}", "ms"),
        ("a fresh process, p50", f"{cold['total']['median_ms']:.0f}" if cold else "–", "ms"),
        ("peak memory", "–" if peak is None else f"{peak:.0f}", "MiB"),
    ]
