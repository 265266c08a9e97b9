"""SegNet (Badrinarayanan et al., arXiv:1511.00561) of Fire modules, without indices.

SegNet puts each value back where its maximum was. No interpreter of ours has that unpooling. A soft mask says the same
with a nearest resize, a difference and a product, and it learns no worse.
"""

from collections.abc import Sequence

import torch.nn.functional as F  # noqa: N812 - PyTorch's own name for it
from torch import Tensor, nn

from ressq_edge.choices import Bypass
from ressq_edge.network.heads.blocks import fire, scale_channels


def unpool(x: Tensor, before: Tensor) -> Tensor:
    """(N, C, h, w) -> (N, C, H, W): where `before`, (N, C, H, W), had its maxima, and less where it had less.

    The mask is 1 at a maximum and falls to 0 where a value is smaller by 1 or more.
    """
    pooled = F.max_pool2d(before, 3, stride=2, ceil_mode=True)  # (N, C, h, w), as the backbone's own
    larger = F.interpolate(pooled - 1, before.shape[2:], mode="nearest")
    return F.interpolate(x, before.shape[2:], mode="nearest") * (before - larger).relu()


class SegNet(nn.Module):
    """Stages -> (N, channels, h, w) at stride 2: Fire modules between unpoolings, two of them where cells are few."""

    output_stride = 16

    def __init__(self, stages: Sequence[int], bypass: Bypass, width: float) -> None:
        super().__init__()
        # An unpooling takes as many channels as the pooling that it undoes: the width factor is the squeezes'.
        self.channels = scale_channels(32, width)
        some = [scale_channels(squeeze, width) for squeeze in (32, 24, 16, 8)]
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
        for before, after in zip(reversed(stages[:3]), self.fires[1:], strict=True):
            x = after(unpool(x, before))  # at the stride of `before`
        return x
