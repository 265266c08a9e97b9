"""Where the classes are: the box round each, in the pixels of the picture."""

from __future__ import annotations

from itertools import accumulate

from PIL import Image

from ressq_runtime.tasks.segment_counts import spread


def find_boxes(classes: bytes, shape: tuple[int, int], size: tuple[int, int]) -> dict[int, tuple[int, int, int, int]]:
    """Value -> (left, top, right, bottom) round it, for each that a picture of this (width, height) holds.

    Right and bottom are the first that are outside, as in Pillow.
    """
    height, width = shape
    # Without the cells that no pixel takes, where the picture is the smaller one.
    small = min(width, size[0]), min(height, size[1])
    image = Image.frombytes("L", (width, height), classes).resize(small, Image.Resampling.NEAREST)
    columns, rows = ([0, *accumulate(spread(cells, pixels))] for cells, pixels in zip(small, size, strict=True))
    found = {}
    for value in sorted(set(image.tobytes())):
        box = image.point([255 * (value == other) for other in range(256)]).getbbox()
        if box is not None:
            found[value] = columns[box[0]], rows[box[1]], columns[box[2]], rows[box[3]]
    return found
