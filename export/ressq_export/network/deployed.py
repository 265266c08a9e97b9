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

from ressq_edge.network.fire import ComplexBypassFire, Fire, GatedBypassFire
from ressq_edge.network.model import Backbone, ResSqueezeNet
from ressq_edge.network.series import SeriesBackbone
from ressq_export.network.fold import Sign, fold_gates, fold_normalisation, fold_scale, scale
from ressq_export.network.tensor_names import OUTPUT, NamedTensor
from ressq_export.network.trace_features import trace_features

# Where each network tells unlike pictures (docs/decisions/0011): in the middle of the network; later modules keep less
# of what kind of picture it is. A SqueezeNet's is the pooled output of fire5, of fire4 in version 1.0.
SCORED_TENSORS: dict[str, tuple[str, ...]] = {
    "ressqueezenet1_1": ("pool3",),
    "ressqueezenet1_0": ("pool2",),
    "squeezenet1_1": ("pool3",),
    "squeezenet1_0": ("pool2",),
    "shufflenet_v2_x1_0": ("stage3.3",),
    "googlenet": ("inception4b",),
    "mobilenet_v2": ("features.10",),
    "resnet18": ("layer3.0",),
}


class Centre(nn.Module):
    """Pixels less a grey value."""

    def __init__(self, grey: float) -> None:
        super().__init__()
        self.grey = grey

    def forward(self, pixels: Tensor) -> Tensor:
        """float (N, 3, H, W), 0..255 -> the same shape."""
        return pixels - self.grey


class FoldedFire(nn.Module):
    """A Fire module whose bypass is a plain sum, a plain difference, a convolution or nothing.

    sign: None where it has a gate that could not be folded, which becomes a convolution.
    """

    def __init__(self, name: str, fire: Fire, sign: Sign | None) -> None:
        super().__init__()
        self.squeeze, self.expand1x1, self.expand3x3 = fire.squeeze, fire.expand1x1, fire.expand3x3
        self.bypass = fire.bypass if isinstance(fire, ComplexBypassFire) else None
        if sign is None:
            self.bypass = multiply(fire.squeeze.in_channels, cast(GatedBypassFire, fire).gate.item())
        self.sign = sign
        parts = ("squeeze", "expand1x1", "expand3x3", "concat", "bypass", "sum")
        self.at = nn.ModuleDict({part: NamedTensor(f"{name}.{part}") for part in parts})

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, 2 * expand, H, W)."""
        s = self.at["squeeze"](self.squeeze(x).relu())
        left = self.at["expand1x1"](self.expand1x1(s).relu())
        right = self.at["expand3x3"](self.expand3x3(s).relu())
        y = cast(Tensor, self.at["concat"](torch.cat([left, right], 1)))
        if self.bypass is not None:
            y = y + self.at["bypass"](self.bypass(x))
        elif self.sign == 0:
            return y
        else:
            y = y + x if self.sign == 1 else y - x
        return cast(Tensor, self.at["sum"](y))


class FoldedHead(nn.Module):
    """Features (1, C, h, w) to logits (1, classes).

    Without a ReLU between them the 1x1 convolution and the global mean commute: the mean comes first, and
    a quarter of all multiply-adds of a 1000-class network is gone. With it the order stays.
    """

    def __init__(self, last: nn.Conv2d | nn.Linear, relu: bool) -> None:
        super().__init__()
        self.relu = relu
        self.linear = _as_linear(last) if isinstance(last, nn.Conv2d) and not relu else last
        self.at = nn.ModuleDict(
            {"linear": NamedTensor("head.linear"), "mean": NamedTensor("mean"), "logits": NamedTensor("logits")}
        )

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, h, w) -> (N, classes)."""
        if self.relu:
            x = self.at["linear"](self.linear(x).relu())
        # NHWC before the mean: onnx2tf then finds nothing to transpose
        x = self.at["mean"](x.permute(0, 2, 3, 1).mean((1, 2)))
        return x if self.relu else cast(Tensor, self.at["logits"](self.linear(x)))


class Deployed(nn.Module):
    """A network as it is deployed: uint8 (N, H, W, 3) RGB -> its outputs.

    outputs: their names in every file, in this order.
    """

    outputs: tuple[str, ...]

    def logits(self, pixels: Tensor) -> Tensor:
        """The logits over the temperature, what the softmax takes: (N, classes), or (N, classes, h, w)."""
        raise NotImplementedError


