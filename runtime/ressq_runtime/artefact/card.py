"""The card: what an artefact says of itself. Its keys are described in docs/artefact.md.

A reader refuses a format it does not know and ignores keys it does not know.
"""

from __future__ import annotations

from ressq_runtime.errors import ArtefactError, printable
from ressq_runtime.inputs.picture_spec import PixelSpec
from ressq_runtime.lean_stdlib import parse_json

FORMAT = 1

LARGEST_CLASS_COUNT = 65_536
LARGEST_NUMBER = 1e30  # JSON knows infinity, NaN and integers that no float holds


class SelfTestCase:
    """One golden input and what the workstation measured for it."""

    __slots__ = ("pixels_sha256", "scores", "seed")

    def __init__(self, seed: int, pixels_sha256: str, scores: list[float]) -> None:
        self.seed = seed
        self.pixels_sha256 = pixels_sha256
        self.scores = scores


class Card:
    """A validated card.

    Fields: name; task; labels, in the order of the scores; spec, how a picture becomes pixels; scheme, the
    precision in words; step, how far one int8 step moves a logit (0 for fp32); threshold, the probability from
    which on to answer (0 in older cards: always); out_of_distribution_from, the score from
    which on a picture is unlike the training pictures (None in older cards); self_test; sha256, of every byte of the
    file before the card; data, the whole JSON object.
    """

    __slots__ = (
        "data",
        "labels",
        "name",
        "out_of_distribution_from",
        "scheme",
        "self_test",
        "sha256",
        "spec",
        "step",
        "task",
        "threshold",
    )

    def __init__(self, data: dict[str, object], path: str) -> None:
        self.data = data
        self.name = _take(data, "name", str, path)
        self.task = _take(data, "task", str, path)
        self.labels = _take_labels(data, path)
        self.spec = PixelSpec.from_json(_take(data, "input", dict, path), path)
        self.scheme = _take(_take(data, "precision", dict, path), "scheme", str, path)
        self.step = float(_take(_take(data, "output", dict, path), "step", (int, float), path))
        self.threshold = _take_threshold(data, "abstention", path) or 0.0
        self.out_of_distribution_from = _take_threshold(data, "unlike", path)
        self.self_test = [self._case(case, path) for case in _take(data, "self_test", list, path)]
        self.sha256 = _take(data, "sha256", str, path)
        if self.task != "classify":
            raise ArtefactError(f"{path}: found task {self.task!r}, wanted 'classify'; upgrade ressq-runtime")

    @classmethod
    def from_json(cls, text: str | bytes, path: str) -> Card:
        """The card in `text`.

        Raises:
            ArtefactError: not JSON, a newer format, or a key that is missing or of the wrong type.
        """
        return cls(parse_card(text, path), path)

    def _case(self, case: object, path: str) -> SelfTestCase:
        if not isinstance(case, dict):
            raise ArtefactError(f"{path}: found a self-test case {case!r}, wanted an object; export it again")
        scores = _take(case, "scores", list, path)
        if len(scores) != len(self.labels) or not all(_is_number(score) for score in scores):
            raise ArtefactError(
                f"{path}: found {len(scores)} self-test scores, wanted {len(self.labels)} numbers; export it again"
            )
        return SelfTestCase(_take(case, "seed", int, path), _take(case, "pixels_sha256", str, path), scores)


def parse_card(text: str | bytes, path: str) -> dict[str, object]:
    """The card's JSON object, its keys not looked at but for `format`.

    Raises:
        ArtefactError: not JSON, or a newer format.
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
            f"{path}: found card format {found}, wanted {FORMAT} or older; "
            "install the wheel of the ressq-runtime that it was exported with"
        )
    if type(found) is not int or found < 1:
        raise ArtefactError(f"{path}: found card format {found!r}, wanted {FORMAT}; copy it again, or export it again")
    return data


def _take(data: dict[str, object], key: str, kind: type | tuple[type, ...], path: str):  # type: ignore[no-untyped-def]
    """data[key] if it is of that type; untyped since the type is the argument."""
    found = data.get(key)
    if not isinstance(found, kind) or isinstance(found, bool) or (isinstance(kind, tuple) and not _is_number(found)):
        wanted = "number" if isinstance(kind, tuple) else kind.__name__
        raise ArtefactError(f"{path}: found {key} {found!r:.60} in the card, wanted a {wanted}; export it again")
    return found


def _take_threshold(data: dict[str, object], key: str, path: str) -> float | None:
    """data[key]["threshold"]; None where the card has no such key."""
    if key not in data:
        return None
    return float(_take(_take(data, key, dict, path), "threshold", (int, float), path))


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < LARGEST_NUMBER


def _take_labels(data: dict[str, object], path: str) -> list[str]:
    labels: list[str] = _take(data, "labels", list, path)
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
