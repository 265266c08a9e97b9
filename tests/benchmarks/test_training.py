"""The page of training throughput: ratios are taken in a round, and what is asked can fall short."""

from __future__ import annotations

from typing import Any

from loops.page import to_page
from page.markdown import to_markdown


def report(speeds: dict[str, tuple[float, float]], missing: list[str]) -> dict[str, Any]:
    """Two rounds of each loop; in the second one the machine is half as fast."""
    machine = dict.fromkeys(("model", "os", "python"), "") | {"cores": 2, "governor": None, "temperature_c": None}
    loops = {
        name: [{"first": first / slow, "second": second / slow, "cpu_ms": 20.0} for slow in (1, 2)]
        for name, (first, second) in speeds.items()
    }
    return {
        "data": "photos/train", "pictures": 64, "rounds": 2, "size": 224, "batch": 32, "threads": 2,
        "gauges": [1.9, 1.1],
        "loops": loops, "missing": missing, "machine": machine, "warnings": [], "command": ["training.py"], "date": "",
        "others_cores": 0.0, "load_before": 0.0,
    }  # fmt: skip


FP32 = {"plain fp32": (40.0, 40.0), "memory fp32": (60.0, 60.0), "ours fp32": (44.0, 51.0)}


def test_what_is_asked_is_reached_or_falls_short() -> None:
    bf16 = {"plain bf16": (60.0, 60.0), "memory bf16": (110.0, 110.0), "ours bf16": (80.0, 100.0)}
    said = to_markdown(to_page(report(FP32 | bf16, [])))
    assert "| from the second | 0.85 [0.85-0.85] | 0.90, falls short |" in said
    assert "| first epoch | 1.10 [1.10-1.10] | 1.00, reached |" in said
    assert "in bf16 2.50 x the plain fp32 loop's, where bf16 alone gives 1.50" in said


def test_a_processor_without_bf16_is_said() -> None:
    page = to_page(report(FP32, ["bf16: this processor does not multiply it itself"]))
    assert page.verdict == "ressq-train keeps 85% of its step's speed on data in memory, 1.27 x a plain loop's"
    assert "* bf16: this processor does not multiply it itself" in to_markdown(page)
