"""A saved profile as a picture: `.png`, or one `.html` page that needs nothing from the network."""

import io
import json
import sys
from html import escape
from pathlib import Path
from typing import Any

from matplotlib import rc_context
from matplotlib.figure import Figure

from ressq_edge.reports import profile_charts as charts
from ressq_runtime.errors import OutputError, RessqError

_CHARTS = ("draw_histogram", "draw_timeline", "draw_stages", "draw_cold_start", "draw_modules")
_NEEDED = ("stages", "cold_start", "modules", "device", "warnings", "latency", "model", "engine", "sha256", "versions")
_PNG_DPI = 150

_FIGURE = "<div><b>{value} <i>{unit}</i></b><span>{name}</span></div>"
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title><style>
body {{ margin: 0; background: #f4f6f9; color: #1b2733;
  font: 15px/1.5 Inter, "Segoe UI", "Helvetica Neue", Arial, sans-serif }}
main {{ max-width: 1120px; margin: 0 auto; padding: 32px 20px 48px }}
h1 {{ font-size: 24px; margin: 0 }} p {{ margin: 4px 0 0; color: #64748b; overflow-wrap: anywhere }}
.alarm {{ background: #b91c1c; color: #fff; border-radius: 10px; padding: 14px 20px; margin-top: 20px;
  font-weight: 600 }}
.alarm small {{ display: block; font-weight: 400; font-size: 14px }}
.figures {{ display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 14px;
  margin: 22px 0 14px }}
.figures div, figure {{ background: #fff; border-radius: 10px; box-shadow: 0 1px 3px #0f172a1a }}
.figures div {{ padding: 14px 18px }}
.figures b {{ display: block; font-size: 25px; line-height: 1.25; font-weight: 650 }}
.figures span {{ color: #64748b; font-size: 13px }} .figures i {{ font-style: normal; font-size: 15px; color: #64748b }}
.charts {{ display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 14px }}
figure {{ margin: 0; padding: 14px 14px 6px }} figure:last-child {{ grid-column: 1 / -1 }}
figure text {{ font-family: inherit !important }} figure svg {{ width: 100%; height: auto; display: block }}
@media (max-width: 720px) {{ .charts {{ grid-template-columns: minmax(0, 1fr) }} }}
</style></head><body><main><h1>{title}</h1>{about}{alarm}<section class="figures">{figures}</section>
<section class="charts">{charts}</section></main></body></html>
"""


def main() -> int:
    """Draws the profile on stdin, as `ressq-infer --profile --json` printed it, to the file that the argument names.

    `ressq-infer --plot` starts this, so that a device needs no matplotlib. Exit code 0, or 1 with the fault on stderr.
    """
    try:
        draw_profile(read_profile(sys.stdin.buffer.read()), sys.argv[1])
    except RessqError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def read_profile(content: bytes) -> dict[str, Any]:
    """The profile in a text that `ressq-infer --profile --json` printed.

    Raises:
        RessqError: it is something else.
    """
    try:
        profile = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise RessqError(f"can't read the profile ({error}); save one with --profile --json") from error
    if not isinstance(profile, dict) or profile.get("format") != 1 or any(key not in profile for key in _NEEDED):
        raise RessqError("found something else, wanted a profile; save one with ressq-infer --profile --json")
    return profile


def draw_profile(profile: dict[str, Any], path: str) -> None:
    """Writes the charts of a profile to `path`: `.png`, else a page.

    Raises:
        OutputError: the file can't be written.
        RessqError: the profile lacks a figure.
    """
    try:
        content = _draw_png(profile) if path.lower().endswith(".png") else _write_page(profile).encode()
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise RessqError(f"{path}: found a profile that lacks a figure ({error!r}); measure again") from error
    try:
        Path(path).write_bytes(content)
    except OSError as error:
        raise OutputError(f"{path}: {error.strerror}; check the path and free space") from error


def _draw_png(profile: dict[str, Any]) -> bytes:
    with rc_context(charts.STYLE):
        figure = Figure((13, 13), layout="constrained")
        alarm, top = "; ".join(profile["warnings"]), 0.88 if profile["warnings"] else 0.92
        layout: Any = figure.get_layout_engine()
        layout.set(rect=(0.015, 0.01, 0.97, top - 0.01), hspace=0.07, wspace=0.04)
        figure.text(0.02, 0.975, _title(profile), fontsize=18, weight="bold", va="top")
        figure.text(0.02, 0.952, "\n".join(_about(profile)), va="top", color=charts.QUIET)
        if alarm:
            box = {"facecolor": charts.ALARM, "edgecolor": "none", "boxstyle": "round,pad=0.6"}
            text = f"THESE FIGURES MAY NOT REPEAT: {alarm}"
            figure.text(0.026, 0.905, text, color="white", weight="bold", va="center", bbox=box)
        grid = figure.add_gridspec(3, 2)
        for name, place in zip(_CHARTS, (grid[0, 0], grid[0, 1], grid[1, 0], grid[1, 1], grid[2, :]), strict=True):
            getattr(charts, name)(figure.add_subplot(place), profile)
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png", dpi=_PNG_DPI)
    return buffer.getvalue()


def _write_page(profile: dict[str, Any]) -> str:
    alarm = "; ".join(profile["warnings"])
    return _PAGE.format(
        title=escape(_title(profile)),
        about="".join(f"<p>{escape(line)}</p>" for line in _about(profile)),
        alarm=f'<div class="alarm">{escape(alarm)}<small>These figures may not repeat.</small></div>' if alarm else "",
        figures="".join(_FIGURE.format(name=name, value=value, unit=unit) for name, value, unit in _figures(profile)),
        charts="".join(f"<figure>{_draw_svg(name, profile)}</figure>" for name in _CHARTS),
    )


def _draw_svg(name: str, profile: dict[str, Any]) -> str:
    # its own salt: the charts stand in one document, where an id must not come twice
    with rc_context({**charts.STYLE, "svg.hashsalt": name}):
        figure = Figure((10.8, 3.6) if name == _CHARTS[-1] else (5.4, 3.5), layout="constrained")
        getattr(charts, name)(figure.add_subplot(), profile)
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None})
    text = buffer.getvalue()
    return text[text.index("<svg") :]


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


if __name__ == "__main__":
    sys.exit(main())
