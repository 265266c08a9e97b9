"""What a conversion gives: the format, the classes and what a person should know."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

BACKGROUNDS = {"background", "_background_"}

Bar = Callable[[str, int], AbstractContextManager[Callable[[int], None]]]


@dataclass(frozen=True)
class Converted:
    """What was made of an export: its format in words, index and name of each class, pictures, and notes."""

    kind: str
    labels: tuple[tuple[int, str], ...]
    pictures: int
    notes: tuple[str, ...]


def name_used(labels: Sequence[str], used: set[int]) -> tuple[tuple[int, str], ...]:
    """Index and name of the classes that occur."""
    return tuple((index, label) for index, label in enumerate(labels) if index in used)
