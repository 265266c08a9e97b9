"""What a classifier says of a picture: labels with their probabilities, and what to make of them."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

DIGITS = 6  # of a probability in a table


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
        """The cells under `classify.Classify.columns`."""
        listed = [cell for p in self for cell in (p.label, f"{p.probability:.{DIGITS}f}")]
        return [self.label or "", self.reason, *listed]

    def _warn(self) -> str:
        return f"no answer: {self.reason}" if self.label is None else self.reason

    def __repr__(self) -> str:
        flag = f"out_of_distribution={self.out_of_distribution}"
        return f"Predictions(label={self.label!r}, reason={self.reason!r}, {flag}, {super().__repr__()})"
