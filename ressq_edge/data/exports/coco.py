"""COCO: a JSON file a part, with polygons, or runs of pixels counted column by column."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

from ressq_edge.data.exports.annotated import Annotated, Export, Outline, Runs, Shape, refuse_all, to_ring
from ressq_edge.data.exports.files import Pictures, name_part, read_json
from ressq_edge.data.exports.runs import unpack_counts
from ressq_edge.data.masks.matching import name_some
from ressq_edge.errors import MaskError

KIND = "COCO JSON"
_MEND = "draw its outline, or remove it"


def is_coco(found: Any) -> bool:
    """Whether a JSON file's content is COCO's, of objects."""
    return isinstance(found, dict) and all(
        isinstance(found.get(key), list) for key in ("images", "annotations", "categories")
    )


def read_coco(root: Path, files: list[Path]) -> Export:
    """The pictures of these JSON files, file by file.

    Raises:
        MaskError: objects or files that can't be converted.
    """
    pictures = Pictures(root)
    found: list[Annotated] = []
    faults: list[str] = []
    labels: dict[str, None] = {}
    others: list[str] = []
    for path in files:
        content = read_json(path)
        if not is_coco(content):
            others.append(path.name)
            continue
        try:
            names = {
                one["id"]: str(one["name"]).strip() for one in sorted(content["categories"], key=lambda one: one["id"])
            }
            labels |= dict.fromkeys(names.values())
            found += _read_file(pictures, path, content, names, faults)
        except (TypeError, KeyError, AttributeError) as error:
            raise MaskError(
                f"{path}: found damaged COCO JSON ({error!r}), wanted images, annotations and "
                "categories; export it again"
            ) from error
    _find_twice(found, faults)
    refuse_all(root, faults)
    notes = (f"not read: {name_some(others)}, which hold no objects of COCO's",) if others else ()
    return Export(KIND, tuple(labels), {}, tuple(found), notes)


def _find_twice(found: list[Annotated], faults: list[str]) -> None:
    seen: dict[Path, str] = {}
    for one in found:
        other = seen.setdefault(one.picture, one.source)
        if other != one.source:
            faults.append(f"{one.source}: found {one.picture.name}, which {other} lists, too; give one of both files")


def _read_file(
    pictures: Pictures, path: Path, content: dict[str, Any], names: dict[Any, str], faults: list[str]
) -> list[Annotated]:
    sizes = {image["id"]: (image.get("width"), image.get("height")) for image in content["images"]}
    shapes: dict[Any, list[Shape]] = defaultdict(list)
    for one in content["annotations"]:
        try:
            if "segments_info" in one:
                raise ValueError("a panoptic file's segments")
            if one["category_id"] not in names or one["image_id"] not in sizes:
                raise ValueError("a category or image that is not listed")
            shapes[one["image_id"]].append(_read_shape(names[one["category_id"]], one.get("segmentation")))
        except ValueError as error:
            faults.append(f"{path}: found {error} as annotation {one.get('id')}, wanted a polygon or runs; {_MEND}")
    found = []
    for image in content["images"]:
        try:
            picture = pictures.find(image["file_name"], path.parent)
        except ValueError as error:
            faults.append(f"{path}: found {error}; add the picture")
            continue
        width, height = sizes[image["id"]]
        size = (width, height) if isinstance(width, int) and isinstance(height, int) else None
        part = name_part(path.stem) or name_part(picture)
        found.append(Annotated(pictures.root / picture, part, size, tuple(shapes[image["id"]]), str(path)))
    return found


def _read_shape(label: str, found: Any) -> Shape:
    """Raises ValueError with what it is, where it has no outline or is damaged."""
    if not found:
        raise ValueError(f"a box without an outline ({label})")
    if isinstance(found, list):
        rings = found if isinstance(found[0], list) else [found]
        return Outline(label, tuple(map(to_ring, rings)))
    if not isinstance(found, dict):
        raise ValueError(f"a segmentation that is no list ({label})")
    size, counts = found.get("size"), found.get("counts")
    if not (isinstance(size, list) and len(size) == 2 and all(isinstance(side, int) and side > 0 for side in size)):
        raise ValueError(f"runs without a size ({label})")
    numbers = unpack_counts(counts) if isinstance(counts, str) else counts
    if not isinstance(numbers, list) or not all(isinstance(number, int) for number in numbers):
        raise ValueError(f"runs that are no numbers ({label})")
    return Runs(label, (0, 0, size[1], size[0]), tuple(numbers), by_columns=True)
