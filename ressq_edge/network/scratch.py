"""Random weights to start from; `norms` gives their channels a scale that trains."""

from torch import nn

HEAD_STD = 0.01  # torchvision's: logits begin near 0, the loss near log(classes)


def randomise(model: nn.Module) -> None:
    """Draw every weight, in place, from PyTorch's global generator: Kaiming-uniform, a small last convolution."""
    layers = [layer for layer in model.modules() if isinstance(layer, nn.Conv2d)]
    for layer in layers:
        nn.init.kaiming_uniform_(layer.weight)
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)
    nn.init.normal_(layers[-1].weight, std=HEAD_STD)
