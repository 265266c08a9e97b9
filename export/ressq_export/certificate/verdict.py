"""The certificate's first sentences: does int8 keep what the float network knew?"""

from collections.abc import Mapping
from typing import Any

from ressq_edge.pages.words import percent, worse, worse_interval
from ressq_export.evaluation import TORCH
from ressq_export.ladder import Remedies
from ressq_export.paired import Drop, say_needed

_HEADLINES = {
    "kept": "int8 keeps the accuracy",
    "unsure": "No loss that is more than chance, but too few pictures to be sure",
    "lost": "int8 loses accuracy",
    "refused": "int8 is refused: take the fp32 files",
}


def judge(pictures: Mapping[str, Any], remedies: Remedies, photos: int = 0) -> dict[str, object]:
    """The `verdict` of docs/certificate.md, on one set of pictures.

    Args:
        pictures: an entry of `sets`.
        remedies: how int8 came to its accuracy, or why it is refused.
        photos: of the whole run, of which the pictures are a part; 0 where that is not known.
    """
    drops, max_drop = {name: Drop(**found) for name, found in pictures["paired"].items()}, remedies.max_drop
    outcome = "refused" if remedies.refused else _outcome(list(drops.values()), max_drop)
    sentences = [_compare(name, drop, pictures) for name, drop in drops.items()]
    if outcome == "unsure":
        sentences.append(f"{say_needed(drops.values(), max_drop, photos).capitalize()}.")
    if outcome == "refused":
        sentences.append(f"No int8 file was written. {remedies.refused[0].upper()}{remedies.refused[1:]}.")
    return {"outcome": outcome, "max_drop": max_drop, "headline": _HEADLINES[outcome], "sentences": sentences}


def _outcome(drops: list[Drop], max_drop: float) -> str:
    if any(drop.exceeds(max_drop) for drop in drops):
        return "lost"
    if any(drop.is_unsure(max_drop) for drop in drops):
        return "unsure"
    return "kept"


def _compare(name: str, drop: Drop, pictures: Mapping[str, Any]) -> str:
    exact, rounded = (pictures["figures"][key]["top1"] for key in (TORCH, name))
    return (
        f"{name} gives the float network's answer to {percent(drop.agreement)} of {drop.n:,} pictures and is right on "
        f"{percent(rounded)}, where float is on {percent(exact)}: {worse(drop.drop)}, 95 % interval "
        f"{worse_interval(drop.low, drop.high)}."
    )
