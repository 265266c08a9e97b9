"""LabelMe: a JSON file a picture, with shapes in the coordinates of the upright picture."""

from __future__ import annotations

import base64
import math
from collections import Counter
from pathlib import Path
from typing import Any

from ressq_edge.data.exports.annotated import Annotated, Export, Outline, Shape, Stamp, refuse_all, to_ellipse, to_ring
from ressq_edge.data.exports.files import Pictures, name_part, read_json
from ressq_edge.data.masks.matching import count, name_some
from ressq_edge.errors import MaskError

KIND = "LabelMe JSON"
_WITHOUT_AREA = "point", "points", "line", "linestrip"
_DRAW = "draw a polygon or remove it"


def is_labelme(found: Any) -> bool:
    """Whether a JSON file's content is one picture of LabelMe's."""
    return isinstance(found, dict) and isinstance(found.get("shapes"), list) and "imagePath" in found


def read_labelme(root: Path, files: list[Path]) -> Export:
    """The pictures of these JSON files, sorted by file.

    Raises:
        MaskError: objects or files that can't be converted.
    """
    pictures = Pictures(root)
    found: list[Annotated] = []
    faults: list[str] = []
    others: list[str] = []
    rectangles: Counter[str] = Counter()
    for path in files:
        try:
            content = read_json(path)
        except MaskError as error:
            faults.append(str(error))
            continue
        if not is_labelme(content):
            others.append(path.name)
            continue
        try:
            found.append(_read_picture(pictures, path, content, faults, rectangles))
        except ValueError as error:
            faults.append(f"{path}: found {error}; mend it, or add the picture")
    _find_twice(found, faults)
    refuse_all(root, faults)
    labels = sorted({shape.label for one in found for shape in one.shapes})
    return Export(KIND, tuple(labels), {}, tuple(found), _note(pictures, found, others, rectangles))


def _note(pictures: Pictures, found: list[Annotated], others: list[str], rectangles: Counter[str]) -> tuple[str, ...]:
    notes = []
    if others:
        notes.append(f"not read: {count(len(others), 'JSON file')} of another kind ({name_some(others)})")
    used = {one.picture for one in found}
    left = [str(path) for path in pictures.paths if pictures.root / path not in used]
    if left:
        notes.append(f"left out: {count(len(left), 'picture')} without a JSON file ({name_some(left)})")
    if total := rectangles.total():
        first = next(iter(rectangles))
        notes.append(
            f"{count(total, 'object')} drawn as rectangle or circle, filled whole ({first}, say): look whether the "
            "objects are so"
        )
    return tuple(notes)


def _find_twice(found: list[Annotated], faults: list[str]) -> None:
    seen: dict[Path, str] = {}
    for one in found:
        other = seen.setdefault(one.picture, one.source)
        if other != one.source:
            faults.append(f"{one.source}: found {one.picture.name}, which {other} is of, too; remove one of both")


def _read_picture(
    pictures: Pictures, path: Path, content: dict[str, Any], faults: list[str], rectangles: Counter[str]
) -> Annotated:
    picture = pictures.find(content["imagePath"], path.parent)
    width, height = content.get("imageWidth"), content.get("imageHeight")
    size = (width, height) if isinstance(width, int) and isinstance(height, int) else None
    shapes: list[Shape] = []
    for number, shape in enumerate(content["shapes"], 1):
        try:
            shapes.append(_read_shape(shape))
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            reason = error if isinstance(error, ValueError) else "no shape"
            faults.append(f"{path}: found {reason} as object {number}, wanted a polygon; {_DRAW}")
        else:
            if shape.get("shape_type") in ("rectangle", "circle"):
                rectangles[path.name] += 1
    return Annotated(pictures.root / picture, name_part(picture), size, tuple(shapes), str(path))


def _read_shape(shape: dict[str, Any]) -> Shape:
    """Raises ValueError with what it is, where it has no area or is damaged."""
    label, points, kind = shape["label"], shape["points"], shape.get("shape_type") or "polygon"
    if not isinstance(label, str) or not label.strip():
        raise ValueError("an object without a label")
    label = label.strip()
    if kind in _WITHOUT_AREA:
        raise ValueError(f"a {kind} ({label})")
    if kind == "mask":
        (left, top), _ = points
        return Stamp(label, round(float(left)), round(float(top)), base64.b64decode(shape["mask"], validate=True))
    if kind in ("rectangle", "circle") and len(points) == 2:
        (x, y), (to_x, to_y) = points
        to_ring([[x, y], [to_x, to_y], [x, to_y]])  # numbers
        if kind == "rectangle":
            return Outline(label, ((x, y, to_x, y, to_x, to_y, x, to_y),))
        radius = math.hypot(to_x - x, to_y - y)
        return Outline(label, (to_ellipse(x, y, radius, radius),))
    if kind not in ("polygon", "rectangle", "rotation", "oriented_rectangle"):
        raise ValueError(f"a {kind} ({label})")
    return Outline(label, (to_ring(points),))
