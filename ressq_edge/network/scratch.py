"""Random weights to start from; `norms` gives their channels a scale that trains."""

from typing import cast

from torch import nn

from ressq_edge.network.model import ResSqueezeNet

HEAD_STD = 0.01  # torchvision's: logits begin near 0, the loss near log(classes)


def randomise(model: ResSqueezeNet) -> None:
    """Draw every weight, in place, from PyTorch's global generator: Kaiming-uniform, a small head."""
    for layer in model.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_uniform_(layer.weight)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
    nn.init.normal_(cast(nn.Conv2d, model.classifier[1]).weight, std=HEAD_STD)
