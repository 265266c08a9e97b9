"""SegNet (Badrinarayanan et al., arXiv:1511.00561) of Fire modules, without indices.

SegNet puts each value back where its maximum was. No interpreter of ours has that unpooling. A soft mask says the same
with a nearest resize, a difference and a product, and it learns no worse.
"""

from collections.abc import Sequence
from typing import cast

import torch
import torch.nn.functional as F  # noqa: N812 - PyTorch's own name for it
from torch import Tensor, nn

from ressq_edge.choices import Bypass
from ressq_edge.network.heads.blocks import fire, scale_channels


class Unpool(nn.Module):
    """(N, C, h, w) -> (N, C, H, W): where `before`, (N, C, H, W), had its maxima, and less where it had less.

    The mask is `tolerance` at a maximum and 0 where a value is smaller by that. The convolution behind learns its size.
    """

    tolerance: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("tolerance", torch.ones(()))

    def forward(self, x: Tensor, before: Tensor) -> Tensor:
        """(N, C, h, w) and (N, C, H, W) -> (N, C, H, W)."""
        pooled = F.max_pool2d(before, 3, stride=2, ceil_mode=True)  # (N, C, h, w), as the backbone's own
        # A sum, for the same numbers: onnx2tf puts a TRANSPOSE between two differences.
        less = F.interpolate(self.tolerance - pooled, before.shape[2:], mode="nearest")
        return F.interpolate(x, before.shape[2:], mode="nearest") * (before + less).relu()


class SegNet(nn.Module):
    """Stages -> (N, channels, h, w) at stride 2: a Fire module before each unpooling, at stride 16 two, and a last one.

    At a stride of 2 the sums of few channels cost int8 as much as fp32; a Fire module of stride 16 costs it a third.
    """

    output_stride = 16

    def __init__(self, stages: Sequence[int], bypass: Bypass, width: float) -> None:
        super().__init__()
        # An unpooling takes as many channels as the pooling that it undoes: the width factor is the squeezes'.
        self.channels = scale_channels(32, width)
        self.unpools = nn.ModuleList(Unpool() for _ in range(3))
        some = [scale_channels(squeeze, width) for squeeze in (64, 24, 16, 16)]
        deepest = fire(bypass, stages[3], stages[2], some[0]), fire(bypass, stages[2], stages[2], some[0])
        self.fires = nn.ModuleList(
            [
                nn.Sequential(*deepest),
                fire(bypass, stages[2], stages[1], some[1]),
                fire(bypass, stages[1], stages[0], some[2]),
                fire(bypass, stages[0], self.channels, some[3]),
            ]
        )

    def forward(self, stages: Sequence[Tensor]) -> Tensor:
        """The backbone's stages -> features of each cell."""
        x: Tensor = self.fires[0](stages[3])
        for before, unpool, after in zip(reversed(stages[:3]), self.unpools, self.fires[1:], strict=True):
            x = after(unpool(x, before))  # at the stride of `before`
        return x

    @torch.no_grad()
    def fit(self, stages: Sequence[Tensor]) -> None:
        """Set each tolerance to the standard deviation of what these stages hold, in place, before the first step.

        ImageNet's weights give 0.5, 2.7 and 12.6 at strides 2, 4 and 8. A mask that is steep beside its features turns
        the rounding of an interpreter, and the steps of int8, into another answer.
        """
        for unpool, before in zip(self.unpools, reversed(stages[:3]), strict=True):
            cast(Unpool, unpool).tolerance.copy_(before.std())
