"""Files of an export: its texts within bounds, and its pictures by the names that an export gives them."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path, PurePosixPath
from typing import Any

from ressq_edge.data.part_names import read_part_name
from ressq_edge.errors import MaskError
from ressq_runtime.inputs.folders import list_pictures
from ressq_runtime.inputs.names import compose

MOST_BYTES = 1_000_000_000  # of an annotation file: twice COCO's largest
_PARTS = ("train", "val", "test")
# Folders that say only that pictures are in them.
_PLAIN = {"images", "image", "imgs", "img", "jpegimages", "data", "labels", "default", "annotations"}


def read_bytes(path: Path) -> bytes:
    """The bytes of an annotation file.

    Raises:
        MaskError: it can't be read, or is too large.
    """
    try:
        if path.stat().st_size > MOST_BYTES:
            raise MaskError(f"{path}: found more than {MOST_BYTES // 1_000_000} MB, wanted less; export it in pieces")
        return path.read_bytes()
    except OSError as error:
        raise MaskError(f"{path}: {error.strerror}; make it a file that can be read") from error


def read_text(path: Path) -> str:
    """The text of an annotation file, UTF-8.

    Raises:
        MaskError: it can't be read, or is of another encoding.
    """
    try:
        return read_bytes(path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise MaskError(f"{path}: found no UTF-8 text; save it as UTF-8") from error


def read_json(path: Path) -> Any:
    """What a JSON file holds.

    Raises:
        MaskError: it can't be read, or is no JSON.
    """
    try:
        return json.loads(read_text(path))
    except (ValueError, RecursionError) as error:
        raise MaskError(f"{path}: found damaged JSON ({error}); export it again") from error


class Pictures:
    """The pictures below a folder, found by what an export calls them."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.paths = [PurePosixPath(path.relative_to(root).as_posix()) for path in list_pictures(root)]
        self._by_name: dict[str, list[PurePosixPath]] = defaultdict(list)
        for path in self.paths:
            self._by_name[compose(path.name)].append(path)

    def find(self, name: object, near: Path) -> PurePosixPath:
        """The picture, as a path below the root.

        Args:
            name: as the export has it: a name or a path, of Windows too.
            near: the folder of the file that names it.

        Raises:
            ValueError: there is none, or several; the message says so.
        """
        if not isinstance(name, str) or not name:
            raise ValueError("no name of a picture")
        levels = [level for level in compose(name).replace("\\", "/").split("/") if level not in ("", ".", "..")]
        found = self._by_name.get(levels[-1] if levels else "", [])
        if not found:
            raise ValueError(f"the name of a picture that is not below {self.root} ({name})")
        place = PurePosixPath(near.relative_to(self.root).as_posix()) if near.is_relative_to(self.root) else None

        def fits(path: PurePosixPath) -> tuple[bool, int, bool]:
            parts = [compose(part) for part in path.parts]
            same = 0
            while same < min(len(parts), len(levels)) and parts[-1 - same] == levels[-1 - same]:
                same += 1
            beside = place is not None and path == place.joinpath(*levels)
            return beside, same, place is not None and path.is_relative_to(place)

        best = max(map(fits, found))
        several = [path for path in found if fits(path) == best]
        if len(several) > 1:
            raise ValueError(f"a name that {len(several)} pictures have ({name}: {several[0]}, {several[1]})")
        return several[0]


def name_part(path: PurePosixPath | str) -> str | None:
    """The part that a folder in a path, or a file's name, says: train, val or test."""
    for level in reversed(PurePosixPath(path).parts):
        found = read_part_name(level)
        if found and found.part in _PARTS and _says_nothing(found.stem):
            return found.part
    return None


def _says_nothing(stem: str) -> bool:
    """Whether the other words of a part's name are a year, or what such files are called."""
    return all(word.isdigit() or word in ("instances", "annotations", "coco", "json", "stuff") for word in stem.split())


def place(path: PurePosixPath) -> PurePosixPath:
    """Where a picture goes below images/PART/: without the folders that say so."""
    kept = [level for level in path.parent.parts if level.casefold() not in _PLAIN and name_part(level) is None]
    return PurePosixPath(*kept, path.name)
