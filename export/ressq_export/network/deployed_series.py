"""A network of windows as it is deployed: the sensor's own float values in, scores out.

Each channel's mean and deviation stay layers of their own, a sum and a product in float before the first QUANTIZE.
Folded into the first convolution they would leave int8 one scale for all channels: one in other units drowns the
others (docs/decisions/0040).
"""

import copy
from collections import OrderedDict
from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn

from ressq_edge.network.fire import GatedBypassFire, SimpleBypassFire
from ressq_edge.network.series import SeriesBackbone, SeriesNet
from ressq_export.network.deployed import DeployedNetwork, FoldedHead, fold_layers
from ressq_export.network.fold import Sign, scale


class DeployedSeries(DeployedNetwork):
    """float32 (N, T, channels) -> float32 (N, classes): softmax(logits / temperature), or those logits."""

    shift: Tensor
    factor: Tensor

    def __init__(
        self, layers: "OrderedDict[str, nn.Module]", head: FoldedHead, mean: Sequence[float], std: Sequence[float]
    ) -> None:
        super().__init__(layers, head)
        means, stds = (torch.tensor(values, dtype=torch.float64) for values in (mean, std))
        self.register_buffer("shift", (-means).float())
        self.register_buffer("factor", (1 / stds).float())

    def enter(self, x: Tensor) -> Tensor:
        """Normalised (N, channels, 1, T), as the first layer takes it; the mean goes first, where it is exact."""
        x = (x + self.shift) * self.factor
        return x.reshape(x.shape[0], 1, *x.shape[1:]).permute(0, 3, 1, 2)


def deploy_series(
    model: SeriesNet, mean: Sequence[float], std: Sequence[float], temperature: float = 1.0
) -> DeployedSeries:
    """The deployed form of a trained network, on a copy of its weights, in evaluation mode.

    Args:
        model: takes windows normalised by mean and std; without norms.
        mean: of each channel.
        std: of each channel.
        temperature: divides the logits.
    """
    model = copy.deepcopy(model).cpu().float().eval()
    layers = fold_layers(model.features, _find_signs(model.features))
    conv = next(layer for layer in model.classifier if isinstance(layer, nn.Conv2d))
    scale(conv, 1 / temperature)
    relu = any(isinstance(layer, nn.ReLU) for layer in model.classifier)
    return DeployedSeries(layers, FoldedHead(conv, relu), mean, std).eval()


def _find_signs(backbone: SeriesBackbone) -> dict[str, Sign]:
    """Plain sums, and gates of 0, 1 and -1. Another becomes a convolution: each Fire module before it has one, too."""
    signs: dict[str, Sign] = {}
    for name, fire in backbone.fires():
        if isinstance(fire, SimpleBypassFire):
            signs[name] = 1
        elif isinstance(fire, GatedBypassFire) and (gate := fire.gate.item()) in (0, 1, -1):
            signs[name] = cast(Sign, int(gate))
    return signs
