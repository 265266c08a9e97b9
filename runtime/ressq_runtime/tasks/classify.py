"""Classify: one label a picture, or none where the best is not sure enough; and whether the picture is a stranger."""

from __future__ import annotations

from ressq_runtime.artefact.card import OUT_OF_DISTRIBUTION, SCORES, is_number, read_threshold, take
from ressq_runtime.engines.tensor import choose_output
from ressq_runtime.errors import ArtefactError, EngineError
from ressq_runtime.tasks.predictions import DIGITS, Prediction, Predictions

TYPE_CHECKING = False
if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from ressq_runtime.artefact.card import Card
    from ressq_runtime.engines.tensor import Tensor, TensorSpec
    from ressq_runtime.inputs.picture import Source
    from ressq_runtime.model import Model
    from ressq_runtime.tasks.classify_evaluation import Evaluation

_REASON = ["label", "reason"]  # the first columns of a table's answers
_LABEL, _BEST = 0, 3  # of them the answer, and the best label's probability


class Classify:
    """What a classifier makes of its outputs; as `tasks.Task` says.

    Fields: labels, in the order of the scores; threshold, the probability from which on it answers (0: always); top_k,
    how many labels an answer lists; limit, the out-of-distribution score from which on a picture is a stranger (None:
    it can't tell); step, how far one int8 step moves a logit (0 for fp32); output, that of the scores.
    """

    __slots__ = ("_has_card", "_path", "labels", "limit", "output", "step", "threshold", "top_k")

    def __init__(self, path: str, labels: Sequence[str], threshold: float = 0.0, top_k: int = 5) -> None:
        self._path, self._has_card = path, False
        self.labels, self.threshold, self.top_k = list(labels), threshold, top_k
        self.limit: float | None = None
        self.step = 0.0

    @classmethod
    def read(
        cls, path: str, card: Card | None, *, labels: Sequence[str] | None = None, threshold: float | None = None,
        top_k: int = 5,
    ) -> Classify:  # fmt: skip
        """The task by the card, whose threshold may be overruled; a model without a card needs labels.

        Raises:
            ArtefactError: labels are missing, or given twice, or the card lacks what a classifier's has.
        """
        if isinstance(labels, str):
            raise ArtefactError(f"{path}: found one text for labels, wanted a list of them; read a file's lines first")
        if card is None:
            if labels is None:
                raise ArtefactError(
                    f"{path}: found a model without a card, wanted an artefact of ressq-export; copy it again if it is "
                    "one, else name its classes (ressq-infer --labels FILE, one a line)"
                )
            return cls(path, labels, threshold or 0.0, top_k)
        if labels is not None:
            raise ArtefactError(f"{path}: found labels inside the artefact and --labels too; leave --labels out")
        own = read_threshold(card.data, "abstention", path) or 0.0
        task = cls(path, take(card.data, "labels", list, path), own if threshold is None else threshold, top_k)
        task._has_card = True
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
        self.output = choose_output(self._path, outputs, SCORES)

    def check_labels(self, path: str) -> None:
        """As `tasks.Task` says."""
        from ressq_runtime.artefact.labels import check_count

        check_count(path, self.labels, self.output.elements, self._path)

    @property
    def settings(self) -> dict[str, Any]:
        """As `tasks.Task` says."""
        labels = None if self._has_card else self.labels
        return {"labels": labels, "threshold": self.threshold, "top_k": self.top_k}

    def scores(self, outputs: Mapping[str, Tensor]) -> list[float]:
        """The probabilities, one a label.

        Raises:
            EngineError: they are no probabilities, or more or fewer.
        """
        scores = outputs[self.output.name].values()
        if len(scores) != len(self.labels):
            raise EngineError(
                f"{self._path}: found {len(scores)} scores, wanted one for each of {len(self.labels)} labels"
            )
        # Each may be rounded by half a step, 1/256.
        if not self._has_card and not (min(scores) >= 0 and sum(scores) < 1.05 + len(scores) / 512):
            raise EngineError(
                f"{self._path}: found scores that sum to {sum(scores):.3g}, wanted probabilities; "
                "export the model with a softmax at its end"
            )
        return scores

    def answer(self, outputs: Mapping[str, Tensor], top_k: int | None = None) -> Predictions:
        """The labels, best first: `top_k` of them where it is given."""
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

    @property
    def columns(self) -> list[str]:
        """label and reason, then label_1, probability_1, ..."""
        ranks = range(1, self.top_k + 1)
        return [*_REASON, *(f"{name}_{rank}" for rank in ranks for name in ("label", "probability"))]

    def refuse_columns(self, columns: Sequence[str]) -> str:
        """As `tasks.Task` says."""
        if columns[: len(_REASON)] != _REASON:
            return ""
        listed = (len(columns) - len(_REASON)) // 2
        return f"found {listed} answers a picture, wanted {self.top_k}; set --top-k, or name another file"

    def refuse_cells(self, cells: Sequence[str]) -> tuple[str, str] | None:
        """As `tasks.Task` says: this threshold answers where the row does."""
        least = round(self.threshold, DIGITS)
        try:
            above = float(cells[_BEST]) - least
            if above >= 0 if cells[_LABEL] else above <= 0:
                return None
        except ValueError:
            pass
        answered = "an answer" if cells[_LABEL] else "no answer"
        return f"{answered} at probability {cells[_BEST]}", f"answers from {least:g} on; set --abstain-below as before"

    def make_golden(self, outputs: Mapping[str, Tensor]) -> dict[str, object]:
        """As `tasks.Task` says."""
        return {SCORES: self.scores(outputs)}

    def check_golden(self, case: Mapping[str, Any], outputs: Mapping[str, Tensor], by: str) -> None:
        """As `tasks.Task` says."""
        from ressq_runtime.tasks.classify_golden import check_scores

        check_scores(self, f"{self._path}: self-test {case['seed']}", case[SCORES], self.scores(outputs), by)

    def check_explanation(self, path: str, source: str) -> None:
        """As `tasks.Task` says."""
        from ressq_runtime.tasks.classify_explanation import check_explanation

        check_explanation(path, source)

    def explain(self, model: Model, source: Source, answer: Any, path: str) -> None:
        """As `tasks.Task` says: the class activation map of the best label over the picture."""
        from ressq_runtime.tasks.classify_explanation import write_explanation

        write_explanation(model, self, source, answer[0], path)

    def evaluate(
        self, model: Model, folder: str | os.PathLike[str], progress: Callable[[int, int], None] | None = None,
        split: str | os.PathLike[str] | None = None,
    ) -> Evaluation:  # fmt: skip
        """As `tasks.Task` says: how often the folders' names are answered."""
        from ressq_runtime.tasks.classify_evaluation import evaluate

        return evaluate(model, self, folder, progress, split)
