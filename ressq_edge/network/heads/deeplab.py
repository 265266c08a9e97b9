"""DeepLabV3 (Chen et al., arXiv:1706.05587) and DeepLabV3+ (arXiv:1802.02611) of Fire modules."""

from collections.abc import Sequence

from torch import Tensor, nn

from ressq_edge.choices import Bypass
from ressq_edge.network.heads.aspp import AtrousPyramid
from ressq_edge.network.heads.blocks import SkipFire, fire, scale_channels

# The papers' 6, 12, 18 are for pictures of 513 pixels. In half as many the same things lie half as far apart.
_RATES = (3, 6, 9)


class DeepLabV3(nn.Module):
    """Stages -> (N, channels, h, w) at stride 8, without a decoder; the backbone is dilated."""

    output_stride = 8

    def __init__(self, stages: Sequence[int], bypass: Bypass, width: float) -> None:
        super().__init__()
        some = scale_channels(32, width)
        self.pyramid = AtrousPyramid(stages[3], some, some, [2 * rate for rate in _RATES])
        self.channels = self.pyramid.channels
        self.fire = fire(bypass, self.channels, self.channels, some)  # the projection

    def forward(self, stages: Sequence[Tensor]) -> Tensor:
        """The backbone's stages, the last one at stride 8 -> features of each cell."""
        found: Tensor = self.fire(self.pyramid(stages[3]))
        return found


class DeepLabV3Plus(nn.Module):
    """Stages -> (N, channels, h, w) at stride 4: the pyramid at stride 16, then the edges of stride 4.

    At stride 4 one Fire module is all: a cell more of width costs sixteen times what it costs at stride 16.
    """

    output_stride = 16

    def __init__(self, stages: Sequence[int], bypass: Bypass, width: float) -> None:
        super().__init__()
        some, self.channels, few = (scale_channels(channels, width) for channels in (32, 64, 16))
        self.pyramid = AtrousPyramid(stages[3], some, some, _RATES)
        many = self.pyramid.channels
        self.fire = fire(bypass, many, many, some)  # the projection
        self.merge = SkipFire(bypass, many, stages[1], self.channels, few)

    def forward(self, stages: Sequence[Tensor]) -> Tensor:
        """The backbone's stages -> features of each cell."""
        found: Tensor = self.merge(self.fire(self.pyramid(stages[3])), stages[1])
        return found
