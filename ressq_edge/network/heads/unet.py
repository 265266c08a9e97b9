"""U-Net's expanding path (Ronneberger et al., arXiv:1505.04597) of Fire modules."""

from collections.abc import Sequence

from torch import Tensor, nn

from ressq_edge.choices import Bypass
from ressq_edge.network.heads.blocks import SkipFire, fire, scale_channels

_WIDTHS = (128, 64, 32)  # channels at strides 8, 4 and 2
_TWICE = 2  # strides, from the coarsest, with a second Fire module; at stride 2 it costs as much as at both others


class UNet(nn.Module):
    """Stages -> (N, channels, h, w) at stride 2: at each stride a Fire module of the skip, and a second one."""

    output_stride = 16

    def __init__(self, stages: Sequence[int], bypass: Bypass, width: float) -> None:
        super().__init__()
        self.merges, self.fires = nn.ModuleList(), nn.ModuleList()
        self.channels = stages[3]
        for skip, channels in zip(reversed(stages[:3]), _WIDTHS, strict=True):
            made, squeeze = scale_channels(channels, width), scale_channels(channels // 4, width)
            self.merges.append(SkipFire(bypass, self.channels, skip, made, squeeze))
            again = len(self.fires) < _TWICE
            self.fires.append(fire(bypass, made, made, squeeze) if again else nn.Identity())
            self.channels = made

    def forward(self, stages: Sequence[Tensor]) -> Tensor:
        """The backbone's stages -> features of each cell."""
        x = stages[3]
        for skip, merge, second in zip(reversed(stages[:3]), self.merges, self.fires, strict=True):
            x = second(merge(x, skip))  # (N, widths, H, W) of the skip
        return x
