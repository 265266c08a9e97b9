"""A model: its card, what goes in, its interpreter and what comes out, from a picture to its answer."""

from __future__ import annotations

import os
from time import perf_counter

from ressq_runtime.artefact.container import read_card
from ressq_runtime.engines import load_engine
from ressq_runtime.engines.shared import SharedEngine
from ressq_runtime.errors import ArtefactError
from ressq_runtime.inputs import read_input
from ressq_runtime.tasks import make_task

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from ressq_runtime.artefact.card import Card
    from ressq_runtime.engines.engine import Engine
    from ressq_runtime.engines.tensor import Tensor
    from ressq_runtime.inputs.input_spec import InputSpec, Prepared
    from ressq_runtime.tasks.task import Answer, Task

# SqueezeNet's layers are small: more threads than a Pi's four cores only wait for each other.
MOST_THREADS = 4
STAGES = ("decode", "preprocess", "inference", "postprocess", "total")


class Model:
    """An artefact ready to answer, from any thread: inputs are prepared side by side, and run one at a time.

    Fields: path; card, None for a foreign model; input, how a source becomes the model's bytes; task, how its outputs
    become an answer, whose settings may be set.

    A forked process loads the model again at its first call, a pickle where it is read, by its path; both refuse a
    file that has changed. `copy.copy` gives another one with an interpreter of its own.
    """

    def __init__(self, path: str, card: Card | None, input_: InputSpec, task: Task, engine: Engine) -> None:
        self.path = path
        self.card = card
        self.input = input_
        self.task = task
        self._seal = card.sha256 if card else f"{os.stat(path).st_mtime_ns:x}"
        again = os.path.abspath(path), self._seal, engine.name, engine.threads, task.settings
        self._recipe = again[:-1]
        self._shared = SharedEngine(path, engine, lambda: load_again(*again).engine)

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
        trusted: bool = False,
        **settings: Any,
    ) -> Model:
        """The artefact in `path`, in the best interpreter installed.

        `engine` is one of `engines.ENGINES`; threads None: the cores this process may use, at most four. Settings are
        the task's. A model without a card is tried in a process of its own first, unless it is trusted.

        Raises:
            ArtefactError: the file is broken, changed, too new, or settings are missing or wrong.
            EngineError: no interpreter, or it refuses the model, or a model without a card did not survive a trial.
        """
        path = os.fsdecode(path)
        card = read_card(path)
        task = make_task(path, card, settings)
        if card is None and not trusted:
            from ressq_runtime.engines.sandbox import check_foreign

            check_foreign(path, engine)
        opened = load_engine(path, engine, default_threads() if threads is None else threads)
        try:
            task.bind(opened.outputs)
            return cls(path, card, read_input(path, card.input if card else None, opened.inputs), task, opened)
        except BaseException:
            opened.close()
            raise

    def prepare(self, source: Any, clock: Callable[[], float] = perf_counter) -> Prepared:
        """The model's bytes for a source, the seconds that decoding and preprocessing took, and what is known of it.

        Raises:
            InputError: the picture or recording can't be read.
        """
        return self.input.prepare(source, clock)

    def run(self, data: bytes) -> dict[str, Tensor]:
        """Every output of one run by its name.

        Raises:
            EngineError: too few or too many bytes, or the interpreter fails or is closed, or this is a call in a call.
        """
        return self._shared.run(data)

    def infer(self, prepared: Prepared) -> tuple[Answer, dict[str, float]]:
        """The answer, and the milliseconds of each of STAGES: `total` is their sum."""
        data, decode_s, preprocess_s, known = prepared
        started = perf_counter()
        outputs = self.input.run(self._shared.run, data)
        inferred = perf_counter()
        answer = self.input.answer(self.task.answer, outputs, known)
        spans = (decode_s, preprocess_s, inferred - started, perf_counter() - inferred)
        return answer, {stage: round(span * 1000, 3) for stage, span in zip(STAGES, (*spans, sum(spans)), strict=True)}

    def answer(self, source: Any) -> tuple[Answer, dict[str, float]]:
        """What it says of a picture or recording, and the milliseconds of each of STAGES.

        Raises:
            InputError: the picture or recording can't be read.
        """
        return self.infer(self.input.prepare(source))

    def close(self) -> None:
        """Frees the interpreter, after the calls in hand; a later one raises EngineError."""
        self._shared.close()

    def __reduce__(self) -> tuple[Callable[..., Model], tuple[Any, ...]]:
        return load_again, (*self._recipe, self.task.settings)


def load_again(path: str, seal: str, engine: str, threads: int, settings: dict[str, Any]) -> Model:
    """The model that was pickled, or loaded before this process was forked.

    Raises:
        ArtefactError, EngineError: as `Model.load`; or the file has changed.
    """
    loaded = Model.load(path, engine=engine, threads=threads, **settings)
    if loaded._seal != seal:
        raise ArtefactError(f"{path}: found another model than was loaded before, wanted the same; load it anew")
    return loaded


def default_threads() -> int:
    """The cores this process may use, at most four."""
    return min(MOST_THREADS, available_cores())


def available_cores() -> int:
    """The cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
