"""From rounds to figures, and from figures to a table that says first where we lose."""

from __future__ import annotations

from typing import Any

from circumstances import describe_machine
from page.content import Bars, Page, Section, Table
from peer.registry import OURS
from peer.rounds import CELLS, Cell, Line
from spreads import ratio, spread

# A core that somebody else had a twentieth of the time: say so.
LEAST_SHARE = 0.95
_TITLES = {"network": "network only", "file": "from file", "decoder": "with our decoder"}


def to_rows(precision: str, lines: list[Line]) -> list[dict[str, Any]]:
    """A row for each line and cell, or why it is refused: `ms`, `cpu_ms` and their ratios to ours, each as median,
    10th and 90th percentile of the rounds' values."""
    ours = next((line for line in lines if line.name == OURS), None)
    rows = []
    for line in lines:
        for cell in CELLS:
            row: dict[str, Any] = {"precision": precision, "peer": line.name, "versions": line.worker.versions}
            row |= {"column": cell.column, "size": cell.size}
            if cell in line.refused:
                rows.append({**row, "refused": line.refused[cell]})
                continue
            for key in ("times", "cpu_times"):
                own, name = getattr(line, key)[cell], key.replace("times", "")
                row[f"{name}ms"] = spread(own)
                if ours and cell in ours.times:
                    row[f"{name}ratio"] = ratio(own, getattr(ours, key)[cell])
            rows.append(row)
    return rows


def find_warnings(rows: list[dict[str, Any]]) -> list[str]:
    """Why these figures may not repeat beyond what the machine's load says; empty where nobody had our core."""
    shares = [row["cpu_ms"][0] / row["ms"][0] for row in rows if "ms" in row]
    low = sum(share < LEAST_SHARE for share in shares)
    if not low:
        return []
    return [
        f"others had the core: {low} of {len(shares)} figures with less than {LEAST_SHARE:.0%} of it "
        f"(least {min(shares):.0%})"
    ]


def find_losses(rows: list[dict[str, Any]]) -> list[str]:
    """Every figure in which a peer is faster than we are, the worst first."""
    lost = [row for row in rows if row["peer"] != OURS and row.get("ratio", [1])[0] < 1]
    lost.sort(key=lambda row: row["ratio"][0])
    return [
        f"{row['peer']} is {1 / row['ratio'][0]:.2f} x as fast ({1 / row['cpu_ratio'][0]:.2f} x in processor time): "
        f"{row['precision']}, {row['size']}, {_TITLES[row['column']]}"
        f"{'; within the spread' if row['ratio'][2] >= 1 else ''}"
        for row in lost
    ]


def find_unmeasured(report: dict[str, Any]) -> list[str]:
    """Why ressq-infer itself has no figure, or lacks one; empty where it has all."""
    refused = [row for row in report["rows"] if "refused" in row]
    found = [(row, row["refused"]) for row in refused] + [(row, row["reason"]) for row in report["missing"]]
    return list(dict.fromkeys(f"{row['precision']}: {why}" for row, why in found if row["peer"] == OURS))


def to_page(report: dict[str, Any]) -> Page:
    """Where a peer wins comes first, then what was asked for, the figures, and what was not measured."""
    rows, losses = report["rows"], report["losses"]
    verdict = "No peer beats ressq-infer in any figure that both have"
    if losses:
        verdict = f"A peer beats ressq-infer in {len(losses)} figures, by most: {losses[0]}"
    if unmeasured := find_unmeasured(report):
        verdict = f"Nothing can be said: ressq-infer was not measured ({'; '.join(unmeasured)})"
    sections = [Section("Where a peer is faster", [f"* {loss}" for loss in losses])] if losses else []
    sections.append(Section("What is asked of ressq-infer", [f"* {line}" for line in report["asked"]]))
    for precision in dict.fromkeys(row["precision"] for row in rows):
        sections.append(_section(precision, [row for row in rows if row["precision"] == precision]))
    missing = [f"* {row['peer']}, {row['precision']}: {row['reason']}" for row in report["missing"]]
    sections += [Section("Not measured", missing)] if missing else []
    about = (
        f"Core {report['core']} alone, one thread; {report['rounds']} rounds, {report['pictures']} pictures of each "
        "size. Milliseconds: median of the rounds; in brackets the peer's time over ours, round by round. A time "
        "counts only if every answer was right."
    )
    return Page("peers", "ressq-infer and its peers, one core, one thread", verdict, report["warnings"], sections,
                [describe_machine(report), about])  # fmt: skip


def _section(precision: str, rows: list[dict[str, Any]]) -> Section:
    titles = [f"{cell.size}, {_TITLES[cell.column]}" if cell.column != "network" else "network only" for cell in CELLS]
    lines = []
    by_cell = {(row["peer"], row["column"], row["size"]): row for row in rows}
    names = list(dict.fromkeys(row["peer"] for row in rows))
    for name in names:
        own = {(row["column"], row["size"]): row for row in rows if row["peer"] == name}
        version = ", ".join(next(iter(own.values()))["versions"].values())
        lines.append([f"{name} ({version})", *(_render_cell(own, cell) for cell in CELLS)])
    plots = [
        Bars(
            f"{precision}, {title}", "milliseconds", names,
            {_TITLES[key]: [by_cell[name, key, size].get("ms", [None])[0] for name in names] for key in columns},
        )
        for title, size, columns in (
            ("network only", "400x441", ("network",)), ("a picture of 12 megapixels", "12 MP", ("file", "decoder"))
        )
    ]  # fmt: skip
    return Section(precision, [], Table(["", *titles], lines), plots)


def _render_cell(rows: dict[tuple[str, str], dict[str, Any]], cell: Cell) -> str:
    row = rows[cell.column, cell.size]
    if "refused" in row:
        return f"refused: {row['refused']}"
    shown = f"{row['ms'][0]:.2f}"
    if row["peer"] == OURS or "ratio" not in row:
        return shown
    return "{} ({:.2f} [{:.2f}-{:.2f}])".format(shown, *row["ratio"])
