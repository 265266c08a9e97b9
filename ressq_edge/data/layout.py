"""How a data folder is laid out: in parts, in classes, or so that it must not be taken for either.

The rule: a word in a folder's name does not make it a part, for `train` may stand among vehicles. It is one beside
another part: of a name that differs in that word alone, with the same folders in it, or with nothing else beside both.
"""

import shlex
from collections.abc import Iterable, Mapping
from pathlib import Path

from ressq_edge.data.part_names import PartName, read_part_name
from ressq_edge.errors import SplitError
from ressq_runtime.errors import FolderError
from ressq_runtime.inputs.folders import is_left_out, is_picture, list_folders, refuse_wrapper, unwrap

_GIVEN = {"train": "train", "val": "val", "validation": "val", "test": "test"}


def find_parts(root: Path) -> dict[str, Path]:
    """Part -> its folder, where `root` is laid out in parts; empty where it holds classes.

    Raises:
        SplitError: it holds parts by other names or one level too deep, or something beside its parts.
        FolderError: it can't be read, or wraps the folder to be given.
    """
    try:
        entries = [path for path in sorted(root.iterdir()) if not is_left_out(path.name)]
        folders = [path for path in entries if path.is_dir()]
    except (FileNotFoundError, NotADirectoryError):  # which list_classes tells
        return {}
    except OSError as error:
        raise FolderError(f"{root}: {error.strerror}; make it a folder that can be read") from error
    names = [path.name for path in folders]
    found = [name for name in _GIVEN if name in names]
    if "train" not in found or len(found) < 2:
        _refuse_other_parts(root, folders)
        _refuse_parts_of_one(root, folders)
        if unwrap(root) != root:
            find_parts(unwrap(root))  # parts in there are told first
            refuse_wrapper(root)
        return {}
    if "val" in found and "validation" in found:
        raise SplitError(f"{root}: found both val/ and validation/, wanted one; merge them")
    if extra := [name for name in names if name not in found]:
        raise SplitError(
            f"{root}: found {', '.join(extra)}/ beside {', '.join(found)}/, "
            "wanted only train/, val/ and test/; move it elsewhere"
        )
    if stray := [path.name for path in entries if is_picture(path.name) and path.is_file()]:
        raise SplitError(
            f"{root}: found {len(stray)} pictures beside {', '.join(found)}/, the first {stray[0]}; "
            "move each into the folder of its class, in one of these"
        )
    given = {_GIVEN[name]: root / name for name in found}
    _refuse_without_classes(root, given)
    return given


def _refuse_without_classes(root: Path, given: Mapping[str, Path]) -> None:
    """Class folders of the parts may lie one level deeper, or be missing: test pictures are often without labels."""
    inner = {part: unwrap(folder) for part, folder in given.items()}
    if any(inner[part] != folder and len(list_folders(inner[part])[0]) > 1 for part, folder in given.items()):
        wrapped = next(folder for part, folder in given.items() if inner[part] != folder)
        raise SplitError(
            f"{root}: found the class folders one level too deep in {wrapped.name}/, wanted {wrapped.name}/CLASS; "
            f"{_advise(inner)}"
        )
    loose = [folder.name for folder in given.values() if list_folders(folder) == ([], True)]
    if loose and len(list_folders(given["train"])[0]) > 1:
        raise SplitError(
            f"{root}: found pictures without class folders in {loose[0]}/, wanted {loose[0]}/CLASS as in train/; "
            f"sort them, move {loose[0]}/ elsewhere, or give {given['train']}"
        )


def _refuse_other_parts(root: Path, folders: Iterable[Path]) -> None:
    """Parts under the names that other tools give them are no classes."""
    parts = {path: name for path in folders if (name := read_part_name(path.name))}
    others = [path for path in folders if path not in parts]
    if not _belong_together(parts, others):
        return
    found = ", ".join(path.name for path in parts)
    inner = {name.part: unwrap(path) for path, name in reversed(parts.items()) if name.part != "pred"}
    away = [path.name for path in (*others, *(path for path, name in parts.items() if name.part == "pred"))]
    if all(path in parts for path in inner.values()):
        advice = "rename them to train/, val/ and test/"
        advice += f", and move {', '.join(away)} elsewhere" if away else ""
    else:
        advice = _advise(inner)
    raise SplitError(f"{root}: found {found}, which look like parts, not classes; {advice}")


def _refuse_parts_of_one(root: Path, folders: list[Path]) -> None:
    """An archive may hold `flowers/train/CLASS` and `flowers/valid/CLASS` beside something else, a folder `test` say.

    Where all folders hold parts they may be classes, which `nested_folders` tells, and one alone is a wrapper.
    """
    parts_in = {folder: _find_parts_below(folder) for folder in folders}
    found = [folder for folder, parts in parts_in.items() if parts]
    if not found or len(found) == len(folders):
        return
    parts = parts_in[found[0]]
    names = ", ".join(path.name for path in parts.values())
    place = next(iter(parts.values())).parent.relative_to(root).as_posix()
    advice = _advise({part: unwrap(path) for part, path in parts.items()})
    raise SplitError(f"{root}: found {names} in {place}/, which look like parts, not a class's folders; {advice}")


def _find_parts_below(folder: Path) -> dict[str, Path]:
    """Part -> its folder, where a folder, unwrapped, holds parts of one data set and nothing else."""
    inside, pictures = list_folders(unwrap(folder))
    parts = {name.part: path for path in inside if (name := read_part_name(path.name))}
    whole = len(parts) == len(inside) > 1 and not pictures
    return parts if whole and "train" in parts and len(list_folders(unwrap(parts["train"]))[0]) > 1 else {}


def _belong_together(parts: Mapping[Path, PartName], others: list[Path]) -> bool:
    """Whether folders whose names have a part's word are parts, each of which another one confirms."""
    kinds = {name.part for name in parts.values()}
    stems = {name.stem for name in parts.values()}
    if "train" not in kinds or len(kinds) < 2:
        return len(parts) > 1 and not others and len(stems) == 1
    learned = {path: name for path, name in parts.items() if name.part == "train"}
    rest = {path: name for path, name in parts.items() if name.part != "train"}
    if {name.stem for name in learned.values()} & {name.stem for name in rest.values()}:
        return True
    inside = {path: {folder.name for folder in list_folders(unwrap(path))[0]} for path in (*parts, *others)}
    if not others and any(len(inside[path]) > 1 and not list_folders(path)[1] for path in learned):
        return True
    shared = (inside[one] & inside[other] for one in learned for other in rest)
    # What stands in every folder is no class: a year or a camera
    return any(len(both) > 1 and not all(both <= inside[path] for path in others) for both in shared if others)


def _advise(inner: Mapping[str, Path]) -> str:
    """What to give instead of parts whose class folders lie elsewhere: the training part, or all of them as links."""
    usable = {part: path for part, path in inner.items() if len(list_folders(path)[0]) > 1}
    if "train" not in usable:
        return "wanted class folders in each, train/CLASS and test/CLASS; sort the pictures into them"
    links = " && ".join(
        f"ln -s {shlex.quote(str(path.resolve()))} parts/{part}" for part, path in sorted(usable.items(), reverse=True)
    )
    keep = f", or, to keep the parts: mkdir parts && {links}, and give parts" if len(usable) > 1 else ""
    return f"give {usable['train']}{keep}"
