"""What is measured of a task, besides its loss."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Metric:
    """What is measured on validation samples, besides the loss.

    name: as it stands in metrics.csv, behind `train_` and `val_`.
    title: in a person's words.
    form: how a value is shown, a format specification.
    higher_is_better: False for an error.
    decides: the epoch that is best by it is kept, and not that of the lowest loss.
    """

    name: str
    title: str
    form: str = ".1%"
    higher_is_better: bool = True
    decides: bool = False

    def best(self, rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
        """The first epoch whose validation is best by this metric; rows of metrics, one or more."""
        pick = max if self.higher_is_better else min
        return pick(rows, key=lambda row: float(row[f"val_{self.name}"]))

    def choose(self, rows: Sequence[dict[str, Any]]) -> dict[str, Any] | None:
        """The epoch whose weights are kept; None before the first.

        By the loss, as a rule: the share of a few hundred samples that are right is luck, and may be an early epoch's.
        """
        if self.decides and rows:
            return self.best(rows)
        return min(rows, key=lambda row: float(row["val_loss"]), default=None)
