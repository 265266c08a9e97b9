"""Segment: a class for each pixel of a picture, by the outputs `classes` and `scores`."""

from __future__ import annotations

from ressq_runtime.artefact.card import SCORES, is_number, take
from ressq_runtime.errors import ArtefactError, EngineError
from ressq_runtime.tasks.segment_areas import Areas
from ressq_runtime.tasks.segment_counts import CLASSES, read_classes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from ressq_runtime.artefact.card import Card
    from ressq_runtime.engines.tensor import Tensor, TensorSpec
    from ressq_runtime.tasks.segment_extras import SegmentExtras

MOST_CLASSES = 255  # the last index is that of pixels without one


class Segment:
    """What a segmentation network's outputs mean; as `task.Task` says.

    Fields: path, of the model; labels and colours, of the classes; shape, (height, width) of the class map; threshold,
    the probability below which a pixel is UNSURE (0: none is); top_k, how many classes a text names (None: all); step,
    how far one int8 step moves a logit (0 for fp32).
    """

    __slots__ = ("colours", "labels", "path", "shape", "step", "threshold", "top_k")

    def __init__(self, path: str, labels: Sequence[str], colours: Sequence[tuple[int, int, int]]) -> None:
        self.path, self.labels, self.colours = path, list(labels), list(colours)
        self.shape = 0, 0
        self.step = self.threshold = 0.0
        self.top_k: int | None = None

    @classmethod
    def read(
        cls, path: str, card: Card, *, labels: Sequence[str] | None = None, threshold: float | None = None,
        top_k: int | None = None,
    ) -> Segment:  # fmt: skip
        """The task by the card.

        Raises:
            ArtefactError: labels are given beside those in the card, or it lacks what a segmentation's has.
        """
        if labels is not None:
            from ressq_runtime.artefact.labels import explain_labels

            raise ArtefactError(f"{path}: {explain_labels(labels)}")
        names = take(card.data, "labels", list, path)
        if len(names) > MOST_CLASSES:
            raise ArtefactError(f"{path}: found {len(names)} classes, wanted at most {MOST_CLASSES}; export it again")
        if card.input.get("fit") != "stretch":
            raise ArtefactError(f"{path}: found a crop as the card's input, wanted the whole picture; export it again")
        task = cls(path, names, _take_colours(card.data, len(names), path))
        task.threshold, task.top_k = threshold or 0.0, top_k
        task.step = float(take(take(card.data, "output", dict, path), "step", (int, float), path))
        task.shape = tuple(take(card.input, side, int, path) for side in ("height", "width"))
        for case in card.self_test:
            for key, count in ((CLASSES, None), (SCORES, len(names))):
                values = take(case, key, list, path)
                if not all(map(is_number, values)) or (count and len(values) != count):
                    raise ArtefactError(f"{path}: found {key} {values!r:.60} in a self-test; export it again")
        return task

    @property
    def settings(self) -> dict[str, Any]:
        """As `task.Task` says."""
        return {"threshold": self.threshold, "top_k": self.top_k}

    def bind(self, outputs: list[TensorSpec]) -> None:
        """Takes the outputs named `classes` and `scores`."""
        known = {spec.name: spec for spec in outputs}
        classes, scores = known.get(CLASSES), known.get(SCORES)
        height, width = self.shape
        if classes is None or classes.dtype not in ("int32", "uint8") or classes.shape != (1, height, width):
            self._refuse(CLASSES, f"int32 [1, {height}, {width}]", outputs)
        if scores is None or scores.dtype != "float32" or len(scores.shape) != 4 or not self._fits(scores.shape):
            self._refuse(SCORES, f"float32 [1, h, w, {len(self.labels)}]", outputs)

    def answer(self, outputs: Mapping[str, Tensor], size: tuple[int, int]) -> Areas:
        """The area of each class."""
        classes = read_classes(outputs)
        if self.threshold:
            from ressq_runtime.tasks.segment_unsure import mark_unsure

            classes = mark_unsure(outputs, self.shape, self.threshold)
        areas = Areas(self, classes, size)
        if sum(areas.pixels) != size[0] * size[1]:
            raise EngineError(
                f"{self.path}: found class {max(read_classes(outputs))} in its map, wanted 0 to "
                f"{len(self.labels) - 1}; export it again"
            )
        return areas

    def extras(self) -> SegmentExtras:
        """As `task.Task` says."""
        from ressq_runtime.tasks.segment_extras import SegmentExtras

        return SegmentExtras(self)

    def _fits(self, shape: tuple[int, ...]) -> bool:
        return shape[0] == 1 and shape[3] == len(self.labels) and shape[1] * shape[2] > 0

    def _refuse(self, name: str, wanted: str, outputs: list[TensorSpec]) -> None:
        found = ", ".join(f"{spec.name} {spec}" for spec in outputs)
        raise EngineError(f"{self.path}: found the outputs {found}, wanted {name} of {wanted}; export it again")


def _take_colours(data: dict[str, object], count: int, path: str) -> list[tuple[int, int, int]]:
    colours = take(data, "colours", list, path)
    if len(colours) != count or not all(map(_is_colour, colours)):
        raise ArtefactError(
            f"{path}: found colours {colours!r:.60} in the card, wanted [r, g, b] of 0 to 255 for each of {count} "
            "classes; export it again"
        )
    return [tuple(colour) for colour in colours]


def _is_colour(colour: object) -> bool:
    return isinstance(colour, list) and len(colour) == 3 and all(type(c) is int and 0 <= c <= 255 for c in colour)
