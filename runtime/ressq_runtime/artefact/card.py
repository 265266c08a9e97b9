"""The card: what an artefact says of itself. Its keys are described in docs/artefact.md.

A reader refuses a format it does not know and ignores keys it does not know.
"""

from __future__ import annotations

from ressq_runtime.errors import ArtefactError, printable
from ressq_runtime.lean_stdlib import parse_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

FORMAT = 2
# Outputs of a model by their names.
SCORES, OUT_OF_DISTRIBUTION = "scores", "out_of_distribution"

LARGEST_CLASS_COUNT = 65_536
LARGEST_NUMBER = 1e30  # JSON knows infinity, NaN and integers that no float holds


class Card:
    """A card, validated as far as every task's goes; the rest is its task's and its input's.

    Fields: name; task; input, how the model's bytes are made; labels, none where the task has none; scheme, the
    precision in words; self_test, cases with `seed`, `pixels_sha256` and what the task measured; sha256, of every byte
    of the file before the card; data, the whole JSON object.
    """

    __slots__ = ("data", "input", "labels", "name", "scheme", "self_test", "sha256", "task")

    def __init__(self, data: dict[str, object], path: str) -> None:
        self.data = data
        self.name: str = take(data, "name", str, path)
        self.task: str = take(data, "task", str, path)
        self.input: dict[str, object] = take(data, "input", dict, path)
        self.labels = _take_labels(data, path) if "labels" in data else []
        self.scheme: str = take(take(data, "precision", dict, path), "scheme", str, path)
        self.self_test: list[dict[str, Any]] = take(data, "self_test", list, path)
        for case in self.self_test:
            if not isinstance(case, dict):
                raise ArtefactError(f"{path}: found a self-test case {case!r}, wanted an object; export it again")
            take(case, "seed", int, path)
            take(case, "pixels_sha256", str, path)
        self.sha256: str = take(data, "sha256", str, path)

    @classmethod
    def from_json(cls, text: str | bytes, path: str) -> Card:
        """The card in `text`.

        Raises:
            ArtefactError: not JSON, a newer format, or a key that is missing or of the wrong type.
        """
        return cls(parse_card(text, path), path)


def parse_card(text: str | bytes, path: str) -> dict[str, object]:
    """The card's JSON object, its keys not looked at but for `format`.

    Raises:
        ArtefactError: not JSON, or of another format.
    """
    try:
        data = parse_json(text)
    except (ValueError, RecursionError) as error:
        raise ArtefactError(
            f"{path}: found a card that is not JSON ({error}); copy it again, or export it again"
        ) from error
    if not isinstance(data, dict):
        raise ArtefactError(f"{path}: found a card that is no JSON object; copy it again, or export it again")
    found = data.get("format")
    if type(found) is int and found > FORMAT:
        raise ArtefactError(
            f"{path}: found card format {found}, wanted {FORMAT}; "
            "install the wheel of the ressq-runtime that it was exported with"
        )
    if found != FORMAT or type(found) is not int:
        mend = "export it again" if type(found) is int and found > 0 else "copy it again, or export it again"
        raise ArtefactError(f"{path}: found card format {found!r}, wanted {FORMAT}; {mend}")
    return data


def take(data: dict[str, object], key: str, kind: type | tuple[type, ...], path: str):  # type: ignore[no-untyped-def]
    """data[key] if it is of that type; untyped since the type is the argument."""
    found = data.get(key)
    if not isinstance(found, kind) or isinstance(found, bool) or (isinstance(kind, tuple) and not is_number(found)):
        wanted = "number" if isinstance(kind, tuple) else kind.__name__
        raise ArtefactError(f"{path}: found {key} {found!r:.60} in the card, wanted a {wanted}; export it again")
    return found


def read_threshold(data: dict[str, object], key: str, path: str) -> float | None:
    """data[key]["threshold"]; None where the card has no such key."""
    if key not in data:
        return None
    return float(take(take(data, key, dict, path), "threshold", (int, float), path))


def is_number(value: object) -> bool:
    """Whether a value of JSON is a number that a float holds."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < LARGEST_NUMBER


def _take_labels(data: dict[str, object], path: str) -> list[str]:
    labels: list[str] = take(data, "labels", list, path)
    if not all(isinstance(label, str) for label in labels) or not 1 < len(labels) <= LARGEST_CLASS_COUNT:
        raise ArtefactError(
            f"{path}: found {len(labels)} labels in the card, wanted two or more strings; export it again"
        )
    # A line break tears a table; an escape sequence would be obeyed by the terminal that shows it.
    # Half a character (a lone surrogate) can't be written to any file.
    if any(printable(label) != label or label.encode(errors="ignore").decode() != label for label in labels):
        raise ArtefactError(f"{path}: found a control character in a label; rename the class and export it again")
    if len(set(labels)) != len(labels):
        raise ArtefactError(f"{path}: found a label twice in the card; rename a class and export it again")
    return labels
