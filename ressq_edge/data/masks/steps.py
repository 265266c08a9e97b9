"""Masks of indices that were resized smoothly: between two classes lies a pixel of the class whose number is between.

A mask as it was drawn goes from class 0 to class 3 in one jump; one that was resized as a photo goes by 1 or 2. In
masks of road scenes and of solar cells, steps were about 1 % of the jumps; in the same masks, resized bilinearly or
bicubically by factors from 0.6 to 2, they were more than half of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ressq_edge.data.masks.matching import count

_MOST_VALUES = 64  # with more it is no mask, which is told elsewhere
_STRIP_PIXELS = 1_000_000  # at once; what crosses the border of two strips is not counted
_FEWEST = 16  # steps; a few are chance
_SHARE = 0.25  # of the jumps


@dataclass(frozen=True)
class Steps:
    """How a mask goes from class to class, row by row and column by column.

    middles: value -> pixels of it between a lower and a higher neighbour.
    jumps: neighbours that differ by more than 1.
    """

    middles: Mapping[int, int]
    jumps: int

    @property
    def many(self) -> bool:
        """Whether a mask that nobody resized would hardly have so many steps."""
        steps = sum(self.middles.values())
        return steps >= _FEWEST and steps > _SHARE * self.jumps


def count_steps(image: Image.Image, values: int) -> Steps:
    """The steps in a mask of so many values, the first band of it."""
    if not 2 < values <= _MOST_VALUES:
        return Steps({}, 0)
    middles = np.zeros(256, np.int64)
    jumps = 0
    height = max(1, _STRIP_PIXELS // image.width)
    for top in range(0, image.height, height):
        stored = np.asarray(image.crop((0, top, image.width, min(top + height, image.height))))
        index = (stored if stored.ndim == 2 else stored[..., 0]).astype(np.int32)
        for rows in (index, index.T):
            before, middle, behind = rows[:, :-2], rows[:, 1:-1], rows[:, 2:]
            between: NDArray[np.bool_] = (before - middle) * (middle - behind) > 0
            middles += np.bincount(middle[between].clip(max=255), minlength=256)
            jumps += int((np.abs(np.diff(rows)) > 1).sum())
    return Steps({value: int(number) for value, number in enumerate(middles) if number}, jumps)


def complain_steps(root: Path, masks: Sequence[tuple[str, Steps]]) -> list[str]:
    """The complaint about masks that were resized smoothly; with one middle class alone it may be a border: a note."""
    resized = [name for name, steps in masks if steps.many and len(steps.middles) > 1]
    if not resized:
        return []
    return [
        f"{root / resized[0]}: found classes by whose number one goes over into the other, a pixel wide, in "
        f"{count(len(resized), 'mask')}, as in masks that were resized smoothly; resize the originals by nearest "
        "neighbour"
    ]


def note_steps(masks: Sequence[tuple[str, Steps]], labels: Mapping[int, str]) -> list[str]:
    """The same of a single class, which may be meant as a border a pixel wide."""
    thin = [(name, next(iter(steps.middles))) for name, steps in masks if steps.many and len(steps.middles) == 1]
    if not thin:
        return []
    name, value = thin[0]
    label = labels.get(value, str(value))
    return [
        f"{label} lies, a pixel wide, between others in {count(len(thin), 'mask')} ({name}, say): if it is no border, "
        "the "
        "masks were resized smoothly; resize the originals by nearest neighbour"
    ]
