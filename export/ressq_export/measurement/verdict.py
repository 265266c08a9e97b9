"""What is to be thought of the int8 files: labels decide where there are enough, and else what every picture says."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ressq_edge.pages.words import worse, worse_interval
from ressq_export.measurement.fidelity import DOUBTS, FAULTS, UNFAITHFUL, Compared
from ressq_export.measurement.paired import say_needed

REMEDY = "give ordinary ones, or leave --calibration out"


@dataclass(frozen=True)
class Verdict:
    """What came of comparing both int8 files with fp32.

    outcome: "kept" (the labels say so), "faithful" (they are too few, but every picture says so), "unsure" (they are
        too few, and something speaks against it), "lost" (but it was allowed) or "refused" (not to be published).
    headline: for a person.
    note: how many pictures would tell, where labels are too few; else empty.
    fault: what was found and wanted where it is one of the last two; else empty.
    """

    outcome: str
    headline: str
    note: str = ""
    fault: str = ""

    @property
    def refused(self) -> bool:
        """Whether the int8 files are not to be published."""
        return self.outcome == "refused"


def decide(
    found: Mapping[str, Compared],
    max_drop: float,
    metric: str,
    photos: int = 0,
    *,
    allow: bool = False,
    unlike: Sequence[str] = (),
) -> Verdict:
    """The verdict on both files.

    Args:
        found: by file.
        max_drop: what each may lose, a share.
        metric: what is lost, in a person's words.
        photos: of the whole run, of which the validation pictures are a part; 0 where that is not known.
        allow: what loses more is taken all the same.
        unlike: what tells the calibration pictures from the training pictures, each as a clause about "them".
    """
    drops = [one.drop for one in found.values()]
    few = any(drop.is_unsure(max_drop) for drop in drops)
    loss, strange = _find_loss(found, max_drop, metric), _find_fault(found) if few else ""
    if fault := loss or strange:
        if not allow:
            return Verdict("refused", "int8 is refused: take the fp32 files", fault=fault)
        headline = "int8 loses accuracy" if loss else "int8 does not answer as fp32 does"
        return Verdict("lost", headline, fault=fault)
    if not few:
        return Verdict("kept", "int8 keeps the accuracy")
    note = say_needed(drops, max_drop, photos)
    most = max((one.fidelity for one in found.values()), key=lambda one: one.changed)
    doubts = [doubt for one in found.values() for doubt in one.fidelity.exceeded(DOUBTS)]
    if unlike and not doubts:
        return Verdict(
            "unsure", f"int8 was calibrated on pictures unlike the training pictures: {unlike[0]}; {REMEDY}", note
        )
    if not doubts:
        same = f"{most.n - most.changed:,} of {most.n:,} {most.unit}"
        return Verdict("faithful", f"int8 answers as fp32 does on {same}", note)
    high = max(min(one.drop.high, one.fidelity.high) for one in found.values())
    why = doubts[0].partition(", wanted")[0]
    headline = f"int8 may be {worse(high)}: {drops[0].n:,} validation pictures are too few to tell; {why}"
    return Verdict("unsure", headline, note)


def _find_loss(found: Mapping[str, Compared], max_drop: float, metric: str) -> str:
    """What the labels say against the file that loses most; empty where it is nothing, or may be chance."""
    lost = {kind: one.drop for kind, one in found.items() if one.drop.exceeds(max_drop)}
    if not lost:
        return ""
    kind, drop = max(lost.items(), key=lambda item: item[1].drop)
    return (
        f"{kind}: found {metric} {worse(drop.drop, 2)} than fp32's ({drop.n} validation pictures, 95 %: "
        f"{worse_interval(drop.low, drop.high, 2)}), wanted at most {100 * max_drop:g}"
    )


def _find_fault(found: Mapping[str, Compared]) -> str:
    """What every picture says against the file that strays furthest; empty where it is nothing."""
    faulty = {kind: one.fidelity for kind, one in found.items() if one.fidelity.grade == UNFAITHFUL}
    if not faulty:
        return ""
    kind, fidelity = max(faulty.items(), key=lambda item: item[1].moved)
    return f"{kind}: found {'; '.join(fidelity.exceeded(FAULTS))}"
