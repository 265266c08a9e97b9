"""The pictures that a run kept back for its test, out of its split.json, which may be anybody's."""

from __future__ import annotations

import json
import os

from ressq_runtime.errors import FolderError
from ressq_runtime.inputs.names import compose, locate, refuse_locale

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

FORMAT = 1
MOST_BYTES = 40_000_000  # half a million pictures, which take a Pi some 200 MB once read
_ADVICE = "give the split.json of the run that the artefact was exported from"


def list_test_part(split: str, folder: str, labels: Sequence[str]) -> list[tuple[int, str]]:
    """(index in `labels`, path below `folder`) of each test picture in the file `split`; none is opened.

    Raises:
        FolderError: it can't be read or is no split, of other classes, without test pictures, or leaves the folder.
    """
    found = _read(split)
    model_labels = [compose(label) for label in labels]
    pictures = _take_test_part(split, found, labels, lambda target: type(target) is int and 0 <= target < len(labels))
    split_labels = [compose(name) for name in found["labels"]]
    refuse_locale(split, (path for path, _ in pictures), listed=False)
    listed: dict[str, dict[str, str]] = {}
    return [(model_labels.index(split_labels[label]), locate(folder, path, listed)) for path, label in pictures]


def list_test_masks(split: str, folder: str, labels: Sequence[str]) -> tuple[list[tuple[str, str]], Any]:
    """(picture, mask) below `folder` of each test picture in the file `split`, and what it says of the masks' values.

    Raises:
        FolderError: as of `list_test_part`; or the classes are in another order.
    """
    found = _read(split)
    pairs = _take_test_part(split, found, labels, _is_inside)
    if [compose(name) for name in found["labels"]] != [compose(label) for label in labels]:
        raise FolderError(f"{split}: found the model's classes in another order, wanted its own; {_ADVICE}")
    refuse_locale(split, (path for pair in pairs for path in pair), listed=False)
    listed: dict[str, dict[str, str]] = {}
    located = [(locate(folder, picture, listed), locate(folder, mask, listed)) for picture, mask in pairs]
    return located, found.get("masks")


def _take_test_part(split: str, found: dict[str, Any], labels: Sequence[str], fits: Callable[[Any], bool]) -> list[Any]:
    """The test part of a split whose classes are the model's, each [path, target] with a target that fits."""
    names: Any = found.get("labels")
    pictures: Any = found.get("test")
    if found.get("format") != FORMAT or not _is_text(names) or not isinstance(pictures, list):
        raise FolderError(f"{split}: found no split of format {FORMAT}, wanted labels and a test part; {_ADVICE}")
    split_labels, model_labels = [compose(name) for name in names], [compose(label) for label in labels]
    if strange := sorted(set(split_labels) ^ set(model_labels)):
        whose = "the model lacks" if strange[0] in split_labels else "only the model has"
        raise FolderError(f"{split}: found the class {strange[0]}, which {whose}, wanted the model's; {_ADVICE}")
    if not pictures:
        raise FolderError(f"{split}: found no picture in its test part, wanted one or more; give a folder of pictures")
    for number, picture in enumerate(pictures, 1):
        if not (isinstance(picture, list) and len(picture) == 2 and _is_inside(picture[0]) and fits(picture[1])):
            raise FolderError(
                f"{split}: found picture {number} of its test part outside the folder or without a class, "
                f"wanted [path below the folder, index of its label, or its mask]; {_ADVICE}"
            )
    if len({path for path, _ in pictures}) < len(pictures):
        raise FolderError(f"{split}: found a picture twice in its test part, wanted each once; {_ADVICE}")
    return pictures


def has_groups(split: str) -> bool:
    """Whether the split was drawn by groups, of patients, say: their pictures are not independent."""
    return bool(_read(split).get("groups"))


def _read(split: str) -> dict[str, Any]:
    if not os.path.isfile(split):  # opening a pipe that nobody writes to waits for ever
        raise FolderError(f"{split}: found no such file; {_ADVICE}")
    try:
        with open(split, "rb") as file:
            data = file.read(MOST_BYTES + 1)
        if len(data) > MOST_BYTES:
            raise FolderError(f"{split}: found more than {MOST_BYTES // 1_000_000} MB, wanted a split; {_ADVICE}")
        found = json.loads(data)
    except OSError as error:
        raise FolderError(f"{split}: {error.strerror}; make it readable") from error
    except (ValueError, RecursionError, MemoryError) as error:
        raise FolderError(f"{split}: found no JSON ({error}), wanted a split; {_ADVICE}") from error
    return found if isinstance(found, dict) else {}


def _is_text(names: Any) -> bool:
    return isinstance(names, list) and all(isinstance(name, str) for name in names)


def _is_inside(path: Any) -> bool:
    """True for a relative path, in parts between slashes, and never upwards."""
    if not isinstance(path, str):
        return False
    inside = not any(part in ("", ".", "..") for part in path.split("/")) and "\0" not in path
    if os.sep == "\\":  # a drive, or another separator
        inside = inside and not any(sign in path for sign in "\\:")
    return inside
