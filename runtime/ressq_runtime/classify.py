"""The classifier: an artefact, its interpreter and its pixels, from picture to predictions."""

from __future__ import annotations

import os

from ressq_runtime.artefact import read_card
from ressq_runtime.engines import load_engine
from ressq_runtime.errors import ArtefactError, EngineError
from ressq_runtime.spec import PixelSpec

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ressq_runtime.card import Card
    from ressq_runtime.engines import Engine
    from ressq_runtime.pixels import Source

# SqueezeNet's layers are small: more threads than a Pi's four cores only wait for each other.
MOST_THREADS = 4


# The output that tells how far a picture lies from the training pictures.
DISTANCE = "distance"


class Prediction:
    """One answer: a label and its probability, 0..1."""

    __slots__ = ("label", "probability")

    def __init__(self, label: str, probability: float) -> None:
        self.label = label
        self.probability = probability

    def __repr__(self) -> str:
        return f"Prediction({self.label!r}, {self.probability:.4f})"


class Predictions(list[Prediction]):
    """The best predictions for one picture, best first, and what to make of them.

    Fields: label, of the best one, or None: the classifier abstains, since its probability is too low to rely on;
    unlike, whether the picture is unlike the training pictures, so that no answer means much (None: the model can't
    tell); reason, why there is no label or why it means little, for a person; empty where all is well.
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


class Classifier:
    """An artefact ready to classify.

    Fields: path; card, None for a foreign model; labels, in the order of the scores; spec, how a picture
    becomes pixels; engine, the interpreter that runs it; threshold, the probability from which on it answers,
    which may be set (0: always).
    """

    def __init__(self, path: str, card: Card | None, labels: Sequence[str], spec: PixelSpec, engine: Engine) -> None:
        self.path = path
        self.card = card
        self.labels = list(labels)
        self.spec = spec
        self.engine = engine
        self.threshold = card.threshold if card else 0.0

    @classmethod
    def load(
        cls,
        path: str | os.PathLike[str],
        *,
        engine: str = "auto",
        threads: int | None = None,
        labels: Sequence[str] | None = None,
        trusted: bool = False,
    ) -> Classifier:
        """The artefact in `path`, in the best interpreter installed.

        `engine` is one of `engines.ENGINES`; threads None: the cores this process may use, at most four. A model
        without a card needs labels, and is tried in a process of its own first, unless it is trusted.

        Raises:
            ArtefactError: the file is broken, changed, too new, or labels are missing, too many or too few.
            EngineError: no interpreter, or it refuses the model, or a model without a card did not survive a trial.
        """
        path = os.fspath(path)
        card = read_card(path)
        if card is None and labels is None:
            raise ArtefactError(
                f"{path}: found a model without a card, wanted an artefact of ressq-export; copy it again if it is "
                "one, else name its classes (ressq-infer --labels FILE, one a line)"
            )
        if card is not None and labels is not None:
            raise ArtefactError(f"{path}: found labels inside the artefact and --labels too; leave --labels out")
        if card is None and not trusted:
            from ressq_runtime.quarantine import check_foreign

            check_foreign(path, engine)
        opened = load_engine(path, engine, default_threads() if threads is None else threads)
        size = opened.inputs[0].shape[1]
        spec = PixelSpec.for_size(size) if card is None else card.spec
        if spec.size != size:
            raise ArtefactError(
                f"{path}: found an input of {size} pixels, wanted the card's {spec.size}; export it again"
            )
        return cls(path, card, labels or (card.labels if card else ()), spec, opened)

    def classify(self, image: Source, top_k: int = 5) -> Predictions:
        """The `top_k` most probable labels of a path, a Pillow image or a uint8 (H, W, 3) RGB array, best first.

        Raises:
            PictureError: the picture can't be read.
            EngineError: the model has another number of scores than there are labels.
            ValueError: `top_k` is less than 1.
        """
        from ressq_runtime.answer import timed_answer

        return timed_answer(self, image, top_k)[0]

    def scores(self, pixels: bytes) -> list[float]:
        """The probabilities, one a label, of spec.size * spec.size * 3 uint8 RGB bytes.

        Raises:
            EngineError: the bytes are too few or too many, or the model does not give one probability a label.
        """
        wanted = self.spec.size * self.spec.size * 3
        if len(pixels) != wanted:
            raise EngineError(f"pixels: found {len(pixels)} bytes, wanted {wanted} (uint8 RGB); use to_pixels")
        scores = self.engine.run(pixels)
        if len(scores) != len(self.labels):
            raise EngineError(
                f"{self.path}: found {len(scores)} scores, wanted one for each of {len(self.labels)} labels"
            )
        # Each may be rounded by half a step, 1/256.
        if self.card is None and not (min(scores) >= 0 and sum(scores) < 1.05 + len(scores) / 512):
            raise EngineError(
                f"{self.path}: found scores that sum to {sum(scores):.3g}, wanted probabilities; "
                "export the model with a softmax at its end"
            )
        return scores

    def distance(self) -> float | None:
        """How far the pixels that were last scored lie from the training pictures; None: the model can't tell."""
        found = self.engine.read(DISTANCE)
        return found[0] if found else None

    def rank(self, scores: list[float], top_k: int = 5, distance: float | None = None) -> Predictions:
        """The `top_k` best of the scores with their labels, best first; equal scores in the order of the labels.

        The distance is that of the same pixels, for `unlike`.

        Raises:
            ValueError: `top_k` is less than 1.
        """
        if top_k < 1:
            raise ValueError(f"top_k: found {top_k}, wanted at least 1")
        order = sorted(range(len(scores)), key=lambda index: -scores[index])
        limit = self.card.unlike_from if self.card else None
        unlike = None if distance is None or limit is None else distance >= limit
        best = [Prediction(self.labels[index], scores[index]) for index in order[:top_k]]
        return Predictions(best, self.threshold, unlike)

    def close(self) -> None:
        """Frees the interpreter."""
        self.engine.close()


def default_threads() -> int:
    """The cores this process may use, at most four."""
    return min(MOST_THREADS, available_cores())


def available_cores() -> int:
    """The cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
