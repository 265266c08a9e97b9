"""One sentence: which file to ship, and why."""

from __future__ import annotations

from typing import Any

# int8 must be worth its rounding: by less than this it is not faster in any way that a user sees.
LEAST_GAIN = 1.1
_ENGINES = {"litert": "LiteRT", "tflite": "tflite_runtime", "onnx": "ONNX Runtime"}


def judge(report: dict[str, Any]) -> dict[str, Any]:
    """`ship` (int8 or fp32) and the `sentence`.

    Of the format that comes first in the report (.tflite where there is one), on one thread and in processor time,
    which is the time on a quiet machine and much the same on a busy one. int8 is not shipped where
    it is refused, where it is not faster, or where a loss of more than `max_drop` is found and is no matter of chance.
    """
    kind = next((entry["kind"] for entry in report["entries"] if entry["kind"].startswith("int8")), "int8.tflite")
    refused = [entry["refused"] for entry in report["entries"] if "refused" in entry and entry["kind"] == kind]
    ratios = [row for row in report["ratios"] if row["format"] == kind.removeprefix("int8.")]
    if refused or not ratios:
        reason = refused[0] if refused else "it or fp32 could not be measured"
        return {"ship": "fp32", "sentence": f"Ship fp32: {kind} has no time that counts ({reason})"}
    chosen = min(ratios, key=lambda row: row["threads"])
    gain, drop = chosen["inference_cpu"][0], report["paired"][chosen["format"]]
    lost = drop["low"] > 0 and drop["drop"] > report["max_drop"]
    ship = "fp32" if lost or gain < LEAST_GAIN else "int8"
    threads = "1 thread" if chosen["threads"] == 1 else f"{chosen['threads']} threads"
    sentence = (
        f"int8 is {gain:.1f} x as fast as fp32 ({_ENGINES[chosen['engine']]}, {threads}) and loses {say_drop(drop)} "
        f"of top-1 on {drop['n']:,} pictures: ship {ship if ship == 'fp32' else 'it'}"
    )
    if ship == "int8" and drop["high"] > report["max_drop"]:
        sentence += f"; with so few pictures a loss of {100 * report['max_drop']:.1f} points would not be seen"
    return {"ship": ship, "sentence": sentence}


def say_drop(drop: dict[str, Any]) -> str:
    """`0.3 points [-0.9, 1.4]`: what is lost, with its 95 % interval; negative where int8 answers better."""
    return "{:.1f} points [{:.1f}, {:.1f}]".format(*(100 * drop[key] + 0.0 for key in ("drop", "low", "high")))
