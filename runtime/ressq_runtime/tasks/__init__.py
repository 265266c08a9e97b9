"""What comes out of a model: a module a task, looked up by the card's `task`. Nobody else knows those modules."""

from __future__ import annotations

from ressq_runtime.errors import ArtefactError

TYPE_CHECKING = False
if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any, Protocol

    from ressq_runtime.artefact.card import Card
    from ressq_runtime.engines.tensor import Tensor, TensorSpec
    from ressq_runtime.inputs.picture import Source
    from ressq_runtime.model import Model

    class Answer(Protocol):
        """What a model says of one input."""

        def to_text(self) -> str:
            """All of it for a person, in lines."""

        def to_line(self) -> str:
            """The gist in one line, so that `sort` and `grep` work."""

        def to_json(self) -> dict[str, object]:
            """The keys of a JSON object."""

        def to_cells(self) -> list[str]:
            """What stands under a table's columns; those that are missing at the end are empty."""

    class Report(Protocol):
        """What labelled inputs tell of a model."""

        @property
        def faults(self) -> tuple[str, ...]:
            """Of the inputs that could not be read."""

        def to_text(self) -> str:
            """For a person."""

        def to_json(self) -> dict[str, object]:
            """JSON-able values."""

    class Task(Protocol):
        """What a model does. Fields: labels, which may be none."""

        labels: list[str]

        @property
        def columns(self) -> list[str]:
            """Of a table, those that an answer fills."""

        @property
        def settings(self) -> dict[str, Any]:
            """What `Model.load` needs to load the model again as it is now."""

        def bind(self, outputs: list[TensorSpec]) -> None:
            """Takes the outputs of the model that it is loaded with.

            Raises:
                EngineError: they are none for this task.
            """

        def check_labels(self, path: str) -> None:
            """Compares labels that were read from a file with the outputs.

            Raises:
                ArtefactError: they are more or fewer.
            """

        def answer(self, outputs: Mapping[str, Tensor]) -> Answer:
            """What these outputs say.

            Raises:
                EngineError: they are none for this task.
            """

        def refuse_columns(self, columns: Sequence[str]) -> str:
            """Why a table with these columns is none of the model's as it is now; empty: it is no table of the task."""

        def refuse_cells(self, cells: Sequence[str]) -> tuple[str, str] | None:
            """(found, wanted and what to do), if the model as it is now would not write a row's cells; else None."""

        def make_golden(self, outputs: Mapping[str, Tensor]) -> dict[str, object]:
            """The keys of a case of the card's `self_test`."""

        def check_golden(self, case: Mapping[str, Any], outputs: Mapping[str, Tensor], by: str) -> None:
            """Compares the outputs, which `by` computed, with a case.

            Raises:
                ArtefactError: they differ by more than rounding.
            """

        def check_explanation(self, path: str, source: str) -> None:
            """Refuses an explanation that could not be written, before anything is computed."""

        def explain(self, model: Model, source: Source, answer: Answer, path: str) -> None:
            """Writes a picture that shows where the answer comes from."""

        def evaluate(
            self, model: Model, folder: str | os.PathLike[str], progress: Callable[[int, int], None] | None,
            split: str | os.PathLike[str] | None,
        ) -> Report:  # fmt: skip
            """How often the model is right on a folder's inputs."""


def make_task(path: str, card: Card | None, settings: dict[str, Any]) -> Task:
    """The task of the model in `path`; without a card it classifies, if the settings name its labels.

    Raises:
        ArtefactError: an unknown task, or the card or the settings lack what it needs.
    """
    name = "classify" if card is None else card.task
    if name == "classify":
        from ressq_runtime.tasks.classify import Classify

        return Classify.read(path, card, **settings)
    raise ArtefactError(f"{path}: found task {name!r}, wanted 'classify'; upgrade ressq-runtime")
