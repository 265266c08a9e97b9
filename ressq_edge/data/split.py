"""Which picture is for what, as data: RUN/split.json.

The rule: a picture is in one part only, every class is in every part, and the file says where each
picture went. Paths are relative to the data folder.
"""

import hashlib
import json
import os
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ressq_edge.atomic import write_text
from ressq_edge.data.masks.classes import split_colour
from ressq_edge.data.masks.reading import MaskClasses
from ressq_edge.errors import RunError, SplitError

FORMAT = 1
PARTS = ("train", "val", "test")

# (path below the data folder, target) of each. A classifier's target is the index of a class; where each pixel has a
# class, it is the mask's path.
Sample = tuple[str, Any]
Samples = tuple[Sample, ...]


@dataclass(frozen=True)
class Split:
    """A data folder's pictures, sorted into parts.

    origin: "folders" (the parts were given) or "seeded".
    seed: of the random split; it also drew val where only train/ and test/ were given.
    labels: class names in the order of the logits.
    train, val, test: (relative path, target) of each picture; test may be empty.
    unreadable: (relative path, reason) of the pictures left out.
    notes: what a person should know: how the parts came about.
    groups: (relative path, number of its group) of each validation and test picture; empty where nothing was grouped.
    masks: what the values of the masks mean; None: the pictures have classes.
    pixels: (relative path, pixels of each class of its mask, the ignored ones last) of each picture with a mask.
    windows: (relative path, number of windows) of each recording; empty of pictures.
    """

    origin: str
    seed: int
    labels: tuple[str, ...]
    train: Samples
    val: Samples
    test: Samples
    unreadable: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()
    groups: tuple[tuple[str, int], ...] = ()
    masks: MaskClasses | None = None
    pixels: tuple[tuple[str, tuple[int, ...]], ...] = ()
    windows: tuple[tuple[str, int], ...] = ()

    @property
    def noun(self) -> str:
        """What a sample that the network is asked about is called."""
        return "window" if self.windows else "picture"

    def by_window(self) -> "Split":
        """The same with a sample for each window, in the groups of its recording, or else grouped by recording."""
        if not self.windows:
            return self
        counts, known = dict(self.windows), dict(self.groups)
        parts = [
            tuple((f"{name}#{n}", target) for name, target in self.samples(part) for n in range(counts[name]))
            for part in PARTS
        ]
        numbers = {name: known.get(name, n) for n, (name, _) in enumerate((*self.val, *self.test))}
        groups = tuple((sample, numbers[sample.rpartition("#")[0]]) for part in parts[1:] for sample, _ in part)
        return replace(self, train=parts[0], val=parts[1], test=parts[2], groups=groups)

    @property
    def colours(self) -> tuple[tuple[int, int, int], ...] | None:
        """(r, g, b) of each class of the masks; None where the pictures have classes."""
        return tuple(map(split_colour, self.masks.colours)) if self.masks else None

    def samples(self, part: str) -> Samples:
        """(relative path, target) of each sample in "train", "val" or "test"."""
        return {"train": self.train, "val": self.val, "test": self.test}[part]

    def paths(self, part: str, root: Path) -> list[Path]:
        """The pictures of a part as files below the data folder `root`."""
        return [root / name for name, _ in self.samples(part)]

    def groups_of(self, part: str) -> list[int]:
        """The group of each picture in "val" or "test"; empty where nothing was grouped."""
        groups = dict(self.groups)
        return [groups[name] for name, _ in self.samples(part)] if groups else []

    def counts(self, part: str) -> list[int]:
        """Number of pictures of each class, or whose mask holds it, in the order of the labels."""
        if self.masks:
            return [int(number) for number in (self._held(part) > 0).sum(0)[:-1]]
        found = Counter(label for _, label in self.samples(part))
        return [found[index] for index in range(len(self.labels))]

    def pixel_counts(self, part: str) -> list[int]:
        """Number of pixels of each class in the masks of a part, the ignored ones last."""
        return [int(number) for number in self._held(part).sum(0)]

    def _held(self, part: str) -> NDArray[np.int64]:
        """(masks, classes + 1): the pixels of each class in each mask that can be read."""
        of_mask = dict(self.pixels)
        found = [of_mask[name] for name, _ in self.samples(part) if name in of_mask]
        return np.array(found, np.int64).reshape(-1, len(self.labels) + 1)

    def without(self, reasons: dict[str, str]) -> "Split":
        """The split without unreadable pictures, which it lists with their reasons.

        Raises:
            SplitError: a part, or a class in a part, has no picture left.
        """
        train, val, test = (
            tuple(picture for picture in self.samples(part) if picture[0] not in reasons) for part in PARTS
        )
        left_out = tuple(sorted(reasons.items()))
        groups = tuple(pair for pair in self.groups if pair[0] not in reasons)
        pixels = tuple(pair for pair in self.pixels if pair[0] not in reasons)
        split = replace(self, train=train, val=val, test=test, unreadable=left_out, groups=groups, pixels=pixels)
        for part in PARTS:
            for label, before, after in zip(self.labels, self.counts(part), split.counts(part), strict=True):
                if before and not after:
                    raise SplitError(
                        f"{label}: found no readable picture left for {part} (of {before}), "
                        "wanted at least one; mend or add pictures, or draw other parts by another --seed"
                    )
            if (total := len(self.samples(part))) and not split.samples(part):
                raise SplitError(
                    f"{part}: found no pair left that can be read (of {total}), wanted at least one; mend or add pairs"
                )
        return split


