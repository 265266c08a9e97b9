"""The report of `benchmarks/fp32_vs_int8.py` as a page."""

from __future__ import annotations

from typing import Any

from circumstances import describe_machine
from matched_pairs.verdict import say_drop
from page.content import Bars, Page, Section, Table
from spreads import show

_NAMES = {"litert": "LiteRT", "tflite": "tflite_runtime", "onnx": "ONNX Runtime"}


def to_page(report: dict[str, Any]) -> Page:
    """Verdict, accuracy, latency, cold start, ratios, and what was not measured."""
    return Page(
        "fp32_vs_int8", f"{report['name']}: fp32 against int8", report["verdict"]["sentence"], report["warnings"],
        [_accuracy(report), _latency(report), _ratios(report), _cold(report), _rest(report)],
        [
            describe_machine(report),
            f"{report['rounds']} rounds of {report['burst']} inferences, entries in another order each time; "
            f"{report['pictures']} pictures, every answer checked.",
        ],
    )  # fmt: skip


def _accuracy(report: dict[str, Any]) -> Section:
    rows = []
    for kind, found in report["accuracy"].items():
        drop = report["paired"].get(kind.partition(".")[2]) if kind.startswith("int8") else None
        rows.append([
            kind, f"{report['artefacts'][kind]['size_bytes'] / 1000:,.0f} kB",
            f"{found['top1']:.1%} [{found['top1_low']:.1%}, {found['top1_high']:.1%}]",
            say_drop(drop) if drop else "", f"{drop['agreement']:.1%}" if drop else "",
        ])  # fmt: skip
    text = [
        f"On {next(iter(report['accuracy'].values()))['n']:,} labelled pictures of {report['data']}, 95 % intervals."
    ]
    text += [f"Not read: {fault}" for fault in report["faults"]]
    head = ("file", "size", "top-1", "loses against fp32", "same answer as fp32")
    return Section("Accuracy", text, Table(head, rows))


def _latency(report: dict[str, Any]) -> Section:
    rows = []
    for entry in report["entries"]:
        if "refused" in entry:
            rows.append([_say(entry), f"refused: {entry['refused']}", *[""] * 7])
            continue
        found = entry["inference"]
        p99 = "" if found["p99_ms"] is None else f"{found['p99_ms']:.2f}"
        drift = "" if entry["drift"] is None else f"{entry['drift']:+.1%}"
        rows.append([
            _say(entry), f"{found['median_ms']:.2f}", f"{found['p90_ms']:.2f}", p99, f"{found['cpu_ms']:.2f}",
            f"{entry['answer']['median_ms']:.2f}", f"{entry['answers_per_s']:.0f}",
            "" if "energy" not in entry else f"{entry['energy']['mj']:.1f}", drift,
        ])  # fmt: skip
    head = (
        "file, engine, threads",
        "p50, ms",
        "p90",
        "p99",
        "processor",
        "file to label, p50",
        "pictures/s",
        "mJ",
        "drift",
    )
    text = [
        "An inference from pixels to label, warm. `processor`: what it used of all cores. `file to label`: decoding "
        "included. p99 from 1,000 samples on. `drift`: the last third of the rounds against the first, in "
        "processor time.",
        report["energy"],
    ]
    return Section("Latency", text, Table(head, rows), [_bars(report)])


def _bars(report: dict[str, Any]) -> Bars:
    entries = [entry for entry in report["entries"] if "refused" not in entry]
    names = list(dict.fromkeys(_say(entry).partition(", ")[2] for entry in entries))

    def of(precision: str) -> list[float | None]:
        found = {
            _say(e).partition(", ")[2]: e["inference"]["median_ms"] for e in entries if e["kind"].startswith(precision)
        }
        return [found.get(name) for name in names]

    return Bars("An inference, p50", "milliseconds", names, {"fp32": of("fp32"), "int8": of("int8")})


def _ratios(report: dict[str, Any]) -> Section:
    rows = [
        [f".{row['format']}, {_NAMES[row['engine']]}, {_threads(row['threads'])}", show(row["inference"]),
         show(row["inference_cpu"]), show(row["answer"])]
        for row in report["ratios"]
    ]  # fmt: skip
    text = ["fp32's time over int8's, round by round: median [10th-90th percentile]. Above 1 int8 is faster."]
    head = ("", "inference", "in processor time", "file to label")
    return Section("How much faster is int8", text, Table(head, rows))


def _cold(report: dict[str, Any]) -> Section:
    rows = []
    for entry in report["entries"]:
        cold = entry.get("cold")
        if cold and "stages" in cold:
            stages, peak = cold["stages"], cold["peak_memory_mb"]
            rows.append([
                _say(entry), f"{stages['load']['median_ms']:.1f}", f"{stages['first_answer']['median_ms']:.1f}",
                f"{stages['total']['median_ms']:.0f}", "" if peak is None else f"{peak:.0f}",
            ])  # fmt: skip
        elif cold:
            rows.append([_say(entry), f"not measured: {cold['not_measured']}", "", "", ""])
    text = [f"{report['processes']} fresh processes for each file, in turn; the first of each is kept apart. Medians."]
    head = ("file, engine, threads", "load, ms", "first answer", "whole process", "peak memory, MiB")
    return Section("Cold start and memory", text, Table(head, rows))


def _rest(report: dict[str, Any]) -> Section:
    return Section("Not measured", [f"* {line}" for line in report["missing"]] or ["Nothing was left out."])


def _say(entry: dict[str, Any]) -> str:
    """`int8.tflite`, in what and how: the kind up to the first comma is the precision's, the rest is a group's name."""
    precision, _, file_format = entry["kind"].partition(".")
    return f"{precision}, .{file_format} in {_NAMES[entry['engine']]} {entry['version']}, {_threads(entry['threads'])}"


def _threads(count: int) -> str:
    return "1 thread" if count == 1 else f"{count} threads"