class DeployedNetwork(Deployed):
    """uint8 (N, H, W, 3) RGB -> float32 (N, classes): softmax(logits / temperature), or those logits."""

    outputs = (OUTPUT,)

    def __init__(self, layers: "OrderedDict[str, nn.Module]", head: FoldedHead) -> None:
        super().__init__()
        for name, layer in layers.items():
            self.add_module(name, layer)
        self.head = head

    def logits(self, pixels: Tensor) -> Tensor:
        """The logits over the temperature, what the softmax takes."""
        x = self.enter(pixels)
        for layer in self.children():
            x = layer(x)
        return x

    def enter(self, x: Tensor) -> Tensor:
        """What goes in, as the first layer takes it: (N, channels, H, W)."""
        return x.permute(0, 3, 1, 2).float()

    def forward(self, pixels: Tensor) -> Tensor:
        """The scores."""
        return self.logits(pixels).softmax(1)


def deploy(model: nn.Module, mean: Sequence[float], std: Sequence[float], temperature: float = 1.0) -> DeployedNetwork:
    """The deployed form of a trained network, on a copy of its weights, in evaluation mode.

    Args:
        model: takes pictures normalised by mean and std.
        mean: of R, G, B, where pixels are 0..1.
        std: of R, G, B.
        temperature: divides the logits.

    Raises:
        FoldError: the network's first convolution, bypasses or head are not those of a network of `arch`.
    """
    model = copy.deepcopy(model).cpu().float().eval()
    if not isinstance(model, ResSqueezeNet):
        return _deploy_baseline(model, mean, std, temperature)
    fold_normalisation(cast(nn.Conv2d, model.features[0]), mean, std)
    signs = fold_gates(model.features)
    conv = next(layer for layer in model.classifier if isinstance(layer, nn.Conv2d))
    scale(conv, 1 / temperature)
    relu = any(isinstance(layer, nn.ReLU) for layer in model.classifier)
    return DeployedNetwork(fold_layers(model.features, signs), FoldedHead(conv, relu)).eval()


def _deploy_baseline(
    model: nn.Module, mean: Sequence[float], std: Sequence[float], temperature: float
) -> DeployedNetwork:
    features, linear = trace_features(model)
    first = next(layer for layer in features.modules() if isinstance(layer, nn.Conv2d))
    grey = fold_scale(first, mean, std)
    scale(linear, 1 / temperature)
    return DeployedNetwork(OrderedDict(centre=Centre(grey), features=features), FoldedHead(linear, relu=False)).eval()


def fold_layers(backbone: Backbone | SeriesBackbone, signs: dict[str, Sign]) -> "OrderedDict[str, nn.Module]":
    """A backbone's layers under their names in the paper; signs: of the bypasses that were folded."""
    names = {id(fire): name for name, fire in backbone.fires()}
    layers: OrderedDict[str, nn.Module] = OrderedDict()
    pools = 0
    for layer in backbone:
        if isinstance(layer, Fire):
            name = names[id(layer)]
            layers[name] = FoldedFire(name, layer, signs.get(name, None if isinstance(layer, GatedBypassFire) else 0))
        elif isinstance(layer, nn.MaxPool2d):
            pools += 1
            layers[f"pool{pools}"] = layer
        elif isinstance(layer, nn.Conv2d):
            layers["conv1"] = layer
        else:
            layers.update(relu1=layer, at_conv1=NamedTensor("conv1"))
    return layers


def multiply(channels: int, factor: float) -> nn.Conv2d:
    """Each channel times a factor, as a convolution: of a kind that every interpreter has in int8."""
    conv = nn.Conv2d(channels, channels, 1, groups=channels)
    nn.init.constant_(conv.weight, factor)
    nn.init.zeros_(cast(Tensor, conv.bias))
    return conv


def _as_linear(conv: nn.Conv2d) -> nn.Linear:
    linear = nn.Linear(conv.in_channels, conv.out_channels)
    with torch.no_grad():
        linear.weight.copy_(conv.weight[:, :, 0, 0])
        linear.bias.copy_(cast(Tensor, conv.bias))
    return linear
