"""What a classifier says of a picture: labels with their probabilities, and what to make of them."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable


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
    reason, why there is no label or why it means little, for a person; empty where all is well; unlike, whether the
    picture is unlike the training pictures, so that no answer means much (None: the model can't tell).
    """

    __slots__ = ("label", "reason", "unlike")

    def __init__(self, predictions: Iterable[Prediction], threshold: float = 0.0, unlike: bool | None = None) -> None:
        super().__init__(predictions)
        best = self[0]
        sure = best.probability >= threshold
        self.label = best.label if sure else None
        self.unlike = unlike
        self.reason = "" if sure else f"{best.label} has {best.probability:.2%}, wanted {threshold:.2%} or more"
        if unlike:
            self.reason = "; ".join(filter(None, (self.reason, "unlike the training pictures")))

    def __repr__(self) -> str:
        return f"Predictions(label={self.label!r}, reason={self.reason!r}, unlike={self.unlike}, {super().__repr__()})"
