"""CVAT for images 1.1: one XML file; objects by z_order, polygons and masks, which are runs row by row in a window."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from defusedxml import ElementTree
from defusedxml.common import DefusedXmlException

from ressq_edge.data.exports.annotated import (
    Annotated,
    Export,
    Outline,
    Runs,
    Shape,
    refuse_all,
    to_ellipse,
    to_ring,
    turn,
)
from ressq_edge.data.exports.files import MOST_BYTES, Pictures, name_part
from ressq_edge.data.masks.classes import Colour
from ressq_edge.data.masks.matching import count
from ressq_edge.errors import MaskError

KIND = "CVAT XML for images"
_WITHOUT_AREA = ("polyline", "points", "cuboid", "skeleton")
_AREAS = ("polygon", "mask", "box", "ellipse")


def is_cvat(path: Path) -> bool:
    """Whether an XML file begins as CVAT's annotations do."""
    try:
        with path.open("rb") as file:
            return b"<annotations" in file.read(4096)
    except OSError as error:
        raise MaskError(f"{path}: {error.strerror}; make it a file that can be read") from error


def read_cvat(root: Path, path: Path) -> Export:
    """The pictures of an annotations.xml, in its order.

    Raises:
        MaskError: objects or files that can't be converted.
    """
    pictures = Pictures(root)
    found: list[Annotated] = []
    faults: list[str] = []
    colours: dict[str, Colour | None] = {}
    told: Counter[str] = Counter()
    for element in _walk(path):
        if element.tag == "label" and (name := (element.findtext("name") or "").strip()):
            colours[name] = _read_colour(element.findtext("color"))
        elif element.tag == "track":
            raise MaskError(f"{path}: found tracks of a video, wanted pictures; export it as CVAT for images")
        elif element.tag == "image":
            one = _read_image(pictures, path, element, faults, told)
            if one:
                found.append(one)
            element.clear()
    refuse_all(root, faults)
    labels = dict.fromkeys([*colours, *(shape.label for one in found for shape in one.shapes)])
    notes = [f"{count(told['tag'], 'tag')} of whole pictures left out"] if told["tag"] else []
    if rectangles := told["box"] + told["ellipse"]:
        notes.append(
            f"{count(rectangles, 'object')} drawn as box or ellipse, filled whole: look whether the objects are so"
        )
    known = {name: colour for name, colour in colours.items() if colour is not None}
    return Export(KIND, tuple(labels), known, tuple(found), tuple(notes))


def _walk(path: Path) -> Iterator[Any]:
    """The elements of the file as they end; one picture at a time is in memory."""
    try:
        if path.stat().st_size > MOST_BYTES:
            raise MaskError(f"{path}: found more than {MOST_BYTES // 1_000_000} MB, wanted less; export it in pieces")
        for _, element in ElementTree.iterparse(str(path), forbid_dtd=True):
            yield element
    except (ElementTree.ParseError, DefusedXmlException, ValueError, LookupError) as error:
        raise MaskError(f"{path}: found damaged XML ({error!r}), wanted CVAT's; export it again") from error
    except OSError as error:
        raise MaskError(f"{path}: {error.strerror}; make it a file that can be read") from error


def _read_colour(text: str | None) -> Colour | None:
    try:
        return int((text or "").strip().removeprefix("#"), 16) & 0xFFFFFF
    except ValueError:
        return None


def _read_image(pictures: Pictures, path: Path, image: Any, faults: list[str], told: Counter[str]) -> Annotated | None:
    shapes: list[tuple[int, Shape]] = []
    for element in image:
        told[element.tag] += 1
        try:
            if element.tag in _WITHOUT_AREA:
                raise ValueError(f"a {element.tag}")
            if element.tag in _AREAS:
                shapes.append((int(element.get("z_order") or 0), _read_shape(element)))
        except (ValueError, TypeError) as error:
            reason = error if isinstance(error, ValueError) else "numbers missing"
            faults.append(
                f"{path}: found {reason} ({element.get('label')} in {image.get('name')}), wanted a polygon or a mask; "
                "draw it so, or remove it"
            )
    try:
        picture = pictures.find(image.get("name"), path.parent)
        size = int(image.get("width")), int(image.get("height"))
    except (ValueError, TypeError) as error:
        faults.append(f"{path}: found {error}; export it again, with 'Save images'")
        return None
    part = name_part(image.get("subset") or "") or name_part(picture)
    ordered = tuple(shape for _, shape in sorted(shapes, key=lambda pair: pair[0]))
    return Annotated(pictures.root / picture, part, size, ordered, str(path))


def _read_shape(element: Any) -> Shape:
    """Raises ValueError or TypeError where numbers are damaged or missing."""
    label = (element.get("label") or "").strip()
    if not label:
        raise ValueError("an object without a label")

    def number(name: str) -> float:
        return float(element.get(name))

    if element.tag == "polygon":
        return Outline(
            label, (to_ring([[float(n) for n in pair.split(",")] for pair in element.get("points").split(";")]),)
        )
    if element.tag == "mask":
        window = (
            int(element.get("left")),
            int(element.get("top")),
            int(element.get("width")),
            int(element.get("height")),
        )
        return Runs(label, window, tuple(int(run) for run in element.get("rle").split(",")), by_columns=False)
    degrees = float(element.get("rotation") or 0)
    if element.tag == "ellipse":
        ring = to_ellipse(number("cx"), number("cy"), number("rx"), number("ry"), degrees)
    else:
        left, top, right, bottom = (number(name) for name in ("xtl", "ytl", "xbr", "ybr"))
        corners = [(left, top), (right, top), (right, bottom), (left, bottom)]
        ring = turn(corners, ((left + right) / 2, (top + bottom) / 2), degrees)
    return Outline(label, (to_ring(ring),))
