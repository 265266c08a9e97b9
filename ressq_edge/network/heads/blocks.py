"""What the heads are made of: Fire modules, resizing to a size, and the merging of two strides.

A convolution of a head has batch normalisation while training, as the backbone's; see `network/norms.py`.
"""

from typing import cast

import torch
import torch.nn.functional as F  # noqa: N812 - PyTorch's own name for it
from torch import Tensor, nn

from ressq_edge.choices import Bypass
from ressq_edge.network.fire import Fire, make_fire

MULTIPLE = 8  # of channels: what int8 kernels take at once


def scale_channels(channels: int, width: float) -> int:
    """That many channels times a width factor, rounded to a multiple of 8, at least 8."""
    return max(MULTIPLE, round(channels * width / MULTIPLE) * MULTIPLE)


def resize_to(x: Tensor, like: Tensor) -> Tensor:
    """(N, C, h, w) -> (N, C, H, W) of `like`, bilinearly, pixels as areas.

    To a size, never by a factor: a pooling that rounds up makes 13 of 27, and twice 13 is not 27.
    """
    return F.interpolate(x, like.shape[2:], mode="bilinear", align_corners=False)


def fire(bypass: Bypass, inputs: int, outputs: int, squeeze: int) -> Fire:
    """A Fire module of as many channels, (N, inputs, H, W) -> (N, outputs, H, W).

    A gate lets published weights start as they are. A head has none, so its bypass is a plain sum from the start.
    """
    return make_fire("simple" if bypass == "gated" else bypass, inputs, squeeze, outputs // 2)


class SkipFire(nn.Module):
    """A Fire module of coarse features and a skip: (N, coarse, h, w), (N, skip, H, W) -> (N, outputs, H, W).

    What U-Net does (arXiv:1505.04597): resize, concatenate, convolve. A 1x1 convolution of a concatenation is a sum of
    two, and it gives the same before a bilinear resize as behind it. So the coarse features are squeezed where they are
    few, and the skip is never copied.
    """

    def __init__(self, bypass: Bypass, coarse: int, skip: int, outputs: int, squeeze: int) -> None:
        super().__init__()
        self.squeeze = nn.Conv2d(coarse, squeeze, 1)
        self.squeeze_skip = nn.Conv2d(skip, squeeze, 1)
        self.expand1x1 = nn.Conv2d(squeeze, outputs // 2, 1)
        self.expand3x3 = nn.Conv2d(squeeze, outputs // 2, 3, padding=1)
        # An identity fits nowhere here: of our bypasses only the complex one goes round a change of channels.
        complex_ = bypass == "complex"
        self.bypass = nn.Conv2d(coarse, outputs, 1) if complex_ else None
        self.bypass_skip = nn.Conv2d(skip, outputs, 1) if complex_ else None

    def forward(self, x: Tensor, skip: Tensor) -> Tensor:
        """(N, coarse, h, w) and (N, skip, H, W) -> (N, outputs, H, W)."""
        s = (resize_to(self.squeeze(x), skip) + self.squeeze_skip(skip)).relu()  # (N, squeeze, H, W)
        y = torch.cat([self.expand1x1(s).relu(), self.expand3x3(s).relu()], 1)
        if self.bypass is None or self.bypass_skip is None:
            return y
        return y + (resize_to(self.bypass(x), skip) + cast(Tensor, self.bypass_skip(skip)))
