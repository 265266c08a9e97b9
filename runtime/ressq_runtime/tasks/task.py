"""What a task is, and what its answers are: for type checkers, and for who writes another one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import os

    from PIL import Image

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

    def draw_over(self, picture: Image.Image) -> Image.Image:
        """What a page shows of the picture, RGB, of any size: the answer drawn over it, where it can be."""


class Report(Protocol):
    """What labelled inputs tell of a model."""

    @property
    def faults(self) -> tuple[str, ...]:
        """Of the inputs that could not be read."""

    def to_text(self) -> str:
        """For a person."""

    def to_json(self) -> dict[str, object]:
        """JSON-able values."""


class Extras(Protocol):
    """What only some commands need of a task. Fields: columns of a table, those that an answer fills."""

    columns: list[str]

    def refuse_columns(self, columns: Sequence[str]) -> str:
        """Why a table with these columns is none of the model's as it is now; empty: it is no table of the task."""

    def refuse_cells(self, cells: Sequence[str]) -> tuple[str, str] | None:
        """(found, wanted and what to do), if the model as it is now would not write a row's cells; else None."""

    def check_labels(self, path: str) -> None:
        """Compares labels that were read from a file with the outputs.

        Raises:
            ArtefactError: they are more or fewer.
        """

    def make_golden(self, outputs: Mapping[str, Tensor]) -> dict[str, object]:
        """The keys of a case of the card's `self_test`."""

    def check_golden(self, case: Mapping[str, Any], outputs: Mapping[str, Tensor], by: str) -> None:
        """Compares the outputs, which `by` computed, with a case.

        Raises:
            ArtefactError: they differ by more than rounding.
        """

    def plan_mask(self, path: str, source: str) -> Callable[[Any], None]:
        """What writes an answer to `path` as a mask of the picture's size; it then belongs to the answer's JSON.

        Source "": of a picture that is not known yet.

        Raises:
            OutputError: the task has no masks, or it could not be written; told before anything is computed.
        """

    def plan_explanation(self, path: str, source: str) -> Callable[[Model, Source, Any], None]:
        """What writes the picture to `path` with the answer over it: where it comes from, or lies.

        Raises:
            OutputError: it could not be written; told before anything is computed.
        """

    def evaluate(
        self, model: Model, folder: str | os.PathLike[str], progress: Callable[[int, int], None] | None,
        split: str | os.PathLike[str] | None,
    ) -> Report:  # fmt: skip
        """How often the model is right on a folder's inputs."""


class Task(Protocol):
    """What a model does. Fields: labels, which may be none."""

    labels: list[str]

    @property
    def settings(self) -> dict[str, Any]:
        """What `Model.load` needs to load the model again as it is now."""

    def bind(self, outputs: list[TensorSpec]) -> None:
        """Takes the outputs of the model that it is loaded with.

        Raises:
            EngineError: they are none for this task.
        """

    def answer(self, outputs: Mapping[str, Tensor], size: tuple[int, int]) -> Answer:
        """What these outputs say of an upright picture of this (width, height).

        Raises:
            EngineError: they are none for this task.
        """

    def extras(self) -> Extras:
        """What only some commands need of it, as it is set now; its own module, since start-up is a feature."""
