"""What every export is read into: pictures with the objects drawn on them. Coordinates are pixels, (0, 0) a corner."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ressq_edge.data.masks.classes import Colour
from ressq_edge.data.masks.matching import count
from ressq_edge.errors import MaskError
from ressq_runtime.faults import Faults

FEWEST_POINTS = 3
_CIRCLE_POINTS = 180  # as a polygon: within 0.2 % of the area


@dataclass(frozen=True)
class Outline:
    """An object by the polygons around its pieces, each x, y, x, y, ..."""

    label: str
    rings: tuple[tuple[float, ...], ...]


@dataclass(frozen=True)
class Runs:
    """An object by its pixels in a window: numbers of pixels outside, inside, outside, ...

    window: left, top, width, height.
    by_columns: pixels are counted column by column (COCO), else row by row (CVAT).
    """

    label: str
    window: tuple[int, int, int, int]
    counts: tuple[int, ...]
    by_columns: bool


@dataclass(frozen=True)
class Stamp:
    """An object by a small black and white PNG, whose left upper corner is at `left`, `top`."""

    label: str
    left: int
    top: int
    png: bytes = field(repr=False)


Shape = Outline | Runs | Stamp


@dataclass(frozen=True)
class Annotated:
    """A picture and what is drawn on it.

    picture: its file.
    part: "train", "val" or "test"; None: the export does not say.
    size: (width, height) that the coordinates are of; None: the export does not say.
    shapes: from the lowest to the uppermost.
    source: where they are from, for messages.
    """

    picture: Path
    part: str | None
    size: tuple[int, int] | None
    shapes: tuple[Shape, ...]
    source: str


@dataclass(frozen=True)
class Export:
    """What an export holds.

    kind: the format in words.
    labels: all classes that it names, in its order.
    colours: of those that have one.
    pictures: with their objects.
    notes: what a person should know, a sentence each.
    """

    kind: str
    labels: tuple[str, ...]
    colours: Mapping[str, Colour]
    pictures: tuple[Annotated, ...]
    notes: tuple[str, ...]


def refuse_all(root: object, faults: Sequence[str]) -> None:
    """Refuse an export with all that is wrong with it.

    Raises:
        MaskError: something is.
    """
    lines = Faults(faults).lines()
    if len(lines) == 1:
        raise MaskError(lines[0])
    if lines:
        raise MaskError(
            f"{root}: found {len(faults):,} objects or files that cannot be converted, wanted none; mend each",
            tuple(lines),
        )


def to_ring(points: object) -> tuple[float, ...]:
    """x, y, x, y, ... of a list of pairs or of numbers.

    Raises:
        ValueError: it is no such list, of three points or more; the message says what it is.
    """
    if not isinstance(points, list | tuple):
        raise ValueError(f"{type(points).__name__} in place of points")
    flat = [number for point in points for number in (point if isinstance(point, list | tuple) else [point])]
    if not all(isinstance(number, int | float) and not isinstance(number, bool) for number in flat) or len(flat) % 2:
        raise ValueError("points that are no pairs of numbers")
    if not all(map(math.isfinite, flat)):
        raise ValueError("points that are no finite numbers")
    if len(flat) < 2 * FEWEST_POINTS:
        raise ValueError(count(len(flat) // 2, "point"))
    return tuple(map(float, flat))


def to_ellipse(x: float, y: float, radius_x: float, radius_y: float, degrees: float = 0) -> tuple[float, ...]:
    """An ellipse round (x, y) as a ring, turned clockwise."""
    found = []
    for index in range(_CIRCLE_POINTS):
        angle = 2 * math.pi * index / _CIRCLE_POINTS
        found.append((x + radius_x * math.cos(angle), y + radius_y * math.sin(angle)))
    return turn(found, (x, y), degrees)


def turn(points: Sequence[tuple[float, float]], centre: tuple[float, float], degrees: float) -> tuple[float, ...]:
    """The points as a ring, turned clockwise round the centre."""
    sine, cosine = math.sin(math.radians(degrees)), math.cos(math.radians(degrees))
    found: list[float] = []
    for x, y in points:
        right, down = x - centre[0], y - centre[1]
        found += [centre[0] + right * cosine - down * sine, centre[1] + right * sine + down * cosine]
    return tuple(found)
