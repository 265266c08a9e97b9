"""From objects to a class map. Later objects lie above earlier ones; polygons are filled as COCO's own code fills "
"them."""

from __future__ import annotations

import io
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ressq_edge.data.exports.annotated import Annotated, Outline, Runs, Shape, Stamp
from ressq_edge.data.exports.runs import fill_runs, unpack_counts
from ressq_edge.data.masks.matching import count
from ressq_runtime.decoding.pillow_warnings import Ignored
from ressq_runtime.decoding.upright import BROKEN

Map = NDArray[np.uint8]


@dataclass
class Tally:
    """What was noticed while drawing.

    overlapping: pictures in which an object lies above one of another class.
    unseen: pictures with an object that covers no pixel.
    empty: pictures without an object.
    """

    overlapping: list[str] = field(default_factory=list)
    unseen: list[str] = field(default_factory=list)
    empty: list[str] = field(default_factory=list)

    def notes(self) -> list[str]:
        """For a person, a sentence each."""
        found = []
        if self.overlapping:
            found.append(
                f"in {count(len(self.overlapping), 'picture')} objects of different classes overlap "
                f"({self.overlapping[0]}, say): the later one lies above"
            )
        if self.unseen:
            found.append(f"in {count(len(self.unseen), 'picture')} an object covers no pixel ({self.unseen[0]}, say)")
        if self.empty:
            found.append(
                f"{count(len(self.empty), 'picture')} without an object ({self.empty[0]}, say): background throughout; "
                "if they were not annotated, remove them"
            )
        return found


def draw(annotated: Annotated, size: tuple[int, int], values: Mapping[str, int], tally: Tally) -> Map:
    """uint8 (H, W): the value of the uppermost object's label at each pixel, 0 where there is none.

    Args:
        annotated: the objects.
        size: (width, height) of the map.
        values: of each label.
        tally: is told what is noticed.

    Raises:
        ValueError: an object can't be drawn; the message says why.
    """
    width, height = size
    found = np.zeros((height, width), np.uint8)
    drawn = np.zeros((height, width), bool)
    name = annotated.picture.name
    overlaps = unseen = False
    for shape in annotated.shapes:
        value = values[shape.label]
        (left, top), inside = fill(shape, size)
        window = (slice(top, top + inside.shape[0]), slice(left, left + inside.shape[1]))
        overlaps = overlaps or bool((inside & drawn[window] & (found[window] != value)).any())
        unseen = unseen or not inside.any()
        found[window][inside] = value
        drawn[window] |= inside
    tally.overlapping += [name] if overlaps else []
    tally.unseen += [name] if unseen else []
    tally.empty += [] if annotated.shapes else [name]
    return found


def fill(shape: Shape, size: tuple[int, int]) -> tuple[tuple[int, int], NDArray[np.bool_]]:
    """(left, top) and bool (h, w): the pixels of an object, within a picture of this (width, height).

    Raises:
        ValueError: it can't be drawn.
    """
    if isinstance(shape, Outline):
        return _fill_rings(shape, size)
    if isinstance(shape, Runs):
        left, top, width, height = shape.window
        _check_window(left, top, width, height, size)
        return (left, top), fill_runs(shape.counts, width, height, by_columns=shape.by_columns)
    inside = _read_stamp(shape)
    _check_window(shape.left, shape.top, inside.shape[1], inside.shape[0], size)
    return (shape.left, shape.top), inside


def _check_window(left: int, top: int, width: int, height: int, size: tuple[int, int]) -> None:
    if left < 0 or top < 0 or width < 1 or height < 1 or left + width > size[0] or top + height > size[1]:
        raise ValueError(f"a mask of {width}x{height} pixels at {left}, {top}, outside {size[0]}x{size[1]}")


def _fill_rings(shape: Outline, size: tuple[int, int]) -> tuple[tuple[int, int], NDArray[np.bool_]]:
    """Only the window round the object is filled: a large picture may hold hundreds."""
    from pycocotools import mask as coco  # here: what reads no polygon does without it

    bounds = []
    for side, numbers in zip(size, ([n for r in shape.rings for n in r[at::2]] for at in (0, 1)), strict=True):
        low, high = min(numbers), max(numbers)
        # A hair outside is cut off; far outside is another picture's, and would take any memory to fill.
        if low < -side or high > 2 * side:
            raise ValueError(f"a polygon far outside {size[0]}x{size[1]}")
        first = min(max(0, math.floor(low)), side)
        bounds.append((first, max(0, min(side, math.ceil(high) + 1) - first)))
    (left, width), (top, height) = bounds
    if not width or not height:
        return (left, top), np.zeros((height, width), bool)
    moved = [[n - (top if at % 2 else left) for at, n in enumerate(ring)] for ring in shape.rings]
    filled = np.zeros((height, width), bool)
    for piece in coco.frPyObjects(moved, height, width):
        filled |= fill_runs(unpack_counts(piece["counts"].decode()), width, height, by_columns=True)
    return (left, top), filled


def _read_stamp(shape: Stamp) -> NDArray[np.bool_]:
    try:
        with Ignored(), Image.open(io.BytesIO(shape.png), formats=("PNG",)) as image:
            found: Any = np.asarray(image)
    except (*BROKEN, Image.DecompressionBombError) as error:
        raise ValueError(f"a mask that is no PNG ({error})") from error
    if found.ndim != 2:
        raise ValueError("a mask in colours")
    inside: NDArray[np.bool_] = found > 0
    return inside
