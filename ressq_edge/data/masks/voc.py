"""Pascal VOC's layout, which CVAT and LabelMe export as well: JPEGImages, SegmentationClass, ImageSets/Segmentation.

Its lists of names say which pictures have a mask; pictures in no list are for other tasks.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ressq_edge.data.masks.matching import Found, count, match, name_some
from ressq_edge.errors import MaskError
from ressq_runtime.inputs.folders import list_pictures

VOC_PICTURES = "JPEGImages"
_MASKS = ("SegmentationClass", "SegmentationClassPNG")  # the second beside arrays in the first: LabelMe's older export
_PARTS = ("train", "val", "test")
_MOST_BYTES = 50_000_000  # of a list: a million names

VocPairs = list[tuple[str, str, str | None]]


def find_voc_masks(folders: Mapping[str, Path]) -> str | None:
    """The name of the folder that holds the masks."""
    return next((name for name in _MASKS if name in folders and list_pictures(folders[name])), None)


def find_voc_pairs(root: Path, masks: str) -> tuple[VocPairs, tuple[str, ...]]:
    """(picture, mask, part) of each name in the lists, or of each mask where there are no lists; and notes.

    Raises:
        MaskError: a name without its picture or mask, in two parts, or a list that can't be read.
    """
    pictures, shapes = (_list(root, folder) for folder in (VOC_PICTURES, masks))
    lists = {path.stem: path for path in sorted((root / "ImageSets" / "Segmentation").glob("*.txt"))}
    if not lists:
        found = match(
            root, *(Found(f, tuple(files.items())) for f, files in ((VOC_PICTURES, pictures), (masks, shapes)))
        )
        return [(picture, mask, None) for picture, mask in found], ()
    given = {part: lists[part] for part in _PARTS if part in lists} or {name: lists[name] for name in lists}
    parts = _read_parts(given)
    notes = []
    if unread := sorted(set(lists) - set(given)):
        notes.append(f"not read: {', '.join(f'ImageSets/Segmentation/{name}.txt' for name in unread)}")
    by_stem = [{_without_suffix(name): name for name in files} for files in (pictures, shapes)]
    for stems, folder in zip(by_stem, (VOC_PICTURES, masks), strict=True):
        if lost := [name for name in parts if name not in stems]:
            raise MaskError(
                f"{root}: found {count(len(lost), 'name')} in ImageSets/Segmentation/ without a file in {folder}/ "
                f"({name_some(lost)}), wanted one for each; add the files, or remove the names"
            )
        if left := len(stems) - len(parts):
            notes.append(f"{count(left, 'file')} of {folder}/ in no list of ImageSets/Segmentation/: not used")
    return [
        (pictures[by_stem[0][name]], shapes[by_stem[1][name]], part if part in _PARTS else None)
        for name, part in parts.items()
    ], tuple(notes)


def _list(root: Path, folder: str) -> dict[str, str]:
    """Path below the folder -> path below the data folder."""
    place = root / folder
    return {path.relative_to(place).as_posix(): path.relative_to(root).as_posix() for path in list_pictures(place)}


def _without_suffix(name: str) -> str:
    return name.rpartition(".")[0]


def _read_parts(lists: Mapping[str, Path]) -> dict[str, str]:
    """Name -> the list that it stands in."""
    parts: dict[str, str] = {}
    for part, path in lists.items():
        for name in _read_names(path):
            other = parts.setdefault(name, part)
            if other != part:
                raise MaskError(f"{path}: found {name}, which {other}.txt has, too, wanted it in one part; remove it")
    if not parts:
        raise MaskError(f"{next(iter(lists.values()))}: found no name, wanted one a line; fill or remove the list")
    return parts


def _read_names(path: Path) -> list[str]:
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise MaskError(
                f"{path}: found a list above {_MOST_BYTES // 1_000_000} MB, wanted one name a line; mend it"
            )
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise MaskError(f"{path}: found no UTF-8 text, wanted one name a line; save it as UTF-8") from error
    except OSError as error:
        raise MaskError(f"{path}: {error.strerror}; make it readable") from error
    return [name for line in text.splitlines() if (name := line.strip().strip('"'))]
