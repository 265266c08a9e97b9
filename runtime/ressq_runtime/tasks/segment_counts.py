"""How many pixels of a picture each class of a class map covers.

The map is stretched to the picture by nearest neighbour. Areas are counted without doing so: a photo of 12 megapixels
costs no more than a small one.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

CLASSES = "classes"  # the output with the class map
UNSURE = 255  # in a class map: no class is probable enough


def count_pixels(classes: bytes, shape: tuple[int, int], size: tuple[int, int], values: Sequence[int]) -> list[int]:
    """How many pixels of a picture of this (width, height) have each of the values, by the nearest of a class map."""
    height, width = shape
    found = [0] * len(values)
    for across, columns in _by_weight(spread(width, size[0])).items():
        tall = b"".join([classes[column::width] for column in columns])  # column by column
        for down, rows in _by_weight(spread(height, size[1])).items():
            part = b"".join([tall[row::height] for row in rows])
            found = [count + across * down * part.count(value) for count, value in zip(found, values, strict=True)]
    return found


def spread(cells: int, pixels: int) -> list[int]:
    """How many of a row of pixels take each cell of a class map, by the arithmetic of Pillow's nearest neighbour."""
    found, step = [0] * cells, cells / pixels
    at = step * 0.5
    for _ in range(pixels):
        found[int(at)] += 1
        at += step
    return found


def _by_weight(weights: list[int]) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for place, weight in enumerate(weights):
        if weight:
            found.setdefault(weight, []).append(place)
    return found
