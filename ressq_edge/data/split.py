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

from ressq_edge.atomic import write_text
from ressq_edge.errors import RunError, SplitError

FORMAT = 1
PARTS = ("train", "val", "test")

# (path below the data folder, target) of each; the target of a classifier is the index of a class.
Samples = tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Split:
    """A data folder's pictures, sorted into parts.

    origin: "folders" (the parts were given) or "seeded".
    seed: of the random split; it also drew val where only train/ and test/ were given.
    labels: class names in the order of the logits.
    train, val, test: (relative path, label index) of each picture; test may be empty.
    unreadable: (relative path, reason) of the pictures left out.
    notes: what a person should know: how the parts came about.
    groups: (relative path, number of its group) of each validation and test picture; empty where nothing was grouped.
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
        """Number of pictures of each class, in the order of the labels."""
        found = Counter(label for _, label in self.samples(part))
        return [found[index] for index in range(len(self.labels))]

    def without(self, reasons: dict[str, str]) -> "Split":
        """The split without unreadable pictures, which it lists with their reasons.

        Raises:
            SplitError: a class has no picture left in a part.
        """
        train, val, test = (
            tuple(picture for picture in self.samples(part) if picture[0] not in reasons) for part in PARTS
        )
        left_out = tuple(sorted(reasons.items()))
        groups = tuple(pair for pair in self.groups if pair[0] not in reasons)
        split = replace(self, train=train, val=val, test=test, unreadable=left_out, groups=groups)
        for part in PARTS:
            for label, before, after in zip(self.labels, self.counts(part), split.counts(part), strict=True):
                if before and not after:
                    raise SplitError(
                        f"{label}: found no readable picture left for {part} (of {before}), "
                        "wanted at least one; mend or add pictures, or draw other parts by another --seed"
                    )
        return split


def number_groups(groups: Mapping[str, str], parts: Mapping[str, Samples]) -> tuple[tuple[str, int], ...]:
    """`Split.groups`: numbers for names, since a table may name patients whom no path does."""
    numbers = {group: number for number, group in enumerate(dict.fromkeys(groups.values()))}
    measured = (name for part in PARTS[1:] for name, _ in parts.get(part, ()))
    return tuple((name, numbers[groups[name]]) for name in measured if groups)


def pictures_sha256(split: Split, root: Path) -> str:
    """SHA-256 over the part, class, relative path and size in bytes of each picture.

    Raises:
        SplitError: a picture is not there.
    """
    digest = hashlib.sha256()
    for part in PARTS:
        for name, label in split.samples(part):
            try:
                size = os.stat(os.path.join(root, name)).st_size  # noqa: PTH116, PTH118 - a Path takes as long again
            except OSError as error:
                raise SplitError(f"{root / name}: {error.strerror}; bring it back") from error
            digest.update(f"{part}/{label}/{name}/{size}\n".encode())
    return digest.hexdigest()


def write_split(run: Path, split: Split) -> None:
    """Write RUN/split.json.

    Raises:
        OutputError: the file cannot be written.
    """
    found = {"format": FORMAT, **asdict(split)}
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
        return Split(**{key: _tuples(value) for key, value in found.items()})
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
