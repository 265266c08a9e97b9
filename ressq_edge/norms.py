"""Batch normalisation while training, and none afterwards.

SqueezeNet has none. From random weights it ends several points better with one behind every convolution of the
backbone (Ioffe and Szegedy, arXiv:1502.03167; docs/experiments.md). At inference a norm is a factor and a shift a
channel, which `fold_norms` multiplies into the convolution: what is kept, exported and run on a device is
SqueezeNet, with SqueezeNet's names.
"""

from typing import Self, cast

import torch
from torch import Tensor, nn

from ressq_edge.checkpoint import Tensors
from ressq_edge.model import ResSqueezeNet

MOMENTUM = 0.1  # of the statistics that inference uses, as nn.BatchNorm2d's
NORM = ".norm."  # what a normalised convolution's names have that a plain one's have not


class NormalisedConv2d(nn.Conv2d):
    """A convolution and batch normalisation behind it; weight and bias keep their names beside norm.*."""

    norm: nn.BatchNorm2d

    @classmethod
    def around(cls, conv: nn.Conv2d) -> Self:
        """The same convolution, sharing its weights, with a norm that has seen nothing yet."""
        size, stride, padding = (cast(tuple[int, int], of) for of in (conv.kernel_size, conv.stride, conv.padding))
        made = cls(conv.in_channels, conv.out_channels, size, stride, padding, device="meta")
        made.weight, made.bias = conv.weight, conv.bias
        made.norm = nn.BatchNorm2d(conv.out_channels, momentum=MOMENTUM)
        return made.train(conv.training)

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 - PyTorch's own name for it
        """(N, inputs, H, W) -> (N, outputs, h, w)."""
        normalised: Tensor = self.norm(super().forward(input))
        return normalised


def insert_norms(model: ResSqueezeNet) -> None:
    """Put a norm behind every convolution of the backbone, in place; the head has none."""
    for parent in list(model.backbone.modules()):
        for name, layer in list(parent.named_children()):
            if type(layer) is nn.Conv2d:
                setattr(parent, name, NormalisedConv2d.around(layer))


@torch.no_grad()
def fit_norms(model: ResSqueezeNet, pictures: Tensor) -> None:
    """Set every norm's statistics to these pictures', in place, layer by layer.

    Every channel then has mean 0 and variance 1 from the first validation on, not only in training: the data-dependent
    initialisation of Salimans and Kingma (arXiv:1602.07868, section 3).

    pictures: normalised float (N, 3, H, W).
    """
    norms = [layer.norm for layer in model.modules() if isinstance(layer, NormalisedConv2d)]
    for norm in norms:
        norm.momentum = 1.0  # what is gathered is this batch, and nothing of before
    model.train().backbone(pictures)
    for norm in norms:
        norm.momentum = MOMENTUM


def fold_norms(tensors: Tensors, eps: float = 1e-5) -> Tensors:
    """The state dict of the network without norms that computes, at inference, what this one's network does.

    eps: nn.BatchNorm2d's.
    """
    plain = {name: tensor for name, tensor in tensors.items() if NORM not in name}
    for name in plain:
        conv, _, kind = name.rpartition(".")
        if f"{conv}{NORM}weight" in tensors:
            weight, bias, mean, variance = (
                tensors[f"{conv}{NORM}{part}"].double() for part in ("weight", "bias", "running_mean", "running_var")
            )
            factor = weight / (variance + eps).sqrt()
            found = tensors[name].double()
            folded = found * factor.view(-1, 1, 1, 1) if kind == "weight" else (found - mean) * factor + bias
            plain[name] = folded.to(tensors[name].dtype)
    return plain
