"""What only some commands need of a segmentation: its rows of a table, pictures, golden cases and evaluation."""

from __future__ import annotations

from ressq_runtime.tasks.segment_areas import UNSURE_LABEL

TYPE_CHECKING = False
if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from ressq_runtime.engines.tensor import Tensor
    from ressq_runtime.inputs.picture import Source
    from ressq_runtime.model import Model
    from ressq_runtime.tasks.segment import Segment
    from ressq_runtime.tasks.segment_areas import Areas
    from ressq_runtime.tasks.segment_evaluation import Evaluation


class SegmentExtras:
    """As `task.Extras` says. Columns: the share of each class, by its label, and with a threshold that of unsure."""

    def __init__(self, task: Segment) -> None:
        self._task = task
        # The threshold in the name: rows that another one made are no rows of this table.
        self.columns = [*task.labels, *([f"{UNSURE_LABEL}_below_{task.threshold:g}"] if task.threshold else [])]

    def refuse_columns(self, columns: Sequence[str]) -> str:
        """As `task.Extras` says."""
        count = len(self._task.labels)
        if columns[:count] != self._task.labels or len(columns) > count + 1:
            return ""
        found, wanted = (" ".join(names[count:]) or f"no {UNSURE_LABEL} pixels" for names in (columns, self.columns))
        return f"found {found}, wanted {wanted}; set --threshold as before, or name another file"

    def refuse_cells(self, cells: Sequence[str]) -> tuple[str, str] | None:
        """As `task.Extras` says."""
        wrong = [cell for cell in cells if not cell.replace(".", "", 1).isdecimal()]
        return (f"{wrong[0]!r}", "the share of a class;") if wrong else None

    def check_labels(self, path: str) -> None:
        """As `task.Extras` says; the card has them, and no file is read."""

    def make_golden(self, outputs: Mapping[str, Tensor]) -> dict[str, object]:
        """As `task.Extras` says."""
        from ressq_runtime.tasks.segment_golden import make_golden

        return make_golden(outputs, self._task.shape)

    def check_golden(self, case: Mapping[str, Any], outputs: Mapping[str, Tensor], by: str) -> None:
        """As `task.Extras` says."""
        from ressq_runtime.tasks.segment_golden import check_golden

        check_golden(self._task, case, outputs, by)

    def plan_mask(self, path: str, source: str) -> Callable[[Areas], None]:
        """As `task.Extras` says: the class map at the photo's size."""
        from ressq_runtime.tasks.segment_files import check_mask, write_mask

        if source:
            check_mask(path, source)

        def write(answer: Areas) -> None:
            write_mask(answer, path)
            answer.mask = path

        return write

    def plan_explanation(self, path: str, source: str) -> Callable[[Model, Source, Areas], None]:
        """As `task.Extras` says: the photo under the classes' colours."""
        from ressq_runtime.tasks.segment_pictures import check_overlay, write_overlay

        check_overlay(path, source)
        return lambda _, given, answer: write_overlay(answer, given, path)

    def evaluate(
        self, model: Model, folder: str | os.PathLike[str], progress: Callable[[int, int], None] | None = None,
        split: str | os.PathLike[str] | None = None,
    ) -> Evaluation:  # fmt: skip
        """As `task.Extras` says: how well the class maps cover the masks."""
        from ressq_runtime.tasks.segment_evaluation import evaluate

        return evaluate(model, self._task, folder, progress, split)
