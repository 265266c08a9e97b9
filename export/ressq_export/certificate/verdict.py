"""The certificate's first sentences: does int8 keep what the float network knew?"""

from collections.abc import Iterator, Sequence

from ressq_export.quantization.search import Attempt, Int8Recipe


def describe_verdict(drops: Sequence[str], recipe: Int8Recipe) -> dict[str, object]:
    """The `verdict` of docs/certificate.md.

    Args:
        drops: a sentence on what each int8 file lost.
        recipe: how int8 came to its accuracy, and what is to be thought of it.
    """
    found = recipe.verdict
    return {
        "outcome": found.outcome,
        "max_drop": recipe.max_drop,
        "headline": found.headline,
        "sentences": list(_tell(drops, recipe)),
        "fault": found.fault,
    }


def _tell(drops: Sequence[str], recipe: Int8Recipe) -> Iterator[str]:
    found = recipe.verdict
    if found.fault:
        yield f"{'No int8 file was written. ' if found.refused else ''}{_begin(found.fault)}."
    yield from drops
    for row in recipe.last:
        yield _compare_all(row)
    if found.note:
        yield f"{_begin(found.note)}."


def _begin(text: str) -> str:
    """As a sentence begins; file names stay as they are."""
    return text if text.startswith("int8") else text[0].upper() + text[1:]


def _compare_all(row: Attempt) -> str:
    return (
        f"{row.file} changes {row.changed:,} of {row.compared:,} answers, training pictures included; their "
        f"probabilities are {100 * row.moved:.1f} points off on average, their logits {row.snr_db:.0f} dB above the "
        "noise of rounding."
    )
