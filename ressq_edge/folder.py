"""From a data folder to a split: given train/val/test folders, or a seeded draw from each class."""

import hashlib
import random
from collections import defaultdict
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from ressq_edge.errors import SplitError
from ressq_edge.split import PARTS, Pictures, Split
from ressq_runtime.folders import list_classes

VAL_SHARE = TEST_SHARE = 0.15  # of each class; the rest is for training


def split_folder(root: Path, seed: int) -> Split:
    """The split of a data folder: its own train/val/test folders, or 70/15/15 of each class.

    Raises:
        FolderError: the folder is not laid out as class folders.
        SplitError: a class is too small, or the given parts contradict each other.
    """
    given = _given_parts(root)
    if not given:
        return _split_classes(root, seed)
    classes = {part: list_classes(folder) for part, folder in given.items()}
    labels = tuple(classes["train"])
    for part, found in classes.items():
        if tuple(found) != labels:
            odd = ", ".join(sorted(set(found) ^ set(labels)))
            raise SplitError(
                f"{root}: found other classes in {given[part].name}/ than in train/ ({odd}), "
                "wanted the same in each; add or remove their folders"
            )
    parts = {part: _relative(root, found.values()) for part, found in classes.items()}
    notes = []
    if "val" not in parts:
        parts["val"], parts["train"] = draw(labels, parts["train"], (VAL_SHARE,), seed)
        notes.append(f"val/ is not there: {len(parts['val'])} pictures of train/ validate instead")
    if "test" not in parts:
        notes.append("test/ is not there: no picture is kept back for a last, unbiased figure")
    return Split("folders", seed, labels, parts["train"], parts["val"], parts.get("test", ()), (), (*notes,))


def _given_parts(root: Path) -> dict[str, Path]:
    """Part -> its folder, where `root` is laid out in parts; empty where it holds classes."""
    names = {"train": "train", "val": "val", "validation": "val", "test": "test"}
    found = [name for name in names if (root / name).is_dir()]
    if "train" not in found or len(found) < 2:
        return {}
    if "val" in found and "validation" in found:
        raise SplitError(f"{root}: found both val/ and validation/, wanted one; merge them")
    others = {p.name for p in root.iterdir() if p.is_dir() and not p.name.startswith(".")}
    if extra := sorted(others - set(found)):
        raise SplitError(
            f"{root}: found {', '.join(extra)}/ beside {', '.join(found)}/, "
            "wanted only train/, val/ and test/; move it elsewhere"
        )
    return {names[name]: root / name for name in found}


def _split_classes(root: Path, seed: int) -> Split:
    classes = list_classes(root)
    labels = tuple(classes)
    pictures = _relative(root, classes.values())
    val, test, train = draw(labels, pictures, (VAL_SHARE, TEST_SHARE), seed)
    return Split("seeded", seed, labels, train, val, test)


def _relative(root: Path, classes: Iterable[list[Path]]) -> Pictures:
    return tuple((path.relative_to(root).as_posix(), label) for label, paths in enumerate(classes) for path in paths)


def draw(labels: tuple[str, ...], pictures: Pictures, shares: tuple[float, ...], seed: int) -> list[Pictures]:
    """One part per share, at least one picture of each class in it, then all the rest."""
    drawn: list[list[tuple[str, int]]] = [[] for _ in range(len(shares) + 1)]
    for index, label in enumerate(labels):
        mine = [picture for picture in pictures if picture[1] == index]
        sizes = [max(1, round(share * len(mine))) for share in shares]
        if len(mine) <= len(shares):
            raise SplitError(
                f"{label}: found {len(mine)} picture{'s'[: len(mine) > 1]}, wanted at least "
                f"{len(shares) + 1} to split; add some or remove the class"
            )
        # By label, so that a class more or less does not reshuffle the others.
        random.Random(f"{seed}/{label}").shuffle(mine)  # noqa: S311 - a draw, not a secret
        for part, size in zip(drawn, sizes, strict=False):  # strict=False: the rest comes after
            part += mine[:size]
            mine = mine[size:]
        drawn[-1] += mine
    return [tuple(sorted(part)) for part in drawn]


def find_duplicates(split: Split, root: Path) -> list[tuple[str, str]]:
    """Pairs of byte-equal pictures in different parts: a leak from training to where it is judged."""
    by_size: dict[int, list[tuple[str, str]]] = defaultdict(list)
    for part in PARTS:
        for name, _ in split.pictures(part):
            with suppress(OSError):  # what cannot be opened is reported when it is decoded
                by_size[(root / name).stat().st_size].append((part, name))
    pairs = []
    for same_size in by_size.values():
        if len({part for part, _ in same_size}) < 2:
            continue  # only files of one size can be equal: most are never read
        first: dict[str, tuple[str, str]] = {}
        for part, name in same_size:
            with suppress(OSError):
                other = first.setdefault(_sha256(root / name), (part, name))
                if other[0] != part:
                    pairs.append((other[1], name))
    return pairs


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
