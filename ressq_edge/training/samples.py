"""Samples as the loop knows them: drawn for a step, turned into the network's input, and loaded for validation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor

from ressq_edge.data.augment import Batch, Views, ViewTarget, draw_batch, load_pixels, normalise, recolour
from ressq_edge.data.cache import SampleStore
from ressq_edge.data.recordings.views import WindowViews, draw_windows
from ressq_edge.data.recordings.windows import Windows
from ressq_edge.network.checkpoint import Normalise


class Samples(Protocol):
    """The samples of a part, by number."""

    @property
    def targets(self) -> Sequence[Any]:
        """Of each."""

    @property
    def normalise(self) -> Normalise:
        """How they become the network's input."""

    def __len__(self) -> int: ...

    def draw(self, numbers: Sequence[int], seed: int, epoch: int, view_target: ViewTarget) -> Batch:
        """This epoch's views of some: a function of (seed, epoch, number) alone."""

    def to_input(self, batch: Batch) -> Tensor:
        """The network's input of such views, on their device."""

    def load(self, numbers: Sequence[int]) -> Tensor:
        """The network's input of some as the device sees them, on the CPU."""


@dataclass(frozen=True)
class PictureSamples:
    """Pictures; as `Samples`. Fields: store, their pixels and targets; views, what is drawn of them; normalise."""

    store: SampleStore
    views: Views
    normalise: Normalise

    def __len__(self) -> int:
        return len(self.store)

    @property
    def targets(self) -> Sequence[Any]:
        """Of each."""
        return self.store.targets

    def draw(self, numbers: Sequence[int], seed: int, epoch: int, view_target: ViewTarget) -> Batch:
        """uint8 pixels, and factors of the colours."""
        return draw_batch(self.store, numbers, self.views, seed, epoch, view_target)

    def to_input(self, batch: Batch) -> Tensor:
        """float32 (N, 3, H, W)."""
        return normalise(recolour(batch.pixels, batch.colours), self.normalise.mean, self.normalise.std)

    def load(self, numbers: Sequence[int]) -> Tensor:
        """float32 (N, 3, H, W)."""
        return normalise(load_pixels(self.store, numbers), self.normalise.mean, self.normalise.std)


@dataclass(frozen=True)
class WindowSamples:
    """Windows of recordings; as `Samples`. Fields: windows; views, what is drawn of them; normalise, by channel."""

    windows: Windows
    views: WindowViews
    normalise: Normalise

    def __len__(self) -> int:
        return len(self.windows)

    @property
    def targets(self) -> Sequence[int]:
        """Of each."""
        return self.windows.targets

    def draw(self, numbers: Sequence[int], seed: int, epoch: int, _: ViewTarget) -> Batch:
        """float32 (N, length, channels) in the sensors' own units; a window's class is its recording's."""
        values = draw_windows(self.windows, numbers, self.views, seed, epoch)
        return Batch(torch.from_numpy(values), tuple(self.targets[number] for number in numbers), torch.empty(0))

    def to_input(self, batch: Batch) -> Tensor:
        """float32 (N, channels, 1, length)."""
        return normalise_windows(batch.pixels, self.normalise)

    def load(self, numbers: Sequence[int]) -> Tensor:
        """float32 (N, channels, 1, length)."""
        return normalise_windows(torch.from_numpy(self.windows.values(numbers)), self.normalise)


def normalise_windows(values: Tensor, norm: Normalise) -> Tensor:
    """(N, length, channels) in the sensors' units -> (value - mean) / deviation, (N, channels, 1, length).

    The exporter puts this in front of the network; it must stay exactly this.
    """
    mean, deviation = (torch.tensor(of, device=values.device) for of in (norm.mean, norm.std))
    return ((values - mean) / deviation).permute(0, 2, 1).unsqueeze(2)
