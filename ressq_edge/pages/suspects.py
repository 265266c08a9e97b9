"""RUN/suspects.html: the pictures whose label the trained network doubts most."""

from collections import Counter
from collections.abc import Sequence

from ressq_edge.pages.render import render
from ressq_edge.pages.words import percent
from ressq_edge.reports.suspects import MOST_LISTED, Suspects

WHY_WEAK = "on validation it may be no better than if it always gave the most frequent class"
_PARTS = {"train": "training", "val": "validation"}


def make_suspects_page(
    name: str, epoch: int, found: Suspects, labels: Sequence[str], shown: Sequence[tuple[str, str] | None]
) -> bytes:
    """The page, UTF-8.

    Args:
        name: of the run.
        epoch: that the best weights are of.
        found: the suspects.
        labels: class names.
        shown: for each that is listed its path and its thumbnail as a data URI; None where neither may be shown.
    """
    tiles = [
        ("pictures", f"{found.pictures:,}", "training and validation"),
        ("answered otherwise", f"{found.otherwise:,}", percent(found.otherwise / max(1, found.pictures))),
        ("listed here", f"{len(found.listed)}", f"at most {MOST_LISTED}"),
        ("worth a look", f"{found.worth:,}", f"{sum(suspect.worth for suspect in found.listed)} of those listed"),
    ]
    return render(
        "suspects.html",
        name=name, epoch=epoch, found=found, labels=labels, tiles=tiles, headline=_headline(found), parts=_PARTS,
        cards=list(zip(found.listed, shown, strict=True)), unnamed=None in shown, usual=_usual_pair(found),
        why_weak=WHY_WEAK.capitalize(),
    )  # fmt: skip


def _headline(found: Suspects) -> str:
    if found.weak:
        return "The network is too weak to judge labels"
    if not found.listed:
        return "Every picture is answered as it is labelled"
    if not found.worth:
        return "None of these stands out"
    return f"{found.worth:,} of {found.pictures:,} labels {'is' if found.worth == 1 else 'are'} worth a look"


def _usual_pair(found: Suspects) -> tuple[int, int, int] | None:
    """Label, answer and number of the most frequent confusion among those listed, if there is one."""
    pairs = Counter((suspect.given, suspect.called) for suspect in found.listed).most_common(1)
    return next(((*pair, n) for pair, n in pairs if n > 1), None)
