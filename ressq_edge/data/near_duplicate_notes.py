"""What a person should know about pictures that show the same, once a split is made."""

from collections.abc import Mapping, Sequence

from ressq_edge.data.split import Samples


def tell_near_duplicates(
    parts: Mapping[str, Samples], near_duplicates: Sequence[tuple[str, str]], *, classes: bool = True
) -> list[str]:
    """A note each.

    Args:
        parts: the samples.
        near_duplicates: pairs of pictures that show the same.
        classes: a sample's target is its class, which both of a pair should share.
    """
    part_of = {name: part for part, pictures in parts.items() for name, _ in pictures}
    class_of = {name: label for pictures in parts.values() for name, label in pictures}
    contrary = [f"{one} = {other}" for one, other in near_duplicates if classes and class_of[one] != class_of[other]]
    torn = [f"{one} = {other}" for one, other in near_duplicates if part_of[one] != part_of[other]]
    notes = []
    if kept := len(near_duplicates) - len(torn):
        notes.append(f"{kept} pairs of pictures show the same; both of each are in one part")
    if contrary:
        notes.append(
            f"{len(contrary)} pairs of pictures that show the same are in two classes ({_first(contrary)}): "
            "one label of each pair may be wrong; data.html shows them"
        )
    if torn:
        notes.append(
            f"{len(torn)} pairs of pictures in two parts show the same ({_first(torn)}): "
            "figures on val and test will look better than they are"
        )
    return notes


def _first(pairs: list[str]) -> str:
    return ", ".join(pairs[:3]) + (", ..." if len(pairs) > 3 else "")
