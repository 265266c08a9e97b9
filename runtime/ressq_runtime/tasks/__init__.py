"""What comes out of a model: a module a task, looked up by the card's `task`. Nobody else knows those modules."""

from __future__ import annotations

from ressq_runtime.errors import ArtefactError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ressq_runtime.artefact.card import Card
    from ressq_runtime.tasks.task import Task


def make_task(path: str, card: Card | None, settings: dict[str, Any]) -> Task:
    """The task of the model in `path`; without a card it classifies, if the settings name its labels.

    Raises:
        ArtefactError: an unknown task, or the card or the settings lack what it needs.
    """
    name = "classify" if card is None else card.task
    if name == "classify":
        from ressq_runtime.tasks.classify import Classify

        return Classify.read(path, card, **settings)
    if name == "segment" and card is not None:
        from ressq_runtime.tasks.segment import Segment

        return Segment.read(path, card, **settings)
    raise ArtefactError(f"{path}: found task {name!r}, wanted 'classify' or 'segment'; upgrade ressq-runtime")
