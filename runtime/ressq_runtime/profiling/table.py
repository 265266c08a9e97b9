"""A profile as plain text, for a terminal and for a log."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_COLUMNS = (
    ("first", "warmup_first_ms"),
    ("p50", "median_ms"),
    ("p90", "p90_ms"),
    ("p95", "p95_ms"),
    ("p99", "p99_ms"),
    ("min", "min_ms"),
    ("mean", "avg_ms"),
    ("sd", "std_ms"),
    ("n", "num_runs"),
)
_NAME_WIDTH, _COLUMN_WIDTH, _BAR_WIDTH = 20, 8, 52


def render_table(result: dict[str, Any]) -> str:
    """The result of `profile` as text of several lines."""
    lines = [*_about(result), ""]
    lines += _section("warm, ms", result["stages"])
    cold = result["cold_start"]
    if "stages" in cold:
        lines += _section(f"cold start, {cold['num_processes']} fresh processes, ms", cold["stages"])
    else:
        lines += [f"cold start not measured: {cold['not_measured']}", ""]
    lines += _section("inference by threads, ms", result["threads"])
    lines += [f"recommended: {_plural(result['recommended_threads'], 'thread')} (the fewest within 5 % of the fastest)"]
    lines += ["", *_modules(result["modules"]), ""]
    peak = result["peak_memory_mb"]
    lines += [f"peak memory: {'unknown' if peak is None else f'{peak:.1f} MiB'}"]
    lines += [f"model load: {result['latency']['init_ms']:.1f} ms"]
    return "\n".join([*lines, *_board(result)])


def _about(result: dict[str, Any]) -> list[str]:
    versions = ", ".join(f"{name} {version}" for name, version in result["versions"].items())
    return [
        f"{result['model']}: {result['precision'] or 'foreign model'}, {result['model_size_mb']} MiB, "
        f"sha256 {result['sha256'][:12]}",
        f"{versions}; delegate: {result['delegate']}; {_plural(result['num_threads'], 'thread')}; "
        f"{_plural(result['pictures'], 'picture')}",
    ]


def _section(title: str, rows: dict[str, dict[str, Any]]) -> list[str]:
    head = "".join(f"{name:>{_COLUMN_WIDTH}}" for name, _ in _COLUMNS)
    lines = [title, " " * _NAME_WIDTH + head]
    for name, row in rows.items():
        lines.append(f"{name:<{_NAME_WIDTH}}" + "".join(_cell(row[key]) for _, key in _COLUMNS))
    return [*lines, ""]


def _modules(found: dict[str, Any]) -> list[str]:
    if "not_measured" in found:
        return [f"modules not measured: {found['not_measured']}"]
    longest = max(row["share"] for row in found["rows"].values()) or 1
    lines = [
        f"{name:<{_NAME_WIDTH}}{_cell(row['ms'])} {row['share']:>6.1%}  {_bar(row['share'] / longest)}".rstrip()
        for name, row in found["rows"].items()
    ]
    part = found["sum_ms"] / found["profiled_ms"]
    lines += [
        f"{'sum':<{_NAME_WIDTH}}{_cell(found['sum_ms'])} {part:>6.1%} of the same inferences, "
        f"{found['profiled_ms']:.2f}; without the profiler {found['inference_ms']:.2f}"
    ]
    return ["inference by module, ms", *lines]


def _bar(part: float) -> str:
    """A bar of at most _BAR_WIDTH characters; ASCII, for every terminal and log."""
    return "#" * round(part * _BAR_WIDTH)


def _cell(value: float | int | None) -> str:
    text = "-" if value is None else str(value) if isinstance(value, int) else f"{value:.2f}"
    return f"{text:>{_COLUMN_WIDTH}}"


def _board(result: dict[str, Any]) -> list[str]:
    before, after = result["device"]["before"], result["device"]["after"]
    lines = [
        f"board: {before['model']}, {_plural(before['cores'], 'core')}, {before['os']}, {before['python']}",
        f"before: {_state(before)}",
        f"after:  {_state(after)}",
    ]
    return lines + [f"WARNING: {warning}: these figures may not repeat" for warning in result["warnings"]]


def _state(device: dict[str, Any]) -> str:
    known = {
        "governor": device["governor"],
        "MHz": device["frequency_mhz"] and f"{device['frequency_mhz']:.0f}",
        "degrees C": device["temperature_c"] and f"{device['temperature_c']:.1f}",
        "throttled": None if device["throttled"] is None else ", ".join(device["throttled"]) or "no",
    }
    return (
        "; ".join(f"{name} {value}" for name, value in known.items() if value is not None)
        or "the system tells no governor, frequency or temperature"
    )


def _plural(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
