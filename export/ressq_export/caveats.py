"""What the figures of an export do not say by themselves; a note each, without a name of a picture or a folder."""

from collections.abc import Mapping

from ressq_export.evaluated import TEST
from ressq_export.evaluation import Scored
from ressq_export.run import Run

VALIDATION = "validation split"


def tell_groups(run: Run, scored: Mapping[str, Scored]) -> tuple[str, ...]:
    """Where intervals count pictures of one patient, say, as independent.

    scored: answers by what they were measured on.
    """
    if not run.grouped:
        return ()
    notes = []
    for title, found in scored.items():
        name = title if title in (VALIDATION, TEST) else "evaluation folder"
        if not found.groups:
            notes.append(f"{name}: groups are not known, so pictures of one count as independent: intervals too narrow")
        elif len(set(found.groups)) == 1:
            notes.append(
                f"{name}: one group tells nothing of others, so no interval can be had: 0 to 100 % stand for it"
            )
    notes.append(
        "the interval of what int8 loses counts pictures of one --group-by group as independent: it may be too narrow"
    )
    return tuple(notes)
