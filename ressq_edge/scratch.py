"""Random weights that train: a network without batch normalisation needs a scale it can start from.

Every convolution is scaled so that, on a batch of real training pictures, each of its channels has
mean 0 and variance 1 before the ReLU: the data-dependent initialisation of Salimans and Kingma
(arXiv:1602.07868, section 3), close to LSUV (Mishkin and Matas, arXiv:1511.06422). It costs one forward pass and
nothing afterwards. PyTorch's own initialisation lets the signal fade over 18 layers, and training sits on its
first plateau for ten epochs or more; Kaiming's lets it grow with every bypass.
"""

from typing import cast

import torch
from torch import Tensor, nn

from ressq_edge.model import ResSqueezeNet

HEAD_STD = 0.01  # torchvision's: logits begin near 0, the loss near log(classes)
SMALLEST_STD = 1e-3  # of a channel; below it a channel is dead, and scaling it up would amplify noise


def randomise(model: ResSqueezeNet) -> None:
    """Draw every weight, in place, from PyTorch's global generator: Kaiming-uniform, a small head."""
    for layer in model.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_uniform_(layer.weight)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
    nn.init.normal_(cast(nn.Conv2d, model.classifier[1]).weight, std=HEAD_STD)


@torch.no_grad()
def standardise(model: ResSqueezeNet, pictures: Tensor) -> None:
    """Scale the backbone's convolutions, in place, to unit channels on these pictures.

    pictures: normalised float (N, 3, H, W).
    """

    def scale(layer: nn.Module, _inputs: tuple[Tensor, ...], output: Tensor) -> Tensor:
        conv = cast(nn.Conv2d, layer)
        mean = output.mean((0, 2, 3))
        std = output.std((0, 2, 3)).clamp_min(SMALLEST_STD)
        conv.weight.div_(std.view(-1, 1, 1, 1))
        cast(Tensor, conv.bias).sub_(mean).div_(std)
        return (output - mean.view(-1, 1, 1)) / std.view(-1, 1, 1)  # what the next layer will see

    convs = [layer for layer in model.backbone.modules() if isinstance(layer, nn.Conv2d)]
    hooks = [conv.register_forward_hook(scale) for conv in convs]
    model.backbone(pictures)
    for hook in hooks:
        hook.remove()
