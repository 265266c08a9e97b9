"""A case: which classes a network never sees, which are its class `other`, and the folder of links for it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from ressq_runtime.errors import FolderError
from ressq_runtime.inputs.folders import list_classes

OTHER, TEST = "other", "test"


@dataclass(frozen=True)
class Case:
    """Classes of a set.

    strange   in no part of the training folder; it is asked about them
    other     their pictures are the class `other`
    left_out  in no part either, and it is not asked about them: to compare with a network whose `other` they are
    """

    strange: tuple[str, ...]
    other: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Of its run; a network is the same whether it is asked about a class or not."""
        unseen = sorted([*self.strange, *self.left_out])
        return "-".join(["no", *unseen, *(["other", *sorted(self.other)] if self.other else [])])


def read_case(text: str) -> Case:
    """`hat,dress`, `hat,dress/shoes,shirt` or `hat,dress+shoes,shirt`: see Case, in its order."""
    strange, *rest = re.split(r"([/+])", text)
    further = {sign: tuple(names.split(",")) for sign, names in zip(rest[::2], rest[1::2], strict=True)}
    return Case(tuple(strange.split(",")), further.get("/", ()), further.get("+", ()))


def list_parts(photos: Path) -> dict[str, dict[str, list[Path]]]:
    """part -> class -> pictures, the parts by the names of their folders.

    Raises:
        FolderError: there is no test part, or no other.
    """
    found = {
        folder.name: {label: list(map(Path, paths)) for label, paths in list_classes(folder, fewest=1).items()}
        for folder in sorted(photos.iterdir())
        if folder.is_dir()
    }
    if TEST not in found or len(found) < 2:
        raise FolderError(f"{photos}: found {', '.join(found) or 'no part'}, wanted train, val and test")
    return found


def lay_out(case: Case, photos: Path, folder: Path) -> Path:
    """The folder, with a link to each picture of a class that is seen; what is there stays.

    Raises:
        FolderError: the photos lack a part, or a class that the case names.
    """
    parts = list_parts(photos)
    unseen = {*case.strange, *case.left_out}
    missing = {*unseen, *case.other} - set(parts[TEST])
    if missing:
        raise FolderError(f"{photos}: found no class {min(missing)}, wanted those of {', '.join(parts[TEST])}")
    for part, classes in parts.items():
        for label, paths in classes.items():
            if label in unseen:
                continue
            place = folder / part / (OTHER if label in case.other else label)
            place.mkdir(parents=True, exist_ok=True)
            for path in paths:
                link = place / (f"{label}-{path.name}" if label in case.other else path.name)
                if not link.is_symlink():
                    link.symlink_to(path.resolve())
    return folder
