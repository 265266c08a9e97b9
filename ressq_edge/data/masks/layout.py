"""A data folder with masks: images/ and masks/, with the parts below or above them, or Pascal VOC's folders.

The rule: a mask has the name of its picture, and what is neither picture nor mask of the layout is no training data:
it is refused, not passed over.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ressq_edge.data.masks.matching import Found, count, match
from ressq_edge.data.masks.pairs import (
    GIVEN,
    MaskFolder,
    Pair,
    advise_part,
    name_given,
    name_parts,
    order,
    refuse_other_parts,
)
from ressq_edge.data.masks.voc import VOC_PICTURES, find_voc_masks, find_voc_pairs
from ressq_edge.errors import MaskError
from ressq_runtime.inputs.folders import is_picture, list_folders, list_others, list_pictures, unwrap

_PICTURES = ("images", "image", "imgs", "img")
_MASKS = ("masks", "mask")
_MASKS_IF_PICTURES = ("labels", "label", "annotations", "gt")  # where YOLO and COCO keep text


def find_masks(root: Path) -> MaskFolder | None:
    """The pictures and masks of a data folder; None: it holds none, or it is no folder.

    Raises:
        MaskError: pictures and masks do not go together, or other pictures stand beside them.
        FolderError: a folder can't be read.
    """
    folders = {path.name: path for path in list_folders(root)[0]}
    if VOC_PICTURES in folders and (masks := find_voc_masks(folders)):
        pairs, notes = find_voc_pairs(root, masks)
        used = {VOC_PICTURES, *(name for name in folders if name.startswith("Segmentation"))}
        _refuse_beside(root, folders, used)
        return MaskFolder(f"{VOC_PICTURES}/ and {masks}/", order(Pair(*pair) for pair in pairs), notes)
    if places := _find_places(root, folders):
        _refuse_beside(root, folders, set(places))
        pairs_found = _read_below(root, *places)
        return MaskFolder(f"{places[0]}/ and {places[1]}/", pairs_found)
    if parts := _find_parts(root, folders):
        return _read_parts(root, folders, parts)
    if (inner := unwrap(root)) != root and find_masks(inner):
        raise MaskError(
            f"{root}: found pictures and masks in {inner.relative_to(root).as_posix()}/ alone; give {inner}"
        )
    return None


def _find_places(root: Path, folders: Mapping[str, Path]) -> tuple[str, str] | None:
    """The names of the folders of pictures and of masks."""
    by_name = {name.casefold(): name for name in folders}
    pictures = [by_name[name] for name in _PICTURES if name in by_name]
    masks = [by_name[name] for name in _MASKS if name in by_name]
    masks += [by_name[name] for name in _MASKS_IF_PICTURES if name in by_name and list_pictures(folders[by_name[name]])]
    if not pictures or not masks:
        return None
    for found, what in ((pictures, "pictures"), (masks, "masks")):
        if len(found) > 1:
            raise MaskError(
                f"{root}: found {' and '.join(f'{name}/' for name in found)}, wanted one folder of {what}; "
                "move the other elsewhere"
            )
    for name in (pictures[0], masks[0]):
        if not list_pictures(folders[name]):
            _refuse_empty(folders[name])
    return pictures[0], masks[0]


def _refuse_empty(folder: Path) -> None:
    kinds = sorted({path.suffix.lower() for path in list_others(folder)} - {""})
    found = f"only {', '.join(kinds)} files" if kinds else "no picture"
    advice = "save them as PNG files of class indices" if ".npy" in kinds else "fill or remove it"
    raise MaskError(f"{folder}: found {found}, wanted pictures; {advice}")


def _read_below(root: Path, pictures: str, masks: str, part: str | None = None) -> tuple[Pair, ...]:
    """The pairs of two folders, whose own folders may be parts."""
    places = [root / pictures, root / masks]
    parts = [name_parts(place) if part is None else {} for place in places]
    found = []
    for place, given in zip(places, parts, strict=True):
        files = []
        for path in list_pictures(place):
            below = path.relative_to(place).as_posix()
            first, _, rest = below.partition("/")
            key = f"{given[first]}/{rest}" if given and rest else below
            files.append((key, path.relative_to(root).as_posix()))
        found.append(Found(place.name, tuple(files)))
    if bool(parts[0]) != bool(parts[1]):
        have, lack = (pictures, masks) if parts[0] else (masks, pictures)
        raise MaskError(
            f"{root}: found {', '.join(sorted(parts[0] or parts[1]))}/ in {have}/ but not in {lack}/, "
            "wanted the same parts in both; sort the files of both alike"
        )
    pairs = match(root, *found)
    skipped = len(pictures) + 1
    return order(Pair(picture, mask, part or parts[0].get(picture[skipped:].split("/")[0])) for picture, mask in pairs)


def _find_parts(root: Path, folders: Mapping[str, Path]) -> dict[str, tuple[str, str]]:
    """Part's folder -> its folders of pictures and of masks, where the parts stand above them."""
    inside = {name: {path.name: path for path in list_folders(folder)[0]} for name, folder in folders.items()}
    places = {name: found for name in folders if (found := _find_places(folders[name], inside[name]))}
    if not any(name in GIVEN for name in places):
        refuse_other_parts(root, [name for name in places if len(places) > 1], loose=False)
        _refuse_in_classes(root, folders, places)
        return {}
    return {name: found for name, found in places.items() if name in GIVEN}


