"""What there is to say of a run's pictures before training, as numbers; pages/data.py shows them."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ressq_edge.data.split import PARTS, Split
from ressq_edge.data.survey import Survey

FEWEST_OF_A_CLASS = 50  # training pictures; with fewer a class is learned by heart
LARGEST_IMBALANCE = 10  # times as many pictures of one class as of another


@dataclass(frozen=True)
class Colours:
    """Mean and standard deviation of R, G and B, 0..255, over n pictures of 64 x 64 pixels."""

    n: int
    mean: tuple[float, ...]
    deviation: tuple[float, ...]


@dataclass(frozen=True)
class DataReport:
    """A split and the first look at its pictures, brought together.

    split: of the pictures, unreadable ones still in it.
    survey: the looks; of some pictures only where there are very many.
    unreadable: reason by name.
    groups: group by name; empty where nothing was asked to be kept together.
    scanned: what the scan of masks tells, a line each.
    """

    split: Split
    survey: Survey
    unreadable: Mapping[str, str]
    groups: Mapping[str, str]
    scanned: tuple[str, ...] = ()

    @cached_property
    def _place(self) -> dict[str, tuple[str, Any]]:
        return {name: (part, target) for part in PARTS for name, target in self.split.samples(part)}

    @cached_property
    def readable(self) -> NDArray[np.bool_]:
        """Whether each picture of the survey could be read."""
        return np.asarray(self.survey.looks["size"][:, 0] > 0)

    def part(self, name: str) -> str:
        """Where a picture went: "train", "val" or "test"."""
        return self._place[name][0]

    def label(self, name: str) -> str:
        """The class of a picture; there are no masks."""
        index: int = self._place[name][1]
        return self.split.labels[index]

    def looked_at(self, label: int | None = None, part: str | None = None) -> NDArray[np.int64]:
        """Numbers in the survey of the readable pictures of a class and a part; None: of any."""
        found = self._parts_and_labels
        chosen = self.readable.copy()
        if label is not None:
            chosen &= found[:, 1] == label
        if part is not None:
            chosen &= found[:, 0] == PARTS.index(part)
        return np.flatnonzero(chosen)

    @cached_property
    def _parts_and_labels(self) -> NDArray[np.int64]:
        places = (self._place[name] for name in self.survey.names)
        rows = ((PARTS.index(part), 0 if self.split.masks else target) for part, target in places)
        return np.fromiter((number for row in rows for number in row), np.int64).reshape(-1, 2)

    def colours(self, label: int | None, part: str) -> Colours | None:
        """Of a class in a part, or of all of it; None where none of its pictures was looked at.

        The deviation is that of all pixels of all pictures: within each and between their means.
        """
        looks = self.survey.looks[self.looked_at(label, part)]
        if not len(looks):
            return None
        mean = looks["mean"].mean(0)
        variance = (looks["deviation"] ** 2 + (looks["mean"] - mean) ** 2).mean(0)
        return Colours(len(looks), tuple(mean.tolist()), tuple(np.sqrt(variance).tolist()))

    def sides(self, label: int | None = None) -> NDArray[np.int64]:
        """Shorter sides in pixels, of a class or of all."""
        return np.asarray(self.survey.looks["size"][self.looked_at(label)].min(1), np.int64)

    @cached_property
    def cameras(self) -> list[tuple[str, int]]:
        """Make and model, and how many pictures; the most frequent first, those without left out."""
        found = Counter(self.survey.looks["camera"][self.readable].tolist())
        return [(self.survey.cameras[number], n) for number, n in found.most_common() if number]

    @cached_property
    def orientations(self) -> Counter[int]:
        """How many pictures have each EXIF orientation; 0: none."""
        return Counter(self.survey.looks["orientation"][self.readable].tolist())

    @cached_property
    def located(self) -> int:
        """Pictures whose EXIF data or GeoTIFF tags hold a position."""
        return int(self.survey.looks["located"][self.readable].sum())

    @cached_property
    def torn(self) -> list[tuple[str, str]]:
        """Pairs of pictures that show the same, and are in two parts."""
        return [pair for pair in self.survey.near_duplicates or () if self.part(pair[0]) != self.part(pair[1])]

    @cached_property
    def kept(self) -> list[tuple[str, str]]:
        """Pairs of pictures that show the same, in one part."""
        return [pair for pair in self.survey.near_duplicates or () if self.part(pair[0]) == self.part(pair[1])]

    @cached_property
    def contradicting(self) -> set[tuple[str, str]]:
        """Pairs of pictures that show the same, and are of two classes; none where there are masks."""
        if self.split.masks:
            return set()
        return {pair for pair in self.survey.near_duplicates or () if self.label(pair[0]) != self.label(pair[1])}

    @property
    def imbalance(self) -> float:
        """How many times as many training pictures the largest class has as the smallest."""
        counts = self.split.counts("train")
        return max(counts) / max(1, min(counts))
