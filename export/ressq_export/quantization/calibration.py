"""Calibration pictures: from the training split only, the classes in turn, drawn with a seed.

Ranges taken from pictures that measure the result would flatter it, so a folder that holds validation or
test pictures is refused, copies of them included.
"""

import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import chain, zip_longest
from pathlib import Path

from ressq_edge.data.split import Split
from ressq_export.errors import CalibrationError
from ressq_export.inputs import open_input
from ressq_export.measurement.copies import find_copies
from ressq_export.network.input_tensor import Spec
from ressq_export.quantization.calibration_stability import CalibrationStability
from ressq_runtime.inputs.folders import list_pictures

DEFAULT_COUNT = 128  # 512 changed neither top-1 nor agreement (clothing, ten classes)
# Fewer say little about the largest activation; the documents' measurements begin here.
FEWEST = 16


@dataclass(frozen=True)
class CalibrationSet:
    """The pictures that int8 ranges are taken from.

    paths: the files.
    seed: of the draw.
    split: "train", or "folder" for one named by the user.
    files_sha256: over the sorted names relative to their folder; it names the set, not the pictures.
    classes: of each picture, which class or sub-folder it is of, a number.
    stability: what its two halves say, once they were compared; None where it is too small for two.
    """

    paths: tuple[Path, ...]
    seed: int
    split: str
    files_sha256: str
    classes: tuple[int, ...]
    stability: CalibrationStability | None = None

    def to_json(self) -> dict[str, object]:
        """The card's `calibration`."""
        return {
            "count": len(self.paths),
            "seed": self.seed,
            "split": self.split,
            "files_sha256": self.files_sha256,
            "stability": self.stability.to_json() if self.stability else None,
        }

    def notes(self) -> tuple[str, ...]:
        """What a person should know of it; empty where it is large enough, or too small to tell."""
        if self.stability is None or self.stability.stable:
            return ()
        return (
            f"{self.stability}; calibrate on more pictures (found {len(self.paths)}, up to {DEFAULT_COUNT} are taken), "
            "or on more ordinary ones with --calibration FOLDER",
        )


def draw(folder: Path | None, split: Split, data: Path, seed: int) -> CalibrationSet:
    """DEFAULT_COUNT pictures of the folder, or of the training split where none is named.

    Raises:
        CalibrationError: they are too few, or measure the result.
        FolderError: there is no such folder.
    """
    if folder is None:
        return draw_from_training(split, data, DEFAULT_COUNT, seed)
    return draw_from_folder(folder, split, data, DEFAULT_COUNT, seed)


def draw_from_training(split: Split, data: Path, count: int, seed: int, fewest: int = FEWEST) -> CalibrationSet:
    """`count` training pictures (all, where there are fewer), as many of each class as can be.

    Raises:
        CalibrationError: the training split has fewer than `fewest` pictures.
    """
    return _draw(_by_label(split.train), data, count, seed, "train", fewest)


def draw_mixed(split: Split, data: Path, count: int, seed: int) -> CalibrationSet:
    """`count` training pictures likewise, but each class as often as it comes."""
    return _draw([[name for name, _ in split.train]], data, count, seed, "train", fewest=1)


def draw_from_validation(split: Split, data: Path, count: int, seed: int) -> CalibrationSet:
    """Validation pictures likewise: no ranges come from them, but how far unseen pictures lie."""
    return _draw(_by_label(split.val), data, count, seed, "val", fewest=1)


def _by_label(pictures: Sequence[tuple[str, int]]) -> list[list[str]]:
    groups: dict[int, list[str]] = defaultdict(list)
    for name, label in pictures:
        groups[label].append(name)
    return list(groups.values())


def draw_from_folder(folder: Path, split: Split, data: Path, count: int, seed: int) -> CalibrationSet:
    """`count` pictures of a folder, as many of each sub-folder as can be.

    Raises:
        CalibrationError: the folder holds validation or test pictures, or fewer than FEWEST.
        FolderError: there is no such folder.
    """
    groups: dict[Path, list[str]] = defaultdict(list)
    pictures = list_pictures(folder)
    _refuse_measured(folder, pictures, split, data)
    for path in pictures:
        groups[path.parent].append(path.relative_to(folder).as_posix())
    return _draw(list(groups.values()), folder, count, seed, "folder", FEWEST)


def _draw(groups: Sequence[list[str]], root: Path, count: int, seed: int, split: str, fewest: int) -> CalibrationSet:
    generator = random.Random(seed)  # noqa: S311 - a draw, no secret
    shuffled = [
        [(name, number) for name in generator.sample(sorted(group), len(group))] for number, group in enumerate(groups)
    ]
    in_turn = [drawn for drawn in chain.from_iterable(zip_longest(*shuffled)) if drawn is not None][:count]
    names = [name for name, _ in in_turn]
    if len(names) < fewest:
        further = ", or give others with --calibration" if split == "train" else ""
        raise CalibrationError(
            f"{root}: found {len(names)} pictures to calibrate on, wanted at least {fewest}; add pictures{further}"
        )
    digest = sha256("\n".join(sorted(names)).encode(errors="surrogateescape")).hexdigest()
    classes = tuple(number for _, number in in_turn)
    return CalibrationSet(tuple(root / name for name in names), seed, split, digest, classes)


def _refuse_measured(folder: Path, pictures: Sequence[Path], split: Split, data: Path) -> None:
    """A copy of a test picture is a test picture."""
    for part, name in (("val", "validation"), ("test", "test")):
        found = find_copies(pictures, split.paths(part, data))
        if found:
            raise CalibrationError(
                f"{folder}: found {len(found)} pictures of the {name} split, the first {found[0].name}, wanted "
                "none: they measure the result; leave --calibration out to use training pictures"
            )


def read_pixels(calibration: CalibrationSet, spec: Spec) -> list[bytes]:
    """The pictures, or windows, as the network will see them, by the runtime's own functions.

    Raises:
        PictureError, RecordingError: one cannot be read.
        CalibrationError: they are blank.
    """
    given = open_input(spec)
    pixels = [given.read(path) for path in calibration.paths]
    given.check_calibration(pixels, calibration.paths[0].parent)
    return pixels


def halve(calibration: CalibrationSet, pixels: Sequence[bytes]) -> list[list[bytes]]:
    """The pixels as two lists, of each class as many in one as in the other, give or take one.

    Empty where a half would have fewer pictures than a calibration set must have.
    """
    if len(pixels) < 2 * FEWEST:
        return []
    by_class = sorted(range(len(pixels)), key=calibration.classes.__getitem__)
    return [[pixels[index] for index in by_class[first::2]] for first in (0, 1)]
