"""What only some commands need of a classifier: its rows of a table, golden scores, explanation and evaluation."""

from __future__ import annotations

from ressq_runtime.artefact.card import SCORES

TYPE_CHECKING = False
if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from ressq_runtime.engines.tensor import Tensor
    from ressq_runtime.inputs.picture import Source
    from ressq_runtime.model import Model
    from ressq_runtime.tasks.classify import Classify
    from ressq_runtime.tasks.classify_evaluation import Evaluation

_FIRST = ["label", "reason"]
_LABEL, _BEST = 0, 3  # columns of the answer, and of the best label's probability


class ClassifierExtras:
    """As `task.Extras` says. Columns: label and reason, then label_1, probability_1, ..."""

    def __init__(self, task: Classify, digits: int) -> None:
        """digits: of a probability in a table."""
        self._task = task
        self._threshold = round(task.threshold, digits)  # as the probabilities in the rows are
        ranked = [f"{name}_{rank}" for rank in range(1, task.top_k + 1) for name in ("label", "probability")]
        self.columns = [*_FIRST, *ranked]

    def refuse_columns(self, columns: Sequence[str]) -> str:
        """As `task.Extras` says."""
        if columns[: len(_FIRST)] != _FIRST:
            return ""
        listed = (len(columns) - len(_FIRST)) // 2
        return f"found {listed} answers a picture, wanted {self._task.top_k}; set --top-k, or name another file"

    def refuse_cells(self, cells: Sequence[str]) -> tuple[str, str] | None:
        """As `task.Extras` says: this threshold answers where the row does."""
        try:
            above = float(cells[_BEST]) - self._threshold
            if above >= 0 if cells[_LABEL] else above <= 0:
                return None
        except ValueError:
            pass
        answered = "an answer" if cells[_LABEL] else "no answer"
        wanted = f"answers from {self._threshold:g} on; set --abstain-below as before"
        return f"{answered} at probability {cells[_BEST]}", wanted

    def check_labels(self, path: str) -> None:
        """As `task.Extras` says."""
        from ressq_runtime.artefact.labels import check_count

        check_count(path, self._task.labels, self._task.output.elements, self._task.path)

    def make_golden(self, outputs: Mapping[str, Tensor]) -> dict[str, object]:
        """As `task.Extras` says."""
        return {SCORES: self._task.scores(outputs)}

    def check_golden(self, case: Mapping[str, Any], outputs: Mapping[str, Tensor], by: str) -> None:
        """As `task.Extras` says."""
        from ressq_runtime.tasks.classify_golden import check_scores

        name = f"{self._task.path}: self-test {case['seed']}"
        check_scores(self._task, name, case[SCORES], self._task.scores(outputs), by)

    def plan_mask(self, path: str, source: str) -> Callable[[Any], None]:
        """As `task.Extras` says: there is none."""
        from ressq_runtime.errors import OutputError

        whose = f" of {source}" if source else ""
        raise OutputError(
            f"{path}: found --mask{whose} and a model that classifies, wanted one that segments; leave it out"
        )

    def plan_explanation(self, path: str, source: str) -> Callable[[Model, Source, Any], None]:
        """As `task.Extras` says: the class activation map of the best label over the picture."""
        from ressq_runtime.tasks.classify_explanation import check_explanation, write_explanation

        check_explanation(path, source)
        return lambda model, given, answer: write_explanation(model, self._task, given, answer[0], path)

    def evaluate(
        self, model: Model, folder: str | os.PathLike[str], progress: Callable[[int, int], None] | None = None,
        split: str | os.PathLike[str] | None = None,
    ) -> Evaluation:  # fmt: skip
        """As `task.Extras` says: how often the folders' names are answered."""
        from ressq_runtime.tasks.classify_evaluation import evaluate

        return evaluate(model, self._task, folder, progress, split)
