"""Batch normalisation while training, and none afterwards.

SqueezeNet has none. From random weights it ends several points better with one behind every convolution of the
backbone (Ioffe and Szegedy, arXiv:1502.03167; docs/experiments.md). At inference a norm is a factor and a shift a
channel, which `fold_norms` multiplies into the convolution: what is kept, exported and run on a device is
SqueezeNet, with SqueezeNet's names. Weights that grew up with norms are trained further with norms; published ones
grew up without, and gain nothing.
"""

from typing import Self, cast

import torch
from torch import Tensor, nn

from ressq_edge.network.checkpoint import Tensors
from ressq_edge.network.model import ResSqueezeNet
from ressq_edge.network.segmentation import SegmentationNet
from ressq_edge.network.series import SeriesNet

NORM = ".norm."  # what a normalised convolution's names have that a plain one's have not


class NormalisedConv2d(nn.Conv2d):
    """A convolution and batch normalisation behind it; weight and bias keep their names beside norm.*."""

    norm: nn.BatchNorm2d

    @classmethod
    def around(cls, conv: nn.Conv2d) -> Self:
        """The same convolution, sharing its weights, with a norm that has seen nothing yet."""
        size, stride, padding, dilation = (
            cast(tuple[int, int], of) for of in (conv.kernel_size, conv.stride, conv.padding, conv.dilation)
        )
        made = cls(conv.in_channels, conv.out_channels, size, stride, padding, dilation, device="meta")
        made.weight, made.bias = conv.weight, conv.bias
        made.norm = nn.BatchNorm2d(conv.out_channels)
        return made.train(conv.training)

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 - PyTorch's own name for it
        """(N, inputs, H, W) -> (N, outputs, h, w)."""
        normalised: Tensor = self.norm(super().forward(input))
        return normalised


def insert_norms(model: ResSqueezeNet | SegmentationNet | SeriesNet) -> None:
    """Put a norm behind every convolution of the backbone, in place; a classifier's head has none."""
    normalise_convolutions(model.backbone)


def normalise_convolutions(part: nn.Module) -> None:
    """Put a norm behind every convolution of a part of a network, in place."""
    for parent in list(part.modules()):
        for name, layer in list(parent.named_children()):
            if type(layer) is nn.Conv2d:
                setattr(parent, name, NormalisedConv2d.around(layer))


@torch.no_grad()
def fit_norms(part: nn.Module, network: nn.Module, pictures: Tensor, *, keep: bool) -> None:
    """Set the statistics of every norm of a part of a network to these pictures', in place, layer by layer.

    network: what has to run for it, (N, 3, H, W) -> anything.
    pictures: normalised float (N, 3, H, W).
    keep: the network goes on computing what it computes, as trained weights should. Otherwise every channel gets mean 0
        and variance 1, in validation from the start: the data-dependent initialisation of Salimans and Kingma
        (arXiv:1602.07868, section 3).
    """

    def fit(layer: NormalisedConv2d, inputs: tuple[Tensor]) -> None:
        found, norm = nn.Conv2d.forward(layer, inputs[0]), layer.norm
        mean, variance = found.mean((0, 2, 3)), found.var((0, 2, 3), correction=0)
        norm.running_mean, norm.running_var = mean, variance
        if keep:
            norm.weight.copy_((variance + norm.eps).sqrt())
            norm.bias.copy_(mean)

    layers = [layer for layer in part.modules() if isinstance(layer, NormalisedConv2d)]
    hooks = [layer.register_forward_pre_hook(fit) for layer in layers]
    training = network.training
    network.eval()(pictures)
    network.train(training)
    for hook in hooks:
        hook.remove()


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
