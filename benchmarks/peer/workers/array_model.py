"""The part that libraries without pictures of their own share: arrays in, scores out, the best one's label."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from plain import as_array, plain_pixels
from protocol import Settings


class ArrayModel(ABC):
    """Subclasses give `scores`."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    @abstractmethod
    def scores(self, pixels: Any) -> Any:
        """The scores of uint8 RGB pixels, (1, size, size, 3)."""

    def label_file(self, path: str) -> str:
        """The label of a picture."""
        return self._best(self.scores(plain_pixels(path, self.settings.size, self.settings.resize)))

    def label_pixels(self, pixels: bytes) -> str:
        """The label of uint8 RGB pixels."""
        return self._best(self.scores(as_array(pixels, self.settings.size)))

    def _best(self, scores: Any) -> str:
        return self.settings.labels[int(scores.argmax())]
