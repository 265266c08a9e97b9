"""An evaluation of a classifier, for a person."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ressq_runtime.tasks.classify_evaluation import Evaluation

_CORNER = "truth \\ answer"


def to_text(found: Evaluation) -> str:
    """Shares with their intervals, what thresholds do, and the confusion matrix."""
    lines = [
        f"{found.artefact} on {found.n} {found.noun}s of {found.folder} ({found.engine})",
        f"top-1  {found.top1:6.1%}  95 % interval {found.top1_low:.1%} to {found.top1_high:.1%}",
    ]
    if found.windows:
        own = found.windows
        interval = f"95 % interval over recordings {own.top1_low:.1%} to {own.top1_high:.1%}"
        lines.append(f"of their {own.n} windows {own.top1:6.1%}  {interval}")
    if len(found.labels) > 5:
        lines.append(f"top-5  {found.top5:6.1%}  95 % interval {found.top5_low:.1%} to {found.top5_high:.1%}")
    if found.threshold:
        lines.append(f"answered {found.coverage:.1%} of them, those of probability {found.threshold:.1%} or more")
    if found.threshold and found.answered_top1 is not None:
        low, high = found.answered_top1_low, found.answered_top1_high
        lines.append(f"  top-1  {found.answered_top1:6.1%}  95 % interval {low:.1%} to {high:.1%}")
    if found.out_of_distribution is not None:
        lines.append(f"unlike the training pictures: {found.out_of_distribution:.1%} of them")
    lines += ["", *_list_thresholds(found)]
    width = max(max(len(label) for label in found.labels), len(_CORNER))
    cell = max(5, *(len(str(count)) + 1 for row in found.confusion for count in row))
    head = "".join(f"{index + 1:>{cell}}" for index in range(len(found.labels)))
    lines += ["", f"{_CORNER:<{width + 4}}{head}   recall"]
    for index, (label, row) in enumerate(zip(found.labels, found.confusion, strict=True)):
        recall = found.recall[label]
        counts = "".join(f"{count or '.':>{cell}}" for count in row)
        lines.append(
            f"{index + 1:>3} {label:<{width}}{counts}   {f'no {found.noun}s' if recall is None else f'{recall:6.1%}'}"
        )
    return "\n".join(lines)


def _list_thresholds(found: Evaluation) -> list[str]:
    lines = ["threshold  answered  right of those  95 % interval"]
    for point in found.thresholds:
        own = 0 < point.threshold == found.threshold
        name = f"{point.threshold:.3f}*" if own else f"{point.threshold:.2f} " if point.threshold else "none "
        right = "             -"
        if point.top1 is not None:
            right = f"{point.top1:14.1%}  {point.top1_low:.1%} to {point.top1_high:.1%}"
        lines.append(f"{name:>10} {point.coverage:9.1%}  {right}")
    own_words = "* the file's own; " if found.threshold else ""
    return [*lines, f"{own_words}to take another: ressq-infer --abstain-below 0.8"]
