"""The network as it is deployed: uint8 pixels in, scores out, everything folded that can be.

What is left is what an interpreter runs: CAST, convolutions with ReLU, poolings, concatenations, a plain
sum or difference per bypass, a mean, one matrix product and a softmax. Its layers have the paper's names,
which become the names of the tensors in every artefact.
"""

import copy
from collections import OrderedDict
from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn

from ressq_edge.model import Backbone, ComplexBypassFire, Fire, ResSqueezeNet
from ressq_export.fold import Sign, fold_gates, fold_normalisation, scale


class FoldedFire(nn.Module):
    """A Fire module whose bypass is a plain sum, a plain difference, a 1x1 convolution or nothing."""

    def __init__(self, fire: Fire, sign: Sign) -> None:
        super().__init__()
        self.squeeze, self.expand1x1, self.expand3x3 = fire.squeeze, fire.expand1x1, fire.expand3x3
        self.bypass = fire.bypass if isinstance(fire, ComplexBypassFire) else None
        self.sign = sign

    def forward(self, x: Tensor) -> Tensor:
        """(1, C, H, W) -> (1, 2 * expand, H, W)."""
        s = self.squeeze(x).relu()
        y = torch.cat([self.expand1x1(s).relu(), self.expand3x3(s).relu()], 1)
        if self.bypass is not None:
            return y + cast(Tensor, self.bypass(x))
        if self.sign == 0:
            return y
        return y + x if self.sign > 0 else y - x


class FoldedHead(nn.Module):
    """Features (1, 512, h, w) to logits (1, classes).

    Without a ReLU between them the 1x1 convolution and the global mean commute: the mean comes first, and
    a quarter of all multiply-adds of a 1000-class network is gone. With it the order stays.
    """

    def __init__(self, conv: nn.Conv2d, relu: bool) -> None:
        super().__init__()
        self.relu = relu
        self.linear = conv if relu else _as_linear(conv)

    def forward(self, x: Tensor) -> Tensor:
        """(1, 512, h, w) -> (1, classes)."""
        if self.relu:
            x = self.linear(x).relu()
        # NHWC before the mean: onnx2tf then finds nothing to transpose
        x = x.permute(0, 2, 3, 1).mean((1, 2))
        return x if self.relu else cast(Tensor, self.linear(x))


class DeployedNetwork(nn.Module):
    """uint8 (1, H, W, 3) RGB -> float32 (1, classes): softmax(logits / temperature), or those logits."""

    def __init__(self, layers: "OrderedDict[str, nn.Module]", head: FoldedHead) -> None:
        super().__init__()
        for name, layer in layers.items():
            self.add_module(name, layer)
        self.head = head

    def logits(self, pixels: Tensor) -> Tensor:
        """The logits over the temperature, what the softmax takes."""
        x = pixels.permute(0, 3, 1, 2).float()
        for layer in self.children():
            x = layer(x)
        return x

    def forward(self, pixels: Tensor) -> Tensor:
        """The scores."""
        return self.logits(pixels).softmax(1)


def deploy(
    model: ResSqueezeNet, mean: Sequence[float], std: Sequence[float], temperature: float = 1.0
) -> DeployedNetwork:
    """The deployed form of a trained network, on a copy of its weights, in evaluation mode.

    Args:
        model: takes pictures normalised by mean and std.
        mean: of R, G, B, where pixels are 0..1.
        std: of R, G, B.
        temperature: divides the logits.

    Raises:
        FoldError: the network's first convolution or its bypasses are not those of `ResSqueezeNet`.
    """
    model = copy.deepcopy(model).cpu().float().eval()
    fold_normalisation(cast(nn.Conv2d, model.features[0]), mean, std)
    signs = fold_gates(model.features)
    conv = next(layer for layer in model.classifier if isinstance(layer, nn.Conv2d))
    scale(conv, 1 / temperature)
    relu = any(isinstance(layer, nn.ReLU) for layer in model.classifier)
    return DeployedNetwork(_layers(model.features, signs), FoldedHead(conv, relu)).eval()


def _layers(backbone: Backbone, signs: dict[str, Sign]) -> "OrderedDict[str, nn.Module]":
    names = {id(fire): name for name, fire in backbone.fires()}
    layers: OrderedDict[str, nn.Module] = OrderedDict()
    pools = 0
    for layer in backbone:
        if isinstance(layer, Fire):
            name = names[id(layer)]
            layers[name] = FoldedFire(layer, signs.get(name, 0))
        elif isinstance(layer, nn.MaxPool2d):
            pools += 1
            layers[f"pool{pools}"] = layer
        else:
            layers["conv1" if isinstance(layer, nn.Conv2d) else "relu1"] = layer
    return layers


def _as_linear(conv: nn.Conv2d) -> nn.Linear:
    linear = nn.Linear(conv.in_channels, conv.out_channels)
    with torch.no_grad():
        linear.weight.copy_(conv.weight[:, :, 0, 0])
        linear.bias.copy_(cast(Tensor, conv.bias))
    return linear
