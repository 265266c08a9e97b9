"""int8 in PyTorch: the deployed network with its weights and activations rounded as the two int8 files round them.

Weights are symmetric with one scale per output channel, activations asymmetric with one scale per tensor, taken
behind the ReLU and shared as `share_ranges` says. Gradients pass a rounding as if it were not there (the
straight-through estimator, Bengio et al. 2013, arXiv:1308.3432), and stop at a clipped value.
"""

import copy
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from ressq_export.network.deployed import Deployed
from ressq_export.network.ranges import STEPS, Range, Ranges
from ressq_export.network.tensor_names import NamedTensor

# Steps of a weight on either side of zero: ai-edge-quantizer's, and ONNX Runtime's with `reduce_range`.
WEIGHT_STEPS = {"tflite": 127, "onnx": 64}


class RoundedWeight(nn.Module):
    """A convolution's or a matrix product's weight, (outputs, ...), each output on a scale of its own."""

    def __init__(self, steps: int) -> None:
        super().__init__()
        self.steps = steps

    def forward(self, weight: Tensor) -> Tensor:
        """The nearest weights that int8 has."""
        others = tuple(range(1, weight.dim()))
        largest = weight.detach().abs().amax(others, keepdim=True)
        scale = largest.clamp_min(torch.finfo(weight.dtype).tiny) / self.steps
        return _round(weight / scale) * scale


class RoundedTensor:
    """An activation on 256 steps."""

    def __init__(self, spread: Range) -> None:
        self.scale = spread.width / STEPS
        self.first = round(spread.low / self.scale)

    def __call__(self, x: Tensor) -> Tensor:
        """The nearest activations that int8 has."""
        return _round(x / self.scale).clamp(self.first, self.first + STEPS) * self.scale


def _round(x: Tensor) -> Tensor:
    return x + (x.round() - x).detach()


class Simulation:
    """A copy of a network that answers as its int8 file does.

    network: the copy; its parameters are those of the original until someone trains them.
    """

    def __init__(self, network: Deployed, ranges: Ranges, weight_steps: int) -> None:
        self.network = copy.deepcopy(network)
        for module in list(self.network.modules()):
            if isinstance(module, nn.Conv2d | nn.Linear):
                parametrize.register_parametrization(module, "weight", RoundedWeight(weight_steps))
            elif isinstance(module, NamedTensor) and module.name in ranges:
                rounded = RoundedTensor(ranges[module.name])
                module.register_forward_hook(lambda _module, _inputs, x, rounded=rounded: rounded(x))

    def plain(self) -> Deployed:
        """The network alone, with float weights and nothing rounded."""
        network = copy.deepcopy(self.network)
        for module in list(network.modules()):
            if isinstance(module, NamedTensor):
                module._forward_hooks.clear()
            elif parametrize.is_parametrized(module):
                weight = cast(Tensor, module.parametrizations["weight"].original).detach()  # type: ignore[union-attr, index]
                parametrize.remove_parametrizations(module, "weight", leave_parametrized=True)
                with torch.no_grad():
                    cast(Tensor, module.weight).copy_(weight)
        return network
