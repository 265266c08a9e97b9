"""PSPNet's pyramid of means (Zhao et al., arXiv:1612.01105) before Fire modules."""

from collections.abc import Sequence
from typing import cast

import torch
import torch.nn.functional as F  # noqa: N812 - PyTorch's own name for it
from torch import Tensor, nn

from ressq_edge.choices import Bypass
from ressq_edge.errors import ModelError
from ressq_edge.network.heads.blocks import resize_to, scale_channels

_BINS = (1, 2, 3, 6)


def pool_to(x: Tensor, bins: int) -> Tensor:
    """Means of bins x bins windows that cover the features: (N, C, h, w) -> (N, C, bins, bins).

    `adaptive_avg_pool2d` with windows of one size, which converters know: it becomes a hundred gathers.

    Raises:
        ModelError: h or w is below the number of bins.
    """
    if bins == 1:
        return x.mean((2, 3), keepdim=True)
    sides = [int(side) for side in x.shape[2:]]
    if min(sides) < bins:
        raise ModelError(f"pspnet: found {sides[0]}x{sides[1]} cells, wanted {bins} or more; take larger pictures")
    strides = [side // bins for side in sides]
    kernels = [side - (bins - 1) * stride for side, stride in zip(sides, strides, strict=True)]
    return F.avg_pool2d(x, kernels, strides)


class PSPNet(nn.Module):
    """Stages -> (N, channels, h, w) at stride 8: cells with the means of 1, 4, 9 and 36 parts of the picture.

    One Fire module, with the pyramid between squeeze and expand, where the channels are few. The means are projected,
    resized and added; no ReLU behind the sums, as behind our bypasses.
    """

    output_stride = 8

    def __init__(self, stages: Sequence[int], bypass: Bypass, width: float) -> None:
        super().__init__()
        some, self.channels = scale_channels(32, width), scale_channels(96, width)
        self.squeeze = nn.Conv2d(stages[3], some, 1)
        self.projects = nn.ModuleList(nn.Conv2d(some, some, 1) for _ in _BINS)
        self.expand1x1 = nn.Conv2d(some, self.channels // 2, 1)
        self.expand3x3 = nn.Conv2d(some, self.channels // 2, 3, padding=1)
        self.bypass = nn.Conv2d(stages[3], self.channels, 1) if bypass == "complex" else None

    def forward(self, stages: Sequence[Tensor]) -> Tensor:
        """The backbone's stages, the last one at stride 8 -> features of each cell."""
        x = stages[3]
        s = cast(Tensor, self.squeeze(x)).relu()  # (N, some, h, w)
        y = s
        for bins, project in zip(_BINS, self.projects, strict=True):
            mean = project(pool_to(s, bins))  # (N, some, bins, bins)
            y = y + (mean if bins == 1 else resize_to(mean, s))
        y = torch.cat([self.expand1x1(y).relu(), self.expand3x3(y).relu()], 1)
        return y if self.bypass is None else y + cast(Tensor, self.bypass(x))
