"""Atrous spatial pyramid pooling (Chen et al., arXiv:1706.05587, section 3.3) as a wide Fire module."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn


class AtrousPyramid(nn.Module):
    """Features with what lies around them, near and far: (N, inputs, h, w) -> (N, channels, h, w).

    One squeeze serves every branch, as in a Fire module; the expand convolutions see 1 and 3 x 3 cells, `rate` cells
    apart. The mean of the whole picture is added: for the 1x1 convolution that follows, what concatenating it does. No
    ReLU behind that sum, as behind our bypasses.
    """

    def __init__(self, inputs: int, squeeze: int, expand: int, rates: Sequence[int]) -> None:
        super().__init__()
        self.channels = (1 + len(rates)) * expand
        self.squeeze = nn.Conv2d(inputs, squeeze, 1)
        self.expand1x1 = nn.Conv2d(squeeze, expand, 1)
        self.expand3x3 = nn.ModuleList(nn.Conv2d(squeeze, expand, 3, padding=rate, dilation=rate) for rate in rates)
        self.whole = nn.Conv2d(inputs, self.channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(N, inputs, h, w) -> (N, channels, h, w)."""
        s = self.squeeze(x).relu()  # (N, squeeze, h, w)
        branches = [self.expand1x1(s).relu(), *(expand(s).relu() for expand in self.expand3x3)]
        whole: Tensor = self.whole(x.mean((2, 3), keepdim=True))  # (N, channels, 1, 1)
        return torch.cat(branches, 1) + whole
