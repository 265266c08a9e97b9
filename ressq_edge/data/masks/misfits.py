"""Values that no class has: edges that were smoothed, or classes that nobody named."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ressq_edge.data.masks.classes import LABELMAP, TABLE, ClassTable
from ressq_edge.data.masks.matching import count
from ressq_edge.data.masks.reading import Looks, Misfits, show

MANY_VALUES = 64  # of one mask: real ones hold some twenty, photographs more than a hundred
_BLENDED_VALUES = 8  # of one mask, that no class has: smoothing makes dozens
_BLENDED_SHARE = 0.25  # of its pixels at most: edges


def look_blended(odd: Mapping[int, int], pixels: int | None = None) -> bool:
    """Whether values without a class, with their pixels, look like edges that were smoothed.

    pixels: of the whole mask; None: it has no others.
    """
    if pixels is None:
        return len(odd) > MANY_VALUES
    return len(odd) > MANY_VALUES or (len(odd) >= _BLENDED_VALUES and sum(odd.values()) <= _BLENDED_SHARE * pixels)


def tell_blended(root: Path, odd: Mapping[str, Mapping[int, int]], reading: str, table: str) -> str:
    """The complaint about smoothed edges."""
    name, values = max(odd.items(), key=lambda item: len(item[1]))
    what = "colours" if reading == "colour" else "values"
    found = f"{count(sum(values.values()), 'pixel')} of {len(values):,} {what}"
    such = f"such as {show(min(values, key=lambda value: values[value]), reading)}"
    unknown = f"that {table} does not have" if table else "which are too many for classes"
    return (
        f"{root / name}: found {found} {unknown}, {such}, and the like in {count(len(odd), 'mask')}: edges are blended "
        "(antialiased, from a JPEG, or resized smoothly); draw masks without smoothing, and resize them by nearest "
        "neighbour"
    )


def tell_misfits(table: ClassTable, looks: Looks, found: Misfits) -> str:
    """The complaint about masks that a table does not fit."""
    root, name = table.path.parent, table.path.name
    blended = {
        mask: odd for mask, odd in found.values.items() if look_blended(odd, looks[mask].size[0] * looks[mask].size[1])
    }
    if blended:
        return tell_blended(root, blended, found.reading, name)
    mask, odd = min(found.values.items())
    look = looks[mask]
    if name == LABELMAP and look.palette is None and look.indices and max(look.indices) < len(table.rows):
        return (
            f"{root / mask}: found the indices {', '.join(map(str, sorted(look.indices)))} in "
            f"{count(len(found.values), 'mask')}, wanted the colours of {LABELMAP}, whose order is no index; "
            f"give the masks as CVAT exports them, or replace {LABELMAP} by {TABLE} with the header index,name"
        )
    shown = "; ".join(show(value, _reading_of(look.indices, found.reading)) for value in sorted(odd)[:3])
    what = "value" if found.reading == "index" and look.indices is not None else "colour"
    pixels = count(sum(odd.values()), "pixel")
    return (
        f"{root / mask}: found {count(len(odd), what)} ({shown}; {pixels}) that {name} does not have, "
        f"in {count(len(found.values), 'mask')}, wanted a line for each; add them, as void if they are to be ignored"
    )


def _reading_of(indices: Mapping[int, int] | None, reading: str) -> str:
    return "colour" if indices is None else reading
