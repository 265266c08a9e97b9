"""Masks without a table: what their values say by themselves, and what they cannot say.

Indices 0, 1, 2 and so on are classes and 255 is ignored; 0 and 255 alone are background and foreground.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from ressq_edge.data.masks.classes import HEADER, IGNORED, TABLE, choose_colour
from ressq_edge.data.masks.matching import count
from ressq_edge.data.masks.misfits import MANY_VALUES, look_blended, tell_blended
from ressq_edge.data.masks.reading import Looks, MaskClasses, show

_SAY = f"write {TABLE} with the header index,name and a line a class"


def read_by_values(root: Path, looks: Looks) -> MaskClasses | str:
    """How these masks are read without a table, or why they can't be, as a complaint."""
    coloured = {name: look.colours for name, look in looks.items() if look.indices is None}
    if coloured:
        name, colours = min(coloured.items())
        if look_blended(colours):
            return tell_blended(root, coloured, "colour", "")
        found = "; ".join(show(colour, "colour") for colour in sorted(colours)[:3])
        return (
            f"{root / name}: found colours ({found}) in {count(len(coloured), 'mask')} but no table that names them; "
            f"write {root / TABLE} with the header {HEADER} and a line a colour"
        )
    if complaint := _find_deep(root, looks) or _find_other_palettes(root, looks):
        return complaint
    values = Counter[int]()
    for look in looks.values():
        values.update(look.indices or {})
    if any(len(look.indices or {}) > MANY_VALUES for look in looks.values()):
        many = {name: look.indices or {} for name, look in looks.items() if len(look.indices or {}) > MANY_VALUES}
        return tell_blended(root, many, "index", "")
    found_values = sorted(values)
    if IGNORED in values and set(values) <= {0, IGNORED}:
        return MaskClasses(("background", "foreground"), (0, 0xFFFFFF), "index", ((0, 0), (IGNORED, 1)), "the values")
    indices = [value for value in found_values if value != IGNORED]
    if indices != list(range(len(indices))):
        return _tell_gap(root, looks, indices)
    if IGNORED in values and len(indices) == 2 and (complaint := _find_two_ways(root, looks)):
        return complaint
    labels = tuple(f"class_{index}" for index in indices)
    known = tuple((index, index) for index in (*indices, IGNORED))
    return MaskClasses(labels, _choose_colours(looks, indices), "index", known, "the values")


def _find_deep(root: Path, looks: Looks) -> str | None:
    deep = {name: max(look.indices or {0: 0}) for name, look in looks.items() if not look.colours}
    if not deep:
        return None
    name, highest = max(deep.items(), key=lambda item: item[1])
    return (
        f"{root / name}: found values up to {highest:,} in {count(len(deep), 'mask')} of 16 bits or more, "
        "wanted class indices from 0 to 254; if the values number objects, save classes instead; if they are scaled, "
        "divide them"
    )


def _find_other_palettes(root: Path, looks: Looks) -> str | None:
    """A program that chooses a palette for each file gives an index another meaning in each."""
    seen: dict[int, tuple[int, str]] = {}
    for name, look in looks.items():
        for index, colour in (look.palette or {}).items():
            other, first = seen.setdefault(index, (colour, name))
            if other != colour:
                return (
                    f"{root / name}: found the colour {show(colour, 'colour')} for index {index}, "
                    f"which has {show(other, 'colour')} in {first}, wanted one palette in all masks; "
                    f"write {root / TABLE} with the header name,r,g,b and a line a colour: masks are read by it then"
                )
    return None


def _tell_gap(root: Path, looks: Looks, indices: list[int]) -> str:
    spread = {name: look.indices or {} for name, look in looks.items()}
    between = {name: {v: n for v, n in found.items() if 0 < v < IGNORED} for name, found in spread.items()}
    blended = {name: found for name, found in between.items() if look_blended(found, sum(spread[name].values()))}
    if blended:
        return tell_blended(root, blended, "index", "")
    missing = next(index for index in range(IGNORED) if index not in indices)
    name = next(name for name, found in spread.items() if indices[-1] in found)
    shown = ", ".join(map(str, indices[:8])) + (", ..." if len(indices) > 8 else "")
    return (
        f"{root / name}: found the values {shown} in {count(len(looks), 'mask')} but never {missing}, "
        f"wanted class indices from 0 on without a gap; if these are the classes, {_SAY}"
    )


def _find_two_ways(root: Path, looks: Looks) -> str | None:
    """Some masks with 1 for the foreground, others with 255: the latter would be ignored."""
    ones = [name for name, look in looks.items() if 1 in (look.indices or {})]
    white = [name for name, look in looks.items() if IGNORED in (look.indices or {})]
    if set(ones) & set(white):
        return None
    return (
        f"{root / white[0]}: found 255 in {count(len(white), 'mask')} without a 1 and 1 in {count(len(ones), 'mask')} "
        f"without a 255 ({ones[0]}, say), wanted one value for the foreground, as 255 is ignored; save them alike, or, "
        f"if 255 is to be ignored, {_SAY}"
    )


def _choose_colours(looks: Looks, indices: list[int]) -> tuple[int, ...]:
    """The palette's own colours, where all masks have one."""
    own: dict[int, int] = {}
    for look in looks.values():
        own.update(look.palette or {})
    usable = all(look.palette for look in looks.values()) and len({own.get(index) for index in indices}) == len(indices)
    return tuple(own[index] if usable else choose_colour(index) for index in indices)
