"""Folds: the same function with less arithmetic. Each is exact but for float32 rounding.

All of them change the network they are given; the caller passes a copy. Products are formed in double
precision and rounded once.
"""

from collections.abc import Sequence
from typing import Literal, cast

import torch
from torch import Tensor, nn

from ressq_edge.network.fire import Fire, GatedBypassFire, SimpleBypassFire
from ressq_edge.network.model import Backbone
from ressq_export.errors import FoldError

# How a Fire module's input enters its output: not at all, by a plain sum, by a plain difference.
Sign = Literal[0, 1, -1]


def fold_normalisation(conv: nn.Conv2d, mean: Sequence[float], std: Sequence[float]) -> None:
    """Let `conv` take pixels 0..255 instead of (pixels / 255 - mean) / std: mean and std of R, G, B.

    Exact only without padding: a padded zero is a black pixel before the fold and a mean one after it.

    Raises:
        FoldError: the convolution pads, or has no bias.
    """
    if conv.padding not in ((0, 0), 0) or conv.bias is None:
        raise FoldError(f"first convolution: found {conv}, wanted one with a bias and no padding")
    weight = conv.weight.detach().double()
    means, stds = (torch.tensor(v, dtype=torch.float64).view(1, 3, 1, 1) for v in (mean, std))
    shift = (weight * means / stds).sum((1, 2, 3))
    _assign(conv.bias, conv.bias.detach().double() - shift)
    _assign(conv.weight, weight / (255 * stds))


def fold_scale(conv: nn.Conv2d, mean: Sequence[float], std: Sequence[float]) -> float:
    """Let a padded `conv` take pixels less a grey value instead of (pixels / 255 - mean) / std; that value, 0..255.

    Zeros then pad with that grey, before the fold and after it. Exact.

    Raises:
        FoldError: mean is no grey that a uint8 pixel can have.
    """
    greys = {value * 255 for value in mean}
    grey = greys.pop()
    if greys or grey != round(grey):
        raise FoldError(
            f"first convolution: found zeros padded where the mean is {mean}, wanted one that a grey pixel has; train "
            "the network with this version of ressq-train"
        )
    stds = torch.tensor(std, dtype=torch.float64).view(1, 3, 1, 1)
    _assign(conv.weight, conv.weight.detach().double() / (255 * stds))
    return grey


def fold_norm(conv: nn.Conv2d, norm: nn.BatchNorm2d) -> None:
    """Let `conv` give what the batch norm behind it makes of its output."""
    mean, var = (cast(Tensor, value).double() for value in (norm.running_mean, norm.running_var))
    factor = norm.weight.detach().double() / (var + norm.eps).sqrt()
    before = 0 if conv.bias is None else conv.bias.detach().double()
    bias = norm.bias.detach().double() + (before - mean) * factor
    conv.bias = nn.Parameter(bias.to(conv.weight.dtype))
    _assign(conv.weight, conv.weight.detach().double() * factor.view(-1, 1, 1, 1))


def fold_gates(backbone: Backbone, *, keep_stages: bool = False) -> dict[str, Sign]:
    """Turn every gated bypass y = F(x) + a x into a plain sum or difference; the sign of each, by name.

    x is the ReLU output of a plain Fire module, perhaps max-pooled, and both relu(c z) = c relu(z) and
    max(c z) = c max(z) for c > 0. So that module's expand convolutions take the factor |a|, the squeeze
    convolution behind takes 1/|a|, and nobody else reads x. a = 0 leaves no bypass.

    Args:
        backbone: changed in place.
        keep_stages: a head reads the stages, too, so they must stay what they are. Version 1.0 has gates whose x is a
            stage, pooled: those are left alone, without a sign.

    Raises:
        FoldError: the input of a gate is not the output of a plain Fire module.
    """
    signs: dict[str, Sign] = {}
    names = {id(fire): name for name, fire in backbone.fires()}
    before: nn.Module | None = None  # what made x, pooling aside
    pooled = False
    for layer in backbone:
        stays = keep_stages and pooled
        pooled = isinstance(layer, nn.MaxPool2d)
        if isinstance(layer, GatedBypassFire) and (not stays or layer.gate.item() == 0):
            name, gate = names[id(layer)], layer.gate.item()
            signs[name] = 0 if gate == 0 else 1 if gate > 0 else -1
            if gate != 0:
                if type(before) is not Fire:
                    raise FoldError(f"{name}: found a gate behind {before}, wanted a plain Fire module")
                _move_scale(before, layer, abs(gate))
        elif isinstance(layer, SimpleBypassFire):
            signs[names[id(layer)]] = 1
        if not isinstance(layer, nn.MaxPool2d):
            before = layer
    return signs


def _move_scale(producer: Fire, consumer: Fire, factor: float) -> None:
    for expand in (producer.expand1x1, producer.expand3x3):
        scale(expand, factor)
    _assign(consumer.squeeze.weight, consumer.squeeze.weight.detach().double() / factor)


def scale(conv: nn.Conv2d | nn.Linear, factor: float) -> None:
    """Multiply what the layer gives by a factor: a temperature T is scale(last, 1 / T)."""
    _assign(conv.weight, conv.weight.detach().double() * factor)
    if conv.bias is not None:
        _assign(conv.bias, conv.bias.detach().double() * factor)


def _assign(parameter: Tensor, value: Tensor) -> None:
    with torch.no_grad():
        parameter.copy_(value)
