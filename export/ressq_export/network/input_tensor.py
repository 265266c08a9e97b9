"""What a deployed network takes, a kind each: pixels, or a window's sensor values; its tensor, and what training took.

A new kind is a maker here and a line in `_MAKERS`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ressq_edge.data.augment import normalise
from ressq_edge.network.checkpoint import Normalise
from ressq_export.network.tensor_names import INPUT, SERIES
from ressq_runtime.inputs.picture_spec import PixelSpec
from ressq_runtime.inputs.series_spec import SeriesSpec

Spec = PixelSpec | SeriesSpec


@dataclass(frozen=True)
class InputTensor:
    """The input of every file of a network.

    name: in the files.
    dtype: NumPy's name of it.
    shape: of one sample, the leading 1 included.
    described: for a person.
    normalise: what the trained network takes of a batch, (N, channels, H, W).
    """

    name: str
    dtype: str
    shape: tuple[int, ...]
    described: str
    normalise: Callable[[Tensor, Normalise], Tensor]

    def array(self, data: bytes) -> NDArray[np.generic]:
        """One sample, of `shape`."""
        return np.frombuffer(data, self.dtype).reshape(self.shape)

    def batch(self, samples: Sequence[bytes]) -> Tensor:
        """Samples as a deployed network takes them: (N, ...)."""
        return torch.from_numpy(np.concatenate([self.array(sample) for sample in samples]))

    def example(self) -> Tensor:
        """Zeros of the input's shape."""
        return torch.from_numpy(np.zeros(self.shape, self.dtype))


def input_tensor(spec: Spec) -> InputTensor:
    """The input of a network that takes what this describes."""
    return _MAKERS[type(spec)](spec)


def _pixels(spec: Spec) -> InputTensor:
    spec = cast(PixelSpec, spec)
    shape = 1, spec.height, spec.width, 3
    described = f"RGB picture, {spec.height} x {spec.width}, 0..255"
    return InputTensor(INPUT, "uint8", shape, described, _normalise_pixels)


def _normalise_pixels(pixels: Tensor, known: Normalise) -> Tensor:
    return normalise(pixels.permute(0, 3, 1, 2), known.mean, known.std)


def _series(spec: Spec) -> InputTensor:
    spec = cast(SeriesSpec, spec)
    shape = 1, spec.length, len(spec.channels)
    described = f"{spec.length} rows at {spec.rate:g} Hz of {', '.join(spec.names)}, the sensor's own values"
    return InputTensor(SERIES, "float32", shape, described, _normalise_series)


def _normalise_series(windows: Tensor, known: Normalise) -> Tensor:
    mean, deviation = (torch.tensor(values, dtype=torch.float32) for values in (known.mean, known.std))
    return ((windows - mean) / deviation).unsqueeze(1).permute(0, 3, 1, 2)


_MAKERS: dict[type[Spec], Callable[[Spec], InputTensor]] = {PixelSpec: _pixels, SeriesSpec: _series}
