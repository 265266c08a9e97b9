"""The report of `benchmarks/paper_table.py` as a page."""

from __future__ import annotations

from typing import Any

from circumstances import describe_machine
from matched_pairs.verdict import say_drop
from page.content import Bars, Page, Section, Table
from spreads import show

# The paper's name of a network -> ours.
PAPER = {
    "SqueezeNet": ("squeezenet1_1", "squeezenet1_0"),
    "Res-SqueezeNet": ("ressqueezenet1_1", "ressqueezenet1_0"),
    "ShuffleNet": ("shufflenet_v2_x1_0",),
    "GoogLeNet": ("googlenet",),
    "MobileNetV2": ("mobilenet_v2",),
    "ResNet": ("resnet18",),
}
_KINDS = {"fp32.tflite": "fp32", "int8.tflite": "int8"}


def to_page(report: dict[str, Any]) -> Page:
    """Accuracy, cost and time of each network, and the rows that are missing."""
    missing = Section("Missing", [f"* {line}" for line in report["missing"]] or ["No row."])
    return Page(
        "paper_table", "The paper's table", _verdict(report), report["warnings"],
        [_accuracy(report), _times(report), missing],
        [describe_machine(report), "One thread; milliseconds of a core; all networks in turn; every answer checked."],
    )  # fmt: skip


def _verdict(report: dict[str, Any]) -> str:
    best = max(report["rows"], key=lambda row: row["accuracy"]["int8.tflite"]["top1"])
    timed = [row for row in report["rows"] if "refused" not in row["entries"]["int8.tflite"]]
    if not timed:
        return f"{_say(best)} is the most accurate in int8; no int8 file has a time that counts"
    if len(report["rows"]) == 1:
        took = best["entries"]["int8.tflite"]["inference"]["cpu_ms"]
        return f"{_say(best)} is right on {best['accuracy']['int8.tflite']['top1']:.1%} in int8, in {took:.2f} ms"
    quick = min(timed, key=lambda row: row["entries"]["int8.tflite"]["inference"]["cpu_ms"])
    return (
        f"Of {len(report['rows'])} networks {_say(best)} is the most accurate in int8 "
        f"({best['accuracy']['int8.tflite']['top1']:.1%}), {_say(quick)} the quickest "
        f"({quick['entries']['int8.tflite']['inference']['cpu_ms']:.2f} ms)"
    )


def _accuracy(report: dict[str, Any]) -> Section:
    rows = []
    for row in report["rows"]:
        shares = (
            f"{found['top1']:.1%} [{found['top1_low']:.1%}, {found['top1_high']:.1%}]"
            for found in row["accuracy"].values()
        )
        sizes = " / ".join(f"{size / 1e6:.2f}" for size in row["size_bytes"].values())
        rows.append([
            _say(row), row["start"] or "not told", f"{row['input_px']} px", *shares, say_drop(row["paired"]),
            f"{row['parameters'] / 1e6:.2f} M",
            f"{row['multiply_adds'] / 1e6:,.0f} M", sizes,
        ])  # fmt: skip
    n = report["rows"][0]["accuracy"]["fp32.tflite"]["n"]
    text = [
        f"Top-1 on {n:,} labelled pictures of {report['data']}, 95 % intervals. The paper has 84.59 % for "
        "Res-SqueezeNet and 82.53 % for SqueezeNet, on pictures that are not these."
    ]
    head = (
        *("network", "weights", "input", "fp32", "int8", "int8 loses", "parameters", "multiply-adds"),
        "fp32 / int8, MB",
    )
    return Section("Accuracy and size", text, Table(head, rows))


def _times(report: dict[str, Any]) -> Section:
    rows = []
    for row in report["rows"]:
        entries = row["entries"].values()
        cells = [entry.get("refused") or f"{entry['inference']['cpu_ms']:.2f}" for entry in entries]
        gain = show(row["ratios"][0]["inference_cpu"]) if row["ratios"] else ""
        n = row["accuracy"]["fp32.tflite"]["n"]
        whole = [f"{found['cpu_s']:.2f} s" for found in row["test_set"].values()]
        each = " / ".join(f"{1000 * found['cpu_s'] / n:.2f}" for found in row["test_set"].values())
        rows.append([_say(row), *cells, gain, *whole, each])
    text = [
        "An inference from pixels to label, warm; then the paper's inference time, the whole test set from file to "
        "label, and the same for each picture. Milliseconds, or seconds, of a core."
    ]
    head = ("network", "fp32, ms", "int8, ms", "fp32 / int8", "test set, fp32", "int8", "each picture, fp32 / int8")
    series = {
        name: [row["entries"][kind].get("inference", {}).get("cpu_ms") for row in report["rows"]]
        for kind, name in _KINDS.items()
    }
    plot = Bars("An inference of each network", "milliseconds of a core", [_say(row) for row in report["rows"]], series)
    return Section("Time", text, Table(head, rows), [plot])


def _say(row: dict[str, Any]) -> str:
    """`Res-SqueezeNet (ressqueezenet1_1, simple; solar-0)`."""
    name = next((name for name, archs in PAPER.items() if row["arch"] in archs), row["arch"])
    bypass = "" if row["bypass"] == "none" else f", {row['bypass']}"
    return f"{name} ({row['arch']}{bypass}; {row['name']})"
