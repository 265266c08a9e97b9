"""Names of files and classes: the Unicode form they are in, and the locale that they are read by."""

from __future__ import annotations

import os
import sys

from ressq_runtime.errors import FolderError, PictureError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable


def compose(name: str) -> str:
    """The name in the Unicode form NFC: an archive made on a Mac may hold an accent as a sign of its own, NFD."""
    if name.isascii():
        return name
    from unicodedata import normalize

    return normalize("NFC", name)


def locate(folder: str, path: str, listed: dict[str, dict[str, str]]) -> str:
    """The file at `path` below `folder`, whatever the Unicode forms of its name and folders; `listed` keeps those."""
    found = folder
    for name in path.split("/"):
        there = name
        if not name.isascii() and not os.path.lexists(os.path.join(found, name)):
            if found not in listed:
                listed[found] = {compose(one): one for one in os.listdir(found)} if os.path.isdir(found) else {}
            there = listed[found].get(compose(name), name)
        found = os.path.join(found, there)
    return found


def refuse_locale(place: object, names: Iterable[str], *, listed: bool = True) -> None:
    """Refuse names of UTF-8 that this process's locale reads as other letters; a table would carry those.

    Args:
        place: what they are of, for the message.
        names: as Python has them, of files that were listed, else from a file of UTF-8.
        listed: which of both.

    Raises:
        FolderError: the locale, and how to set another.
    """
    encoding = sys.getfilesystemencoding()
    if encoding.lower() in ("utf-8", "utf8") or not any(_is_misread(name, listed) for name in names):
        return
    raise FolderError(f"{place}: found the locale {encoding}, wanted UTF-8, as names are in; export LC_ALL=C.UTF-8")


def _is_misread(name: str, listed: bool) -> bool:
    if name.isascii() or not listed:
        return not name.isascii()
    try:
        os.fsencode(name).decode()
    except UnicodeError:  # names of an old disk, which such a locale reads rightly
        return False
    return True


def refuse_address(name: str) -> None:
    """Nothing, if a file has such a name. An address may hold a password, which no row of a table is to show.

    Raises:
        PictureError: there is no such file.
    """
    if not os.path.exists(name):
        from ressq_runtime.addresses import cut_address

        raise PictureError(
            f"{cut_address(name)}: found a network address, wanted a file; download the picture first, "
            "or give a camera's stream to ressq-watch"
        )
