"""Classify: one label a picture, or none where the best is not sure enough; and whether the picture is a stranger."""

from __future__ import annotations

from ressq_runtime.artefact.card import OUT_OF_DISTRIBUTION, SCORES, is_number, read_threshold, take
from ressq_runtime.engines.tensor import choose_output
from ressq_runtime.errors import ArtefactError, EngineError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any

    from PIL import Image

    from ressq_runtime.artefact.card import Card
    from ressq_runtime.engines.tensor import Tensor, TensorSpec
    from ressq_runtime.tasks.classify_extras import ClassifierExtras

DIGITS = 6  # of a probability in a table
TOP_K = 5


class Prediction:
    """One answer: a label and its probability, 0..1."""

    __slots__ = ("label", "probability")

    def __init__(self, label: str, probability: float) -> None:
        self.label = label
        self.probability = probability

    def __repr__(self) -> str:
        return f"Prediction({self.label!r}, {self.probability:.4f})"


class Predictions(list[Prediction]):
    """What a picture is, and behind it the most probable labels, best first, whether they are an answer or not.

    Fields: label, the answer, or None: the classifier abstains, since the best one's probability is too low to rely on;
    reason, why there is no label or why it means little, for a person; empty where all is well; out_of_distribution,
    whether the picture is unlike the training pictures, so that no answer means much (None: the model can't tell).
    """

    __slots__ = ("label", "out_of_distribution", "reason")

    def __init__(
        self, predictions: Iterable[Prediction], threshold: float = 0.0, out_of_distribution: bool | None = None
    ) -> None:
        super().__init__(predictions)
        best = self[0]
        sure = best.probability >= threshold
        self.label = best.label if sure else None
        self.out_of_distribution = out_of_distribution
        self.reason = "" if sure else f"{best.label} has {best.probability:.2%}, wanted {threshold:.2%} or more"
        if out_of_distribution:
            self.reason = "; ".join(filter(None, (self.reason, "unlike the training pictures")))

    def to_text(self) -> str:
        """A line of warning where there is a reason, then a line a label."""
        width = max(len(prediction.label) for prediction in self)
        lines = [f"{prediction.label:<{width}}  {prediction.probability:6.1%}" for prediction in self]
        return "\n".join([*filter(None, [self._warn()]), *lines])

    def to_line(self) -> str:
        """The label, or why there is none."""
        if self.label is None:
            return self._warn()
        return f"{self.label} {self[0].probability:.1%}" + (f" ({self.reason})" if self.reason else "")

    def to_json(self) -> dict[str, object]:
        """The keys of docs/json.md."""
        found: dict[str, object] = {"label": self.label}
        if self.out_of_distribution is not None:
            found["out_of_distribution"] = self.out_of_distribution
        if self.reason:
            found["reason"] = self.reason
        found["predictions"] = [{"label": p.label, "probability": round(p.probability, 7)} for p in self]
        return found

    def to_cells(self) -> list[str]:
        """The cells under `classify_extras.ClassifierExtras`'s columns."""
        listed = [cell for p in self for cell in (p.label, f"{p.probability:.{DIGITS}f}")]
        return [self.label or "", self.reason, *listed]

    def draw_over(self, picture: Image.Image) -> Image.Image:
        """The picture: a label has no place in it."""
        return picture

    def _warn(self) -> str:
        return f"no answer: {self.reason}" if self.label is None else self.reason

    def __repr__(self) -> str:
        flag = f"out_of_distribution={self.out_of_distribution}"
        return f"Predictions(label={self.label!r}, reason={self.reason!r}, {flag}, {super().__repr__()})"


