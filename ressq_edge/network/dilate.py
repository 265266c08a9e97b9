"""The backbone at output stride 8 instead of 16: the same weights, four times the cells in its last modules."""

from typing import cast

from torch import nn

from ressq_edge.network.fire import Fire
from ressq_edge.network.model import Backbone


def dilate(backbone: Backbone) -> None:
    """Let the last pooling skip nothing and the 3x3 convolutions behind it look twice as far, in place.

    Atrous convolution (Chen et al., arXiv:1606.00915, section 3.1): every second cell of every second row is
    computed as before, and the cells between them likewise.
    """
    behind = False
    last = [layer for layer in backbone if isinstance(layer, nn.MaxPool2d)][-1]
    for layer in backbone:
        if layer is last:
            behind = True
            layer.stride, layer.padding, layer.ceil_mode = 1, 1, False  # as many cells out as in
        elif behind:
            conv = cast(Fire, layer).expand3x3
            conv.padding, conv.dilation = (2, 2), (2, 2)
