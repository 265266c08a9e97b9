"""The classifier: a model that classifies, for Python programs."""

from __future__ import annotations

from _thread import _local

from ressq_runtime.artefact.card import OUT_OF_DISTRIBUTION
from ressq_runtime.errors import ArtefactError, EngineError
from ressq_runtime.inputs import want_pictures
from ressq_runtime.model import Model, load_again

TYPE_CHECKING = False
if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Sequence
    from typing import Any

    from ressq_runtime.artefact.card import Card
    from ressq_runtime.engines.engine import Engine
    from ressq_runtime.engines.tensor import Tensor
    from ressq_runtime.inputs.picture import Source
    from ressq_runtime.inputs.picture_spec import PixelSpec
    from ressq_runtime.tasks.classify import Classify, Predictions
    from ressq_runtime.tasks.classify_evaluation import Evaluation


class Classifier:
    """An artefact ready to classify, from any thread, in forked processes and out of pickles as `Model` is.

    Fields: model, which it is a view of; path; card, None for a foreign model; labels, in the order of the scores;
    spec, how a picture becomes pixels; engine, whose own methods serve one thread at a time; threshold, the
    probability from which on it answers, which may be set (0: always).
    """

    def __init__(self, model: Model) -> None:
        self.model = model
        self.path: str = model.path
        self.card: Card | None = model.card
        self.spec: PixelSpec = want_pictures(model.path, model.input, "Classifier")
        self._task: Classify = model.task  # type: ignore[assignment] # `load` sees to it
        self._mine = _local()  # of each thread: the out-of-distribution score of what it scored last

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
        """The artefact in `path`, as `Model.load` says; labels are of a model without a card.

        Raises:
            ArtefactError, EngineError: as `Model.load`; or the model does not classify.
        """
        model = Model.load(path, engine=engine, threads=threads, trusted=trusted, labels=labels)
        if not hasattr(model.task, "rank"):
            model.close()
            task = model.card.task if model.card else "another task"
            raise ArtefactError(f"{model.path}: found a model to {task}, wanted a classifier; load it as a Model")
        try:
            return cls(model)
        except ArtefactError:
            model.close()
            raise

    @property
    def engine(self) -> Engine:
        """The interpreter that runs it."""
        return self.model.engine

    @property
    def labels(self) -> list[str]:
        """The class names, in the order of the scores."""
        return self._task.labels

    @property
    def threshold(self) -> float:
        """The probability from which on it answers."""
        return self._task.threshold

    @threshold.setter
    def threshold(self, probability: float) -> None:
        self._task.threshold = probability

    def classify(self, image: Source, top_k: int = 5) -> Predictions:
        """What a picture is: its label, or None and a reason, and the `top_k` most probable labels, best first.

        `image`: a path, a file's bytes, a binary file (an upload is one), a Pillow image, a uint8 (H, W, 3) RGB array.

        Raises:
            PictureError: the picture can't be read.
            EngineError: the model has another number of scores than there are labels.
            ValueError: `top_k` is less than 1.
        """
        return self._task.answer(self._run(self.model.prepare(image)[0]), top_k=top_k)

    def scores(self, pixels: bytes) -> list[float]:
        """The probabilities, one a label, of spec.height * spec.width * 3 uint8 RGB bytes.

        Raises:
            EngineError: too few or too many bytes, or the model does not give one probability a label, or is closed.
        """
        wanted = self.spec.height * self.spec.width * 3
        if len(pixels) != wanted:
            raise EngineError(f"pixels: found {len(pixels)} bytes, wanted {wanted} (uint8 RGB); use to_pixels")
        return self._task.scores(self._run(pixels))

    def out_of_distribution(self) -> float | None:
        """The out-of-distribution score of the pixels that this thread scored last; None: the model has none.

        Raises:
            EngineError: this thread has scored none.
        """
        if not hasattr(self._mine, "score"):
            raise EngineError(f"{self.path}: found no pixels scored by this thread; call scores first, in this thread")
        found: float | None = self._mine.score
        return found

    def rank(self, scores: list[float], top_k: int = 5, out_of_distribution: float | None = None) -> Predictions:
        """The `top_k` best of the scores with their labels, best first; equal scores in the order of the labels.

        The out-of-distribution score is that of the same pixels.

        Raises:
            ValueError: `top_k` is less than 1.
        """
        return self._task.rank(scores, out_of_distribution, top_k)

    def _run(self, pixels: bytes) -> dict[str, Tensor]:
        outputs = self.model.run(pixels)
        self._mine.score = outputs[OUT_OF_DISTRIBUTION].values()[0] if OUT_OF_DISTRIBUTION in outputs else None
        return outputs

    def close(self) -> None:
        """Frees the interpreter, after the calls in hand; a later one raises EngineError."""
        self.model.close()

    def __enter__(self) -> Classifier:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __reduce__(self) -> tuple[Callable[..., Classifier], tuple[Any, ...]]:
        return _view_again, (type(self), *self.model.__reduce__()[1])


def evaluate(
    classifier: Classifier,
    folder: str | os.PathLike[str],
    progress: Callable[[int, int], None] | None = None,
    split: str | os.PathLike[str] | None = None,
) -> Evaluation:
    """Classifies every picture below `folder/<label>/` and compares; as `tasks.classify_evaluation.evaluate` says."""
    return classifier._task.extras().evaluate(classifier.model, folder, progress, split)


def _view_again(kind: type[Classifier], *recipe: Any) -> Classifier:
    return kind(load_again(*recipe))