class Classify:
    """What a classifier makes of its outputs; as `task.Task` says.

    Fields: path and has_card, of the model; labels, in the order of the scores; threshold, the probability from which
    on it answers (0: always); top_k, how many labels an answer lists; limit, the out-of-distribution score from which
    on a picture is a stranger (None: it can't tell); step, how far one int8 step moves a logit (0 for fp32); output,
    that of the scores.
    """

    __slots__ = ("has_card", "labels", "limit", "output", "path", "step", "threshold", "top_k")

    def __init__(self, path: str, labels: Sequence[str], threshold: float = 0.0, top_k: int = TOP_K) -> None:
        self.path, self.has_card = path, False
        self.labels, self.threshold, self.top_k = list(labels), threshold, top_k
        self.limit: float | None = None
        self.step = 0.0

    @classmethod
    def read(
        cls, path: str, card: Card | None, *, labels: Sequence[str] | None = None, threshold: float | None = None,
        top_k: int | None = None,
    ) -> Classify:  # fmt: skip
        """The task by the card, whose threshold may be overruled; a model without a card needs labels.

        Raises:
            ArtefactError: labels are missing, or given twice, or the card lacks what a classifier's has.
        """
        if isinstance(labels, str) or (card is None) == (labels is None):
            from ressq_runtime.artefact.labels import explain_labels

            raise ArtefactError(f"{path}: {explain_labels(labels)}")
        if card is None:
            return cls(path, labels or (), threshold or 0.0, top_k or TOP_K)
        own = read_threshold(card.data, "abstention", path) or 0.0
        task = cls(path, take(card.data, "labels", list, path), own if threshold is None else threshold, top_k or TOP_K)
        task.has_card = True
        task.limit = read_threshold(card.data, OUT_OF_DISTRIBUTION, path)
        task.step = float(take(take(card.data, "output", dict, path), "step", (int, float), path))
        for case in card.self_test:
            scores = take(case, SCORES, list, path)
            if len(scores) != len(task.labels) or not all(map(is_number, scores)):
                raise ArtefactError(
                    f"{path}: found {len(scores)} self-test scores, wanted {len(task.labels)} numbers; export it again"
                )
        return task

    def bind(self, outputs: list[TensorSpec]) -> None:
        """Takes the output named `scores`, else the only one."""
        self.output = choose_output(self.path, outputs, SCORES)

    @property
    def settings(self) -> dict[str, Any]:
        """As `task.Task` says."""
        labels = None if self.has_card else self.labels
        return {"labels": labels, "threshold": self.threshold, "top_k": self.top_k}

    def scores(self, outputs: Mapping[str, Tensor]) -> list[float]:
        """The probabilities, one a label.

        Raises:
            EngineError: they are no probabilities, or more or fewer.
        """
        scores = outputs[self.output.name].values()
        if len(scores) != len(self.labels):
            raise EngineError(
                f"{self.path}: found {len(scores)} scores, wanted one for each of {len(self.labels)} labels"
            )
        # Each may be rounded by half a step, 1/256.
        if not self.has_card and not (min(scores) >= 0 and sum(scores) < 1.05 + len(scores) / 512):
            raise EngineError(
                f"{self.path}: found scores that sum to {sum(scores):.3g}, wanted probabilities; "
                "export the model with a softmax at its end"
            )
        return scores

    def answer(
        self, outputs: Mapping[str, Tensor], size: tuple[int, int] | None = None, top_k: int | None = None
    ) -> Predictions:  # fmt: skip
        """The labels, best first: `top_k` of them where it is given; the picture's size says nothing."""
        del size
        stranger = outputs[OUT_OF_DISTRIBUTION].values()[0] if OUT_OF_DISTRIBUTION in outputs else None
        return self.rank(self.scores(outputs), stranger, self.top_k if top_k is None else top_k)

    def rank(self, scores: Sequence[float], out_of_distribution: float | None, top_k: int) -> Predictions:
        """The `top_k` best of the scores with their labels, best first; equal scores in the order of the labels.

        Raises:
            ValueError: `top_k` is less than 1.
        """
        if top_k < 1:
            raise ValueError(f"top_k: found {top_k}, wanted at least 1")
        order = sorted(range(len(scores)), key=lambda index: -scores[index])
        unknown = out_of_distribution is None or self.limit is None
        stranger = None if unknown else out_of_distribution >= self.limit  # type: ignore[operator]
        best = [Prediction(self.labels[index], scores[index]) for index in order[:top_k]]
        return Predictions(best, self.threshold, stranger)

    def extras(self) -> ClassifierExtras:
        """As `task.Task` says."""
        from ressq_runtime.tasks.classify_extras import ClassifierExtras

        return ClassifierExtras(self, DIGITS)
