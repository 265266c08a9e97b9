"""The certificate's first sentences: does int8 keep what the float network knew?"""

from collections.abc import Iterator, Mapping
from typing import Any

from ressq_edge.pages.words import percent, worse, worse_interval
from ressq_export.measurement.paired import Drop
from ressq_export.measurement.scores import TORCH
from ressq_export.quantization.search import Attempt, Int8Recipe


def describe_verdict(pictures: Mapping[str, Any], recipe: Int8Recipe) -> dict[str, object]:
    """The `verdict` of docs/certificate.md.

    Args:
        pictures: the entry of `sets` that the labels are from.
        recipe: how int8 came to its accuracy, and what is to be thought of it.
    """
    found = recipe.verdict
    return {
        "outcome": found.outcome,
        "max_drop": recipe.max_drop,
        "headline": found.headline,
        "sentences": list(_tell(pictures, recipe)),
        "fault": found.fault,
    }


def _tell(pictures: Mapping[str, Any], recipe: Int8Recipe) -> Iterator[str]:
    found = recipe.verdict
    if found.fault:
        yield f"{'No int8 file was written. ' if found.refused else ''}{_begin(found.fault)}."
    for name, drop in pictures["paired"].items():
        yield _compare(name, Drop(**drop), pictures)
    for row in recipe.last:
        yield _compare_all(row)
    if found.note:
        yield f"{_begin(found.note)}."


def _begin(text: str) -> str:
    """As a sentence begins; file names stay as they are."""
    return text if text.startswith("int8") else text[0].upper() + text[1:]


def _compare(name: str, drop: Drop, pictures: Mapping[str, Any]) -> str:
    exact, rounded = (pictures["figures"][key]["top1"] for key in (TORCH, name))
    return (
        f"{name} gives the float network's answer to {percent(drop.agreement)} of {drop.n:,} pictures and is right on "
        f"{percent(rounded)}, where float is on {percent(exact)}: {worse(drop.drop)}, 95 % interval "
        f"{worse_interval(drop.low, drop.high)}."
    )


def _compare_all(row: Attempt) -> str:
    return (
        f"{row.file} changes {row.changed:,} of {row.compared:,} answers, training pictures included; their "
        f"probabilities are {100 * row.moved:.1f} points off on average, their logits {row.snr_db:.0f} dB above the "
        "noise of rounding."
    )
