"""The report of `benchmarks/training.py` as a page."""

from __future__ import annotations

from statistics import median
from typing import Any, NamedTuple

from circumstances import describe_machine
from page.content import Bars, Page, Section, Table
from spreads import ratio, show


class Claim(NamedTuple):
    """A ratio of two loops' images a second, of which column of the figures, and what is asked of it (0: nothing)."""

    one: str
    other: str
    column: str
    asked: float


CLAIMS = (
    Claim("ours fp32", "memory fp32", "second", 0.90),
    Claim("ours fp32", "plain fp32", "second", 1.4),
    Claim("ours fp32", "plain fp32", "first", 1.0),
    Claim("ours bf16", "plain fp32", "second", 2.2),
    Claim("plain bf16", "plain fp32", "second", 0),
    Claim("ours bf16", "plain bf16", "second", 0),
    Claim("ours bf16", "memory bf16", "second", 0),
)
_TITLES = {"first": "first epoch", "second": "from the second"}
_LOOPS = {"plain": "plain torchvision loop", "memory": "the step, data in memory", "ours": "ressq-train"}


def to_page(report: dict[str, Any]) -> Page:
    """Each loop's speed, their ratios within a round, and what was not measured."""
    rest = Section("Not measured", [f"* {line}" for line in report["missing"]] or ["Nothing was left out."])
    return Page(
        "training", "Training throughput", _verdict(report), report["warnings"],
        [_speeds(report), _ratios(report), rest],
        [
            describe_machine(report),
            f"ressqueezenet1_1, gated bypass, {report['size']} px, batch {report['batch']}, {report['threads']} "
            f"threads; {report['pictures']} pictures of {report['data']}, {report['rounds']} rounds, each loop in a "
            "process of its own, in another order each time.",
        ],
    )  # fmt: skip


def find_ratio(report: dict[str, Any], claim: Claim) -> list[float] | None:
    """The claim's ratio, as `spread` gives it; None where one of its loops was not measured."""
    if not {claim.one, claim.other} <= set(report["loops"]):
        return None
    one, other = ([row[claim.column] for row in report["loops"][name]] for name in (claim.one, claim.other))
    return ratio(one, other)


def _verdict(report: dict[str, Any]) -> str:
    step, plain, _, bf16, alone, *_ = (find_ratio(report, claim) for claim in CLAIMS)
    assert step
    assert plain
    said = f"ressq-train keeps {step[0]:.0%} of its step's speed on data in memory, {plain[0]:.2f} x a plain loop's"
    if bf16 and alone:
        said += f"; in bf16 {bf16[0]:.2f} x the plain fp32 loop's, where bf16 alone gives {alone[0]:.2f}"
    return said


def _speeds(report: dict[str, Any]) -> Section:
    rows = []
    series: dict[str, list[float | None]] = {title: [] for title in _TITLES.values()}
    for name, found in report["loops"].items():
        speeds = {column: median(row[column] for row in found) for column in _TITLES}
        cpu_ms = median(row["cpu_ms"] for row in found)
        rows.append([_say(name), *(f"{speed:.1f}" for speed in speeds.values()), f"{cpu_ms:.1f}"])
        for column, title in _TITLES.items():
            series[title].append(round(1000 / speeds[column], 2))
    text = [
        "Images a second, medians of the rounds. Our first epoch includes decoding; a plain loop decodes in every "
        "epoch. `Processors`: milliseconds of a picture from the second epoch on, all threads and workers together.",
        f"The gauge of the rounds: {', '.join(f'{gauge:.2f}' for gauge in report['gauges'])}. It is what two busy "
        "processes get done against one: 2 on two idle cores, less where others are busy.",
    ]
    plot = Bars("A picture in each loop", "milliseconds", [_say(name) for name in report["loops"]], series)
    head = ("loop", "first epoch", "from the second", "processors, ms")
    return Section("Each loop", text, Table(head, rows), [plot])


def _ratios(report: dict[str, Any]) -> Section:
    rows = []
    for claim in CLAIMS:
        found = find_ratio(report, claim)
        if found is None:
            continue
        asked = f"{claim.asked:.2f}, {'reached' if found[0] >= claim.asked else 'falls short'}" if claim.asked else ""
        rows.append([f"{_say(claim.one)} / {_say(claim.other)}", _TITLES[claim.column], show(found), asked])
    text = ["Images a second, round by round: median [10th-90th percentile]."]
    return Section("Ratios", text, Table(("", "epoch", "ratio", "asked"), rows), [])


def _say(name: str) -> str:
    """`ressq-train, fp32`."""
    kind, precision = name.split()
    return f"{_LOOPS[kind]}, {precision}"
