"""What the folders below the class folders may mean: the classes themselves, parts, or what must not be torn apart."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from ressq_edge.data.part_names import read_part_name
from ressq_edge.data.split import PARTS, Samples, Split
from ressq_edge.errors import SplitError
from ressq_runtime.inputs.names import compose

_SHOWN = 3  # names of sub-folders
_FEWEST_AGAIN = 2  # classes that a class folder holds once more: one may be a sub-folder of any kind


def refuse_levels(root: Path, labels: Sequence[str], parts: Mapping[str, Samples], *, given: bool) -> None:
    """Refuse class folders that hold the other classes again, or each its own train/ and test/.

    Args:
        root: the data folder.
        labels: its classes.
        parts: the pictures of each part.
        given: the parts are folders, with which the names of their pictures begin.

    Raises:
        SplitError: which, and what to do.
    """
    for pictures in parts.values():
        of_class: list[set[str]] = [set() for _ in labels]
        for label, depth, folders in _look_below(_find_folders(pictures), 2 if given else 1):
            of_class[label] |= {compose(levels[depth]) for levels in folders if len(levels) > depth}
        _refuse_again(root / pictures[0][0].split("/", 1)[0] if given else root, labels, of_class)
        _refuse_parts_below(root, labels, of_class)


def _refuse_again(root: Path, labels: Sequence[str], of_class: Sequence[set[str]]) -> None:
    """An archive may hold all of it twice: flowers/rose/ and flowers/flowers/rose/."""
    others = [inside & set(labels) - {label} for label, inside in zip(labels, of_class, strict=True)]
    once = {label for label, found in zip(labels, others, strict=True) if not found}
    for label, found in zip(labels, others, strict=True):
        if len(found & once) >= max(_FEWEST_AGAIN, len(once) / 2):
            raise SplitError(
                f"{root}: found the classes {_list(sorted(found & once))} again in {label}/, wanted each once; "
                f"move {label}/ elsewhere, or, if it is a class of its own, rename the folders in it"
            )


def _refuse_parts_below(root: Path, labels: Sequence[str], of_class: Sequence[set[str]]) -> None:
    """oak/train/, oak/test/: a draw from both would learn from pictures that were kept for a test."""
    names = {name: found for name in sorted(set.intersection(*of_class)) if (found := read_part_name(name))}
    kinds, stems = ({getattr(found, field) for found in names.values()} for field in ("part", "stem"))
    if "train" in kinds and len(kinds) > 1 and len(stems) == 1:
        raise SplitError(
            f"{root}: found {_list(list(names))} in each class folder, wanted parts above the classes; "
            f"swap the levels: train/{labels[0]}/, test/{labels[0]}/"
        )


def tell_nested_folders(split: Split, *, grouped: bool) -> list[str]:
    """What a person should know of the sub-folders, a note each.

    Args:
        split: of pictures named `class/sub-folder/...`, those of given parts `part/class/sub-folder/...`.
        grouped: pictures are kept together by --group-by.
    """
    folders = {part: _find_folders(split.samples(part)) for part in PARTS}
    of_class: list[set[str]] = [set() for _ in split.labels]
    parts_of: dict[str, set[str]] = defaultdict(set)
    depths, loose = set(), False
    everything = {folder: label for found in folders.values() for folder, label in found.items()}
    for label, depth, below in _look_below(everything, 2 if split.origin == "folders" else 1):
        depths.add(depth)
        for levels in below:
            if len(levels) > depth:
                of_class[label].add(levels[depth])
                parts_of[levels[depth]] |= {part for part, found in folders.items() if "/".join(levels) in found}
            else:
                loose = True
    torn = 0 if grouped else sum(len(parts) > 1 for parts in parts_of.values())
    # An expression must find a group for each picture, those beside the sub-folders as well.
    how = "TABLE.csv" if loose or len(depths) > 1 else f"'^{'[^/]+/' * max(depths)}([^/]+)/'"
    torn_folders = _tell_torn(torn, how, "below the class folders")
    return [*_tell_part_names(split.labels, of_class), *_tell_recurring(of_class), *torn_folders]


def tell_mask_folders(split: Split, *, grouped: bool) -> list[str]:
    """The same of pictures with masks, named `images/sub-folder/...`, or `images/part/sub-folder/...`."""
    above = 2 if split.origin == "folders" else 1
    parts_of: dict[str, set[str]] = defaultdict(set)
    loose = False
    for part in PARTS:
        for name, _ in split.samples(part):
            levels = name.split("/")[above:-1]
            loose |= not levels
            if levels:
                parts_of[levels[0]].add(part)
    torn = 0 if grouped else sum(len(parts) > 1 for parts in parts_of.values())
    how = "TABLE.csv" if loose else f"'^{'[^/]+/' * above}([^/]+)/'"
    return _tell_torn(torn if len(parts_of) > 1 else 0, how, "of the pictures")


def _find_folders(pictures: Iterable[tuple[str, int]]) -> dict[str, int]:
    """Each folder that pictures lie in -> the index of their class."""
    return {name.rpartition("/")[0]: label for name, label in pictures}


def _look_below(folders: Mapping[str, int], above: int) -> Iterator[tuple[int, int, list[list[str]]]]:
    """For each class folder: label, levels above its sub-folders, and the folders in it as their levels.

    A folder around all others in a class folder is an archive's; one around pictures alone is a sub-folder.
    """
    classes: dict[str, list[list[str]]] = defaultdict(list)
    for folder in folders:
        levels = folder.split("/")
        classes["/".join(levels[:above])].append(levels)
    for below in classes.values():
        depth, first = above, below[0]
        while len({tuple(levels[depth + 1 : depth + 2]) for levels in below}) > 1 and all(
            len(levels) > depth + 1 and levels[depth] == first[depth] for levels in below
        ):
            depth += 1
        yield folders["/".join(first)], depth, below


def _tell_recurring(of_class: list[set[str]]) -> list[str]:
    """The folders of patients may have been taken for the classes, and those of the classes passed over."""
    everywhere = sorted(set.intersection(*of_class))
    holds = "each class folder holds"
    if len(everywhere) < 2 and len(set.union(*of_class)) < len(of_class) and all(of_class):
        # One patient is healthy, another sick: fewer names than folders, and each in several.
        counts = Counter(name for names in of_class for name in names)
        both = max(map(len, of_class)) > 1  # else one name a folder: a year, say
        everywhere = sorted(counts) if both and min(counts.values()) > 1 else []
        holds = "the class folders hold, over and over,"
    if len(everywhere) < 2 or (len(of_class) == 2 and of_class[0] != of_class[1]):
        return []
    swap = "the first level is taken for the class; if these are the classes, swap the levels or give one folder"
    return [f"{holds} {_list(everywhere)}: {swap}"]


def _tell_part_names(labels: Sequence[str], of_class: Sequence[set[str]]) -> list[str]:
    """Classes by the names of parts, which nothing else shows to be parts."""
    named = {label: found for label in labels if (found := read_part_name(label))}
    notes = [
        f"{label}/ is taken for a class; if {_list(sorted(inside))} are the classes, give that folder"
        for label, inside in zip(labels, of_class, strict=True)
        if label in named and len(inside) > 1
    ]
    kinds = {found.part for found in named.values()}
    if not notes and "train" in kinds and len(kinds) > 1:
        notes = [f"{_list(list(named))} are taken for classes; if they are parts, lay out train/CLASS/ and test/CLASS/"]
    return notes


def _tell_torn(torn: int, how: str, where: str) -> list[str]:
    """Of one patient some pictures may be learned from and others measured on."""
    if not torn:
        return []
    return [
        f"{torn:,} sub-folders {where} are not kept together; if each is a patient, a site or a thing: --group-by {how}"
    ]


def _list(names: list[str]) -> str:
    """a/ and b/; of many the first alone."""
    shown = [f"{name}/" for name in names[:_SHOWN]]
    more = len(names) - len(shown)
    return f"{', '.join(shown)} and {more} more" if more else f"{', '.join(shown[:-1])} and {shown[-1]}"
