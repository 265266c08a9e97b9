"""Classes that a network never answers rightly: the share of all that is right hides them."""

from collections.abc import Sequence

_FEW = 3  # pictures; of fewer none is right by bad luck, too: of two every fourth time where half are
_MOST = 10  # classes that are named


def tell_unanswered(labels: Sequence[str], counts: Sequence[int], right: Sequence[int], by: str = "") -> list[str]:
    """A note on each class of which no validation picture is answered rightly, on the first of very many.

    Args:
        labels: class names.
        counts: validation pictures of each class.
        right: how many of them are right.
        by: what answered, where it is not the only one.
    """
    never = [(label, n) for label, n, hits in zip(labels, counts, right, strict=True) if n and not hits]
    by = f" by {by}" if by else ""
    notes = [_tell(label, n, by) for label, n in never[:_MOST]]
    if len(never) > _MOST:
        notes.append(f"{len(never) - _MOST} more classes: none of their validation pictures right{by}")
    return notes


def _tell(label: str, n: int, by: str) -> str:
    few = ", which is too few to tell" if n < _FEW else ""
    return f"{label}: none of {n} validation picture{'s'[: n > 1]} right{by}{few}"