def number_groups(groups: Mapping[str, str], parts: Mapping[str, Samples]) -> tuple[tuple[str, int], ...]:
    """`Split.groups`: numbers for names, since a table may name patients whom no path does."""
    numbers = {group: number for number, group in enumerate(dict.fromkeys(groups.values()))}
    measured = (name for part in PARTS[1:] for name, _ in parts.get(part, ()))
    return tuple((name, numbers[groups[name]]) for name in measured if groups)


def files_of(sample: Sample) -> tuple[str, ...]:
    """The files of a sample below the data folder: a picture, and its mask where it has one."""
    name, target = sample
    return (name, target) if isinstance(target, str) else (name,)


def pictures_sha256(split: Split, root: Path) -> str:
    """SHA-256 over the part, target, relative path and sizes in bytes of each sample's files.

    Raises:
        SplitError: a file is not there.
    """
    digest = hashlib.sha256()
    for part in PARTS:
        for sample in split.samples(part):
            name, target = sample
            sizes = "/".join(str(_measure(root, file)) for file in files_of(sample))
            digest.update(f"{part}/{target}/{name}/{sizes}\n".encode())
    return digest.hexdigest()


def _measure(root: Path, name: str) -> int:
    try:
        return os.stat(os.path.join(root, name)).st_size  # noqa: PTH116, PTH118 - a Path takes as long again
    except OSError as error:
        raise SplitError(f"{root / name}: {error.strerror}; bring it back") from error


def write_split(run: Path, split: Split) -> None:
    """Write RUN/split.json.

    Raises:
        OutputError: the file cannot be written.
    """
    found = {"format": FORMAT, **asdict(split)}
    if not split.masks:
        del found["masks"], found["pixels"]
    if not split.windows:
        del found["windows"]
    lines = (f" {json.dumps(key)}: {_indent(value)}" for key, value in found.items())
    write_text(run / "split.json", "{\n" + ",\n".join(lines) + "\n}\n")


def _indent(value: Any) -> str:
    """One picture a line: a split of thousands of pictures stays readable and diffs well."""
    if not isinstance(value, tuple) or not value:
        return json.dumps(value, ensure_ascii=False)
    rows = ",\n  ".join(json.dumps(item, ensure_ascii=False) for item in value)
    return f"[\n  {rows}\n ]"


def read_split(run: Path) -> Split:
    """The split in RUN/split.json.

    Raises:
        RunError: it is missing, damaged or of another format.
    """
    path = run / "split.json"
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        if found.pop("format") != FORMAT:
            raise RunError(f"{path}: found another format, wanted {FORMAT}; upgrade ressq-edge")
        read = {key: _tuples(value) for key, value in found.items()}
        if masks := read.get("masks"):
            read["masks"] = MaskClasses(**{key: _tuples(value) for key, value in masks.items()})
        return Split(**read)
    except FileNotFoundError as error:
        raise RunError(f"{path}: found no such file; give a folder made by ressq-train") from error
    except (ValueError, TypeError, KeyError, AttributeError, OSError) as error:
        raise RunError(f"{path}: found a damaged split ({error}); train again into a new folder") from error


def _tuples(value: Any) -> Any:
    return tuple(_tuples(item) for item in value) if isinstance(value, list) else value


def holds(root: Path, split: Split, about: dict[str, Any]) -> bool:
    """True where the pictures that a run began with are."""
    try:
        return pictures_sha256(split, root) == about.get("pictures_sha256")
    except SplitError:
        return False
