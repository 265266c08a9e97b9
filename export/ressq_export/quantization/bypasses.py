"""Bypasses too small for int8: they move no value by half of one of its steps, and all four files do without them.

A trained gate may end near zero. What it lets through is then less than int8 rounds away, and XNNPACK computes no sum
one of whose inputs is that small: LiteRT's own kernel takes hundreds of times as long (docs/decisions/0030).
"""

import copy
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import batched
from typing import TypeVar, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ressq_edge.network.checkpoint import Checkpoint
from ressq_edge.network.fire import ComplexBypassFire, Fire, GatedBypassFire
from ressq_edge.network.model import ResSqueezeNet
from ressq_edge.network.segmentation import SegmentationNet
from ressq_edge.network.series import SeriesNet
from ressq_export.network.input_tensor import input_tensor
from ressq_export.network.ranges import STEPS, Range
from ressq_export.progress import Screen
from ressq_export.quantization.ranges import least_error, thin

Bypassed = ResSqueezeNet | SegmentationNet | SeriesNet  # of the latter the backbone: a head has no gates
_Network = TypeVar("_Network", bound=Bypassed)

HALF = 0.5  # a step: rounding to the nearest takes less away again
BATCH = 16  # pictures


@dataclass(frozen=True)
class Bare:
    """A trained network as its files hold it.

    model: the network.
    left_out: Fire modules that lost their bypass, and how many int8 steps it moved a value at most.
    """

    model: nn.Module
    left_out: Mapping[str, float]


@dataclass
class _Sum:
    """What a bypass adds, and the sum: the largest magnitude of the one, the extremes and a sample of the other."""

    most: float = 0.0
    seen: Range = field(default_factory=lambda: Range(0.0, 0.0))
    kept: list[NDArray[np.float32]] = field(default_factory=list)

    def see(self, added: Tensor, result: Tensor) -> None:
        """Take in what one batch gives."""
        values = result.numpy()
        self.most = max(self.most, float(added.abs().max()))
        self.seen = Range(min(self.seen.low, float(values.min())), max(self.seen.high, float(values.max())))
        self.kept += [thin(value) for value in values]

    def steps(self) -> float:
        """How many int8 steps of the sum the bypass moves a value at most, by the finer of the two rules for ranges."""
        width = self.seen.width
        finer = least_error(np.concatenate(self.kept), self.seen) if width else self.seen
        step = finer.width / STEPS
        return self.most / step if step else np.inf


def leave_out(checkpoint: Checkpoint, pixels: Sequence[bytes], screen: Screen) -> Bare:
    """The network without the bypasses that int8 cannot tell from none.

    They move no sum by half a step on these pictures and, all of them together, no logit either; else all stay.

    Args:
        checkpoint: the trained network.
        pixels: of calibration pictures or windows.
        screen: shows how far it is.
    """
    model = checkpoint.build()
    if not isinstance(model, Bypassed) or not _bypassed(model):
        return Bare(model, {})
    screen.stage("bypasses")
    sums, wanted = _measure(model, checkpoint, pixels)
    moved = {name: found.steps() for name, found in sums.items()}
    small = {name: steps for name, steps in moved.items() if 0 < steps < HALF}  # 0: a gate that is closed
    if not small:
        return Bare(model, {})
    bare = without_bypasses(model, small)
    _, found = _measure(bare, checkpoint, pixels)
    step = (wanted.max() - wanted.min()) / STEPS
    same = (found - wanted).abs().max() < HALF * step
    return Bare(bare, small) if same else Bare(model, {})


def _bypassed(model: Bypassed) -> list[str]:
    """Names of the backbone's Fire modules with a bypass."""
    return [name for name, fire in model.features.fires() if type(fire) is not Fire]


def without_bypasses(model: _Network, names: Collection[str]) -> _Network:
    """A copy of the network in which these Fire modules are plain ones; it shares no weight with the original."""
    bare = copy.deepcopy(model)
    numbers = {id(layer): number for number, layer in enumerate(bare.features)}
    for name, fire in list(bare.features.fires()):
        if name in names:
            bare.features[numbers[id(fire)]] = _plain(fire)
    return bare


def _plain(fire: Fire) -> Fire:
    with torch.device("meta"):  # its weights are those of the other
        plain = Fire(fire.squeeze.in_channels, fire.squeeze.out_channels, fire.expand1x1.out_channels)
    plain.squeeze, plain.expand1x1, plain.expand3x3 = fire.squeeze, fire.expand1x1, fire.expand3x3
    return plain.train(fire.training)


def _measure(model: Bypassed, checkpoint: Checkpoint, pixels: Sequence[bytes]) -> tuple[dict[str, _Sum], Tensor]:
    """What each bypass does to its sum, by the name of its Fire module, and the logits (N, classes, ...)."""
    taken = input_tensor(checkpoint.input)
    fires = {name: fire for name, fire in model.features.fires() if name in _bypassed(model)}
    sums = {name: _Sum() for name in fires}
    handles = [
        fire.register_forward_hook(lambda fire, inputs, y, found=sums[name]: found.see(_added(fire, inputs[0]), y))
        for name, fire in fires.items()
    ]
    logits = []
    with torch.inference_mode():
        for batch in batched(pixels, BATCH):
            logits.append(model(taken.normalise(taken.batch(batch), checkpoint.normalise)))
    for handle in handles:
        handle.remove()
    return sums, torch.cat(logits)


def _added(fire: nn.Module, x: Tensor) -> Tensor:
    if isinstance(fire, GatedBypassFire):
        return fire.gate * x
    return cast(Tensor, fire.bypass(x)) if isinstance(fire, ComplexBypassFire) else x