def _refuse_in_classes(root: Path, folders: Mapping[str, Path], places: Mapping[str, tuple[str, str]]) -> None:
    """COVID/images, COVID/masks, normal/images, ...: as classes, masks would be learned as pictures."""
    if len(folders) > 1 and places:
        name, (pictures, masks) = next(iter(places.items()))
        raise MaskError(
            f"{root}: found {pictures}/ and {masks}/ in {count(len(places), 'folder')} ({name}/, say), wanted masks or "
            f"class folders, not both; to train on the masks, swap the levels: {pictures}/{name}/, {masks}/{name}/; "
            f"to train on classes, move each {masks}/ elsewhere"
        )


def _read_parts(root: Path, folders: Mapping[str, Path], parts: Mapping[str, tuple[str, str]]) -> MaskFolder:
    for name in (name for name, path in folders.items() if name not in parts and list_pictures(path)):
        if name in GIVEN:
            raise MaskError(
                f"{root}: found no masks in {name}/, wanted them as in other parts; add them, or move it elsewhere"
            )
        if (advice := advise_part(name)).startswith("rename"):
            raise MaskError(f"{root}: found {name}/ beside parts, wanted only train/, val/ and test/; {advice}")
    _refuse_beside(root, folders, set(parts))
    pairs: list[Pair] = []
    for name, part in name_given(root, parts).items():
        inside = {path.name: path for path in list_folders(folders[name])[0]}
        _refuse_beside(folders[name], inside, set(parts[name]))
        for pair in _read_below(folders[name], *parts[name], part=part):
            pairs.append(Pair(f"{name}/{pair.picture}", f"{name}/{pair.mask}", part))
    pictures, masks = next(iter(parts.values()))
    return MaskFolder(f"{pictures}/ and {masks}/ in {', '.join(f'{name}/' for name in parts)}", order(pairs))


def _refuse_beside(root: Path, folders: Mapping[str, Path], used: set[str]) -> None:
    """Pictures beside those with masks are classes, or what nobody trains on."""
    others = [name for name, path in folders.items() if name not in used and list_pictures(path)]
    if others:
        named = ", ".join(f"{name}/" for name in others)
        wanted = "masks or class folders, not both" if len(others) > 1 else "no other pictures there"
        raise MaskError(
            f"{root}: found {named} with pictures beside {' and '.join(f'{name}/' for name in sorted(used))}, "
            f"wanted {wanted}; to train on the masks, move {named} elsewhere; "
            "to train on classes, move the class folders into a folder of their own and give that"
        )
    if root.is_dir() and (
        stray := [path for path in sorted(root.iterdir()) if is_picture(path.name) and path.is_file()]
    ):
        raise MaskError(
            f"{root}: found {count(len(stray), 'picture')} beside its folders, the first {stray[0].name}; "
            "move it elsewhere"
        )
