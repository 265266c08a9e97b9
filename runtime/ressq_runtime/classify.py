"""The classifier: an artefact, its interpreter and its pixels, from picture to predictions."""

from __future__ import annotations

import os
from _thread import _local

from ressq_runtime.artefact.container import read_card
from ressq_runtime.engines import load_engine
from ressq_runtime.engines.shared import SharedEngine
from ressq_runtime.engines.tensor import choose_output
from ressq_runtime.errors import ArtefactError, EngineError
from ressq_runtime.inputs.picture_spec import PixelSpec
from ressq_runtime.predictions import Prediction, Predictions

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from ressq_runtime.artefact.card import Card
    from ressq_runtime.engines import Engine
    from ressq_runtime.inputs.picture import Source

# SqueezeNet's layers are small: more threads than a Pi's four cores only wait for each other.
MOST_THREADS = 4
# The output that tells how far a picture lies from the training pictures.
DISTANCE = "distance"
SCORES = "scores"


class Classifier:
    """An artefact ready to classify, from any thread: pictures are decoded side by side, and scored one at a time.

    Fields: path; card, None for a foreign model; labels, in the order of the scores; spec, how a picture
    becomes pixels; threshold, the probability from which on it answers, which may be set (0: always).

    A forked process loads the model again at its first call, a pickle where it is read, by its path; both refuse a
    file that has changed. `copy.copy` gives another one with an interpreter of its own.
    """

    def __init__(self, path: str, card: Card | None, labels: Sequence[str], spec: PixelSpec, engine: Engine) -> None:
        self.path = path
        self.card = card
        self.labels = list(labels)
        self.spec = spec
        self.threshold = card.threshold if card else 0.0
        self._output = choose_output(path, engine.outputs, SCORES).name
        seal = card.sha256 if card else f"{os.stat(path).st_mtime_ns:x}"
        own_labels = None if card else self.labels
        self._recipe = recipe = (type(self), os.path.abspath(path), seal, engine.name, engine.threads, own_labels)
        self._shared = SharedEngine(path, engine, lambda: _load_again(*recipe).engine)
        self._mine = _local()  # of each thread: how far what it scored last lies from the training pictures

    @property
    def engine(self) -> Engine:
        """The interpreter that runs it. Its own methods serve one thread at a time."""
        return self._shared.engine

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
        path = os.fsdecode(path)
        if isinstance(labels, str):
            raise ArtefactError(f"{path}: found one text for labels, wanted a list of them; read a file's lines first")
        card = read_card(path)
        if card is None and labels is None:
            raise ArtefactError(
                f"{path}: found a model without a card, wanted an artefact of ressq-export; copy it again if it is "
                "one, else name its classes (ressq-infer --labels FILE, one a line)"
            )
        if card is not None and labels is not None:
            raise ArtefactError(f"{path}: found labels inside the artefact and --labels too; leave --labels out")
        if card is None and not trusted:
            from ressq_runtime.engines.sandbox import check_foreign

            check_foreign(path, engine)
        opened = load_engine(path, engine, default_threads() if threads is None else threads)
        try:
            spec = PixelSpec.of_model(path, opened.inputs)
            if card is not None and card.spec.size != spec.size:
                raise ArtefactError(
                    f"{path}: found an input of {spec.size} pixels, wanted the card's {card.spec.size}; export it again"
                )
            return cls(path, card, labels or (card.labels if card else ()), card.spec if card else spec, opened)
        except BaseException:
            opened.close()
            raise

    def classify(self, image: Source, top_k: int = 5) -> Predictions:
        """What a picture is: its label, or None and a reason, and the `top_k` most probable labels, best first.

        `image`: a path, a file's bytes, a binary file (an upload is one), a Pillow image, a uint8 (H, W, 3) RGB array.

        Raises:
            PictureError: the picture can't be read.
            EngineError: the model has another number of scores than there are labels.
            ValueError: `top_k` is less than 1.
        """
        from ressq_runtime.step import timed_answer

        return timed_answer(self, image, top_k)[0]

    def scores(self, pixels: bytes) -> list[float]:
        """The probabilities, one a label, of spec.size * spec.size * 3 uint8 RGB bytes.

        Raises:
            EngineError: too few or too many bytes, or the model does not give one probability a label, or is closed.
        """
        wanted = self.spec.size * self.spec.size * 3
        if len(pixels) != wanted:
            raise EngineError(f"pixels: found {len(pixels)} bytes, wanted {wanted} (uint8 RGB); use to_pixels")
        outputs = self._shared.run(pixels)
        scores = outputs[self._output].values()
        self._mine.distance = outputs[DISTANCE].values()[0] if DISTANCE in outputs else None
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
        """How far the pixels that this thread scored last lie from the training pictures; None: the model can't tell.

        Raises:
            EngineError: this thread has scored none.
        """
        if not hasattr(self._mine, "distance"):
            raise EngineError(f"{self.path}: found no pixels scored by this thread; call scores first, in this thread")
        found: float | None = self._mine.distance
        return found

    def rank(self, scores: list[float], top_k: int = 5, distance: float | None = None) -> Predictions:
        """The `top_k` best of the scores with their labels, best first; equal scores in the order of the labels.

        The distance is that of the same pixels, for `unlike`.

        Raises:
            ValueError: `top_k` is less than 1.
        """
        if top_k < 1:
            raise ValueError(f"top_k: found {top_k}, wanted at least 1")
        order = sorted(range(len(scores)), key=lambda index: -scores[index])
        limit = self.card.out_of_distribution_from if self.card else None
        unlike = None if distance is None or limit is None else distance >= limit
        best = [Prediction(self.labels[index], scores[index]) for index in order[:top_k]]
        return Predictions(best, self.threshold, unlike)

    def close(self) -> None:
        """Frees the interpreter, after the calls in hand; a later one raises EngineError."""
        self._shared.close()

    def __enter__(self) -> Classifier:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __reduce__(self) -> tuple[Callable[..., Classifier], tuple[Any, ...]]:
        return _load_again, (*self._recipe, self.threshold)


def default_threads() -> int:
    """The cores this process may use, at most four."""
    return min(MOST_THREADS, available_cores())


def available_cores() -> int:
    """The cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _load_again(
    kind: type[Classifier], path: str, seal: str, engine: str, threads: int, labels: list[str] | None,
    threshold: float = 0.0,
) -> Classifier:  # fmt: skip
    """The classifier that was pickled, or loaded before this process was forked.

    Raises:
        ArtefactError, EngineError: as `load`; or the file has changed.
    """
    loaded = kind.load(path, engine=engine, threads=threads, labels=labels)
    if loaded._recipe[2] != seal:
        raise ArtefactError(f"{path}: found another model than was loaded before, wanted the same; load it anew")
    loaded.threshold = threshold
    return loaded
