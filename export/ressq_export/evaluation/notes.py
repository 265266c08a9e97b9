"""What the figures of an export do not say by themselves; a note each, without a name of a picture or a folder.

The certificate has them, too.
"""

from collections.abc import Mapping, Sequence

from ressq_export.evaluation.evaluated import TEST
from ressq_export.measurement.scores import Scored
from ressq_export.measurement.verdict import REMEDY
from ressq_export.run import Run

VALIDATION = "validation split"


def tell_notes(run: Run, scored: Mapping[str, Scored]) -> tuple[str, ...]:
    """All there is to tell of freshly made files; scored: answers by what they were measured on."""
    return (*run.task.tell(scored[VALIDATION]), *tell_groups(run, scored))


def say_unlike(unlike: Sequence[str]) -> tuple[str, ...]:
    """That --calibration named pictures of another kind; unlike: what tells them from the training pictures."""
    if not unlike:
        return ()
    return (f"--calibration: its pictures are unlike the training pictures: {'; '.join(unlike)}; {REMEDY}",)


def tell_left_out(left_out: Mapping[str, float]) -> tuple[str, ...]:
    """Which bypasses the files do without; left_out: how many int8 steps each moves a value at most."""
    return tuple(
        f"{name}: no file has its bypass, which moves a value by {steps:.2g} of an int8 step at most: int8 would round "
        "it away, and take longer"
        for name, steps in left_out.items()
    )


def tell_groups(run: Run, scored: Mapping[str, Scored]) -> tuple[str, ...]:
    """Which intervals are over groups, and which count pictures of one patient, say, as independent.

    scored: answers by what they were measured on.
    """
    if not run.grouped:
        return ()
    notes = []
    for title, found in scored.items():
        name = title if title in (VALIDATION, TEST) else "evaluation folder"
        count = len(set(found.groups))
        if not count:
            notes.append(f"{name}: groups are not known, so pictures of one count as independent: intervals too narrow")
        elif count == 1:
            notes.append(
                f"{name}: one group tells nothing of others, so no interval can be had: 0 to 100 % stand for it"
            )
        else:
            notes.append(f"{name}: intervals of {run.task.metric} are over its {count} groups")
    if not run.task.pairs_groups:
        notes.append(
            "the interval of what int8 loses counts pictures of one --group-by group as independent: it may be too "
            "narrow"
        )
    return tuple(notes)
