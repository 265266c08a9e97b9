"""Folders of pictures: which files are pictures, and which classes a folder holds.

The rule: a file is a picture by its suffix, what is hidden or a system's own is nobody's (`is_left_out`), and
`list_others` tells the rest.
"""

from __future__ import annotations

import os
from pathlib import Path

from ressq_runtime.errors import FolderError
from ressq_runtime.inputs.names import refuse_locale

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import NoReturn

# What Pillow reads everywhere, and HEIC so that a phone's pictures are named in an error, not overlooked.
PICTURE_SUFFIXES = (
    ".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".ppm", ".pgm", ".pnm",
    ".heic", ".heif", ".avif",
)  # fmt: skip
_HIDDEN = (".", "__MACOSX", "lost+found", "found.00", "FOUND.00")  # beginnings: .thumbnails, .Trash-1000, .@__thumb
# Folders that systems make beside a person's, some with copies of the pictures in them, by their names in lower case:
_SYSTEMS = {
    "@eadir", "@tmp", "@sharesnap", "@synoresource", "#recycle", "#snapshot",  # Synology, TerraMaster, UGREEN
    "@recycle", "@recently-snapshot", "@transcode", "@__thumb", "~snapshot",  # QNAP; NetApp
    "$recycle.bin", "recycler", "system volume information", "msdownld.tmp",  # Windows
    "network trash folder", "temporary items", "thevolumesettingsfolder",  # macOS on a server
    "lost.dir", "canonmsc", "eosmisc", "thmbnl", "avf_info",  # memory cards: Android, Canon, Sony
}  # fmt: skip
_DEEPEST = 8  # folders around folders; a link may lead in a circle


def is_left_out(name: str) -> bool:
    """True for the name of a file or folder that is hidden, or a system's own."""
    return name.startswith(_HIDDEN) or name.casefold() in _SYSTEMS


def is_picture(name: str) -> bool:
    """True for a name or path with a picture's suffix, hidden or not."""
    return name.lower().endswith(PICTURE_SUFFIXES)


def list_pictures(folder: Path) -> list[Path]:
    """The pictures below `folder`, sorted by path.

    Raises:
        FolderError: there is no such folder, or it can't be read.
    """
    return [Path(path) for path in _walk(folder) if is_picture(path)]


def list_others(folder: Path) -> list[Path]:
    """The other files below `folder`, sorted by path."""
    return [Path(path) for path in _walk(folder) if not is_picture(path)]


def list_files(folder: Path, wanted: Callable[[str], bool]) -> tuple[list[Path], list[Path]]:
    """The files below `folder` whose names are wanted, and the others; each sorted by path.

    Raises:
        FolderError: there is no such folder, or it can't be read.
    """
    found = _walk(folder)
    return [Path(path) for path in found if wanted(path)], [Path(path) for path in found if not wanted(path)]


