"""YOLO's polygons: a text file a picture, a line an object: class number, then x and y from 0 to 1.

Its file has the picture's name, beside it or with the folder labels/ in place of images/.
"""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import Any

import yaml

from ressq_edge.data.exports.annotated import Annotated, Export, Outline, refuse_all, to_ring
from ressq_edge.data.exports.files import Pictures, name_part, read_text
from ressq_edge.data.masks.loading import read_size
from ressq_edge.data.masks.matching import count, name_some
from ressq_edge.errors import MaskError
from ressq_runtime.errors import PictureError

KIND = "YOLO polygons"
_NAMES = ("classes.txt", "obj.names", "labels/classes.txt")
_SLACK = 0.01  # beyond 0 and 1: rounding


def find_labels(pictures: Pictures) -> dict[PurePosixPath, Path | None]:
    """The text file of each picture; None: it has none."""
    found: dict[PurePosixPath, Path | None] = {}
    for picture in pictures.paths:
        levels = list(picture.parts)
        places = [picture]
        if "images" in levels[:-1]:
            last = len(levels) - 2 - levels[-2::-1].index("images")
            places.insert(0, PurePosixPath(*levels[:last], "labels", *levels[last + 1 :]))
        texts = [pictures.root / place.with_suffix(".txt") for place in places]
        found[picture] = next((text for text in texts if text.is_file()), None)
    return found


def read_yolo(root: Path) -> Export:
    """All pictures below the folder; those without a text file have no object.

    Raises:
        MaskError: objects or files that can't be converted.
    """
    pictures = Pictures(root)
    names = _read_names(root)
    found: list[Annotated] = []
    faults: list[str] = []
    without: list[str] = []
    for picture, text in find_labels(pictures).items():
        shapes: tuple[Outline, ...] = ()
        size = None
        if text is None:
            without.append(str(picture))
        else:
            try:
                size = read_size(root / picture).upright
                shapes = tuple(_read_lines(text, names, size, faults))
            except (PictureError, MaskError) as error:
                faults.append(str(error))
        found.append(Annotated(root / picture, name_part(picture), size, shapes, str(text or picture)))
    refuse_all(root, faults)
    notes = (
        [f"{count(len(without), 'picture')} without a text file ({name_some(without)}): no object"] if without else []
    )
    return Export(KIND, tuple(names.values()), {}, tuple(found), tuple(notes))


def find_settings(root: Path) -> Path | None:
    """The YAML file that names classes, if there is one."""
    for path in sorted([*root.glob("*.yaml"), *root.glob("*.yml")]):
        if "names:" in read_text(path):
            return path
    return None


def _read_names(root: Path) -> dict[int, str]:
    """Class number -> name."""
    if path := find_settings(root):
        try:
            found: Any = yaml.safe_load(read_text(path))
            names = found["names"]
            if "kpt_shape" in found:
                raise MaskError(f"{path}: found key points, wanted polygons; export a segmentation")
            rows = names.items() if isinstance(names, dict) else enumerate(names)
            return {int(number): str(name).strip() for number, name in rows}
        except (yaml.YAMLError, TypeError, ValueError, KeyError, RecursionError) as error:
            raise MaskError(f"{path}: found damaged YAML, wanted names: and a name a class; mend it") from error
    for name in _NAMES:
        if (root / name).is_file():
            return dict(enumerate(line.strip() for line in read_text(root / name).splitlines() if line.strip()))
    raise MaskError(
        f"{root}: found no names of the classes, wanted data.yaml or classes.txt; write classes.txt, a name a line"
    )


def _read_lines(text: Path, names: dict[int, str], size: tuple[int, int], faults: list[str]) -> list[Outline]:
    found = []
    for number, line in enumerate(read_text(text).splitlines(), 1):
        if not line.strip():
            continue
        try:
            found.append(_read_line(line.split(), names, size))
        except ValueError as error:
            faults.append(
                f"{text}: found {error} in line {number}, wanted a class and a polygon; draw it, or remove the line"
            )
    return found


def _read_line(cells: list[str], names: dict[int, str], size: tuple[int, int]) -> Outline:
    """Raises ValueError with what it is, where it is no polygon."""
    try:
        label, numbers = int(cells[0]), [float(cell) for cell in cells[1:]]
    except ValueError:
        raise ValueError("words") from None
    if label not in names:
        raise ValueError(f"class {label}, which has no name,")
    if len(numbers) == 4:
        raise ValueError("a box")
    ring = to_ring(numbers)
    if min(ring) < -_SLACK or max(ring) > 1 + _SLACK:
        raise ValueError("coordinates that are not from 0 to 1")
    return Outline(names[label], (tuple(number * size[at % 2] for at, number in enumerate(ring)),))
