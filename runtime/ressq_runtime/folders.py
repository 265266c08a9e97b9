"""Folders of pictures: which files are pictures, and which classes a folder holds.

The rule: a file is a picture by its suffix, hidden files are nobody's, and `list_others` tells the rest.
"""

from __future__ import annotations

import os
from pathlib import Path

from ressq_runtime.errors import FolderError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

# What Pillow reads everywhere, and HEIC so that a phone's pictures are named in an error, not overlooked.
PICTURE_SUFFIXES = (
    ".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".ppm", ".pgm", ".pnm",
    ".heic", ".heif", ".avif",
)  # fmt: skip
HIDDEN = (".", "__MACOSX", "lost+found")


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


def list_classes(root: Path, fewest: int = 2) -> dict[str, list[str]]:
    """Class name -> the paths of its pictures, for a folder with one sub-folder per class; both sorted.

    `fewest` classes there must be: two to learn from, one to measure on.

    Raises:
        FolderError: no such folder, pictures beside the class folders, too few classes, a class
            without a picture, or two class names that differ only in case.
    """
    if not os.path.isdir(root):
        found = "a file" if os.path.exists(root) else "no such folder"
        raise FolderError(f"{root}: found {found}, wanted a folder of class folders")
    try:
        entries = [p for p in sorted(root.iterdir()) if not p.name.startswith(HIDDEN)]
        folders = [p for p in entries if p.is_dir()]
    except OSError as error:
        _refuse_unreadable(error)
    stray = [p for p in entries if is_picture(p.name) and p.is_file()]
    if stray:
        raise FolderError(
            f"{root}: found {len(stray)} pictures beside the class folders, the first {stray[0].name}; "
            "move each into the folder of its class"
        )
    if len(folders) < fewest:
        names = ", ".join(folder.name for folder in folders) or "none"
        raise FolderError(
            f"{root}: found {len(folders)} class folders ({names}), wanted {fewest} or more; "
            "make one folder per class and put its pictures inside"
        )
    _refuse_equal_but_for_case(root, folders)
    classes = {folder.name: [path for path in _walk(folder) if is_picture(path)] for folder in folders}
    empty = [name for name, pictures in classes.items() if not pictures]
    if empty:
        raise FolderError(
            f"{root}: found no picture in {', '.join(empty)}, wanted one or more per class; "
            f"add pictures ({' '.join(PICTURE_SUFFIXES)}) or remove the folder"
        )
    return classes


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
    """Files below `folder` whose path has no hidden part, sorted by path; strings: a million Paths take a minute."""
    if not os.path.isdir(folder):
        raise FolderError(f"{folder}: found no such folder, wanted a folder of pictures")
    found: list[str] = []
    for top, folders, files in os.walk(folder, onerror=_refuse_unreadable, followlinks=True):
        if os.path.islink(top) and any(os.path.samefile(top, above) for above in Path(top).parents):
            raise FolderError(f"{top}: found a link to a folder above it, wanted none; remove it")
        folders[:] = [name for name in folders if not name.startswith(HIDDEN)]
        found += [os.path.join(top, name) for name in files if not name.startswith(HIDDEN)]
    return sorted(found, key=lambda path: path.replace(os.sep, "\0"))  # folder by folder: "a/b" before "a b"


def _refuse_unreadable(error: OSError) -> NoReturn:
    raise FolderError(f"{error.filename}: {error.strerror}; make it readable") from error