def list_classes(
    root: Path, fewest: int = 2, wanted: Callable[[str], bool] = is_picture, noun: str = "picture"
) -> dict[str, list[str]]:
    """Class name -> the paths of its pictures, for a folder with one sub-folder per class; both sorted.

    `fewest` classes there must be: two to learn from, one to measure on. Files that are `wanted` count, by their names;
    a message calls one of them by `noun`.

    Raises:
        FolderError: no such folder, pictures beside the class folders, too few classes, a class
            without a picture, or two class names that differ only in case.
    """
    if not os.path.isdir(root):
        found = "a file" if os.path.exists(root) else "no such folder"
        raise FolderError(f"{root}: found {found}, wanted a folder of class folders")
    try:
        entries = [p for p in sorted(root.iterdir()) if not is_left_out(p.name)]
        folders = [p for p in entries if p.is_dir()]
    except OSError as error:
        _refuse_unreadable(error)
    refuse_locale(root, (path.name for path in folders))
    stray = [p for p in entries if wanted(p.name) and p.is_file()]
    if stray:
        raise FolderError(
            f"{root}: found {len(stray)} {noun}s beside the class folders, the first {stray[0].name}; "
            "move each into the folder of its class"
        )
    if len(folders) < fewest:
        refuse_wrapper(root)
        names = ", ".join(folder.name for folder in folders) or "none"
        raise FolderError(
            f"{root}: found {len(folders)} class folders ({names}), wanted {fewest} or more; "
            f"make one folder per class and put its {noun}s inside"
        )
    _refuse_equal_but_for_case(root, folders)
    classes = {folder.name: [path for path in _walk(folder) if wanted(path)] for folder in folders}
    empty = [name for name, pictures in classes.items() if not pictures]
    if empty:
        suffixes = f" ({' '.join(PICTURE_SUFFIXES)})" if wanted is is_picture else ""
        if len(classes) - len(empty) == 1:
            refuse_wrapper(root, next(folder for folder in folders if classes[folder.name]))
        raise FolderError(
            f"{root}: found no {noun} in {', '.join(empty)}, wanted one or more per class; "
            f"add {noun}s{suffixes} or remove the folder"
        )
    return classes


def list_folders(folder: Path) -> tuple[list[Path], bool]:
    """The folders in a folder but those left out, sorted, and whether pictures lie beside them; none if unreadable."""
    try:
        with os.scandir(folder) as found:
            entries = [entry for entry in found if not is_left_out(entry.name)]
    except OSError:
        return [], False
    folders = sorted(entry.name for entry in entries if entry.is_dir())
    return [folder / name for name in folders], any(is_picture(e.name) and not e.is_dir() for e in entries)


def unwrap(folder: Path) -> Path:
    """The first folder, from here downwards, that holds more than one folder: an archive may hold x/x/CLASS."""
    for _ in range(_DEEPEST):
        inside, pictures = list_folders(folder)
        if len(inside) != 1 or pictures:
            break
        folder = inside[0]
    return folder


def refuse_wrapper(root: Path, only: Path | None = None) -> None:
    """Raises FolderError where the class folders of `root` lie deeper: in the folder `only`, or in its only one."""
    inner = unwrap(only or root)
    if inner != root and len(list_folders(inner)[0]) > 1:
        raise FolderError(
            f"{root}: found pictures in {inner.relative_to(root).as_posix()}/ alone, wanted two or more class folders; "
            f"give {inner}, if the folders in it are the classes"
        )


def _refuse_equal_but_for_case(root: Path, folders: list[Path]) -> None:
    """Two classes `Hat` and `hat` would be one on the next file system."""
    seen: dict[str, str] = {}
    for folder in folders:
        other = seen.setdefault(folder.name.casefold(), folder.name)
        if other != folder.name:
            raise FolderError(
                f"{root}: found the classes {other} and {folder.name}, which differ only in case; "
                "merge them or rename one"
            )


def _walk(folder: Path) -> list[str]:
    """Files below `folder`, none that is left out, sorted by path; strings: a million Paths take a minute."""
    if not os.path.isdir(folder):
        raise FolderError(f"{folder}: found no such folder, wanted a folder of pictures")
    found: list[str] = []
    for top, folders, files in os.walk(folder, onerror=_refuse_unreadable, followlinks=True):
        if os.path.islink(top) and any(os.path.samefile(top, above) for above in Path(top).parents):
            raise FolderError(f"{top}: found a link to a folder above it, wanted none; remove it")
        folders[:] = [name for name in folders if not is_left_out(name)]
        found += [os.path.join(top, name) for name in files if not is_left_out(name)]
    refuse_locale(folder, found)
    return sorted(found, key=lambda path: path.replace(os.sep, "\0"))  # folder by folder: "a/b" before "a b"


def _refuse_unreadable(error: OSError) -> NoReturn:
    raise FolderError(f"{error.filename}: {error.strerror}; make it readable") from error
