"""How many pixels of a picture each class of a class map covers.

The map is stretched to the picture by nearest neighbour. Areas are counted without doing so: a photo of 12 megapixels
costs no more than a small one.
"""

from __future__ import annotations

import sys

from ressq_runtime.errors import EngineError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ressq_runtime.engines.tensor import Tensor

CLASSES = "classes"  # the output with the class map
UNSURE = 255  # in a class map: no class is probable enough
_LOW = {"little": 0, "big": 3}[sys.byteorder]  # where the byte of a class lies in an int32


def read_classes(outputs: Mapping[str, Tensor]) -> bytes:
    """The class map, a byte a pixel, row by row, of outputs of uint8 or int32.

    Raises:
        EngineError: a class beyond 255, or a negative one.
    """
    tensor = outputs[CLASSES]
    if tensor.dtype == "uint8":
        return tensor.data
    for place in {0, 1, 2, 3} - {_LOW}:
        if tensor.data[place::4].count(0) * 4 != len(tensor.data):
            raise EngineError(
                f"{CLASSES}: found a class that is none of 0 to 255 in the map, wanted a label's; export it"
            )
    return tensor.data[_LOW::4]


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
