"""The Fire module (Iandola et al., arXiv:1602.07360, section 3.1), and the ways round it: none, simple, complex, gated.

A bypass adds parameter names (`features.4.gate`, `features.3.bypass.weight`) and never changes one.
"""

from typing import cast

import torch
from torch import Tensor, nn

from ressq_edge.choices import Bypass

Kernel = tuple[int, int]  # height and width, odd


class Fire(nn.Module):
    """Squeeze to few channels, expand to many: (N, inputs, H, W) -> (N, 2 * expand, H, W).

    kernel: of the wide half, called expand3x3 whatever its size; a series has (1, 5).
    """

    def __init__(self, inputs: int, squeeze: int, expand: int, kernel: Kernel = (3, 3)) -> None:
        super().__init__()
        self.squeeze = nn.Conv2d(inputs, squeeze, 1)
        self.expand1x1 = nn.Conv2d(squeeze, expand, 1)
        self.expand3x3 = nn.Conv2d(squeeze, expand, kernel, padding=(kernel[0] // 2, kernel[1] // 2))

    def forward(self, x: Tensor) -> Tensor:
        """(N, inputs, H, W) -> (N, 2 * expand, H, W)."""
        x = self.squeeze(x).relu()
        return torch.cat([self.expand1x1(x).relu(), self.expand3x3(x).relu()], 1)


class SimpleBypassFire(Fire):
    """y = F(x) + x, no ReLU after the sum (arXiv:1602.07360, section 6)."""

    def forward(self, x: Tensor) -> Tensor:
        """The Fire module plus its input."""
        return super().forward(x) + x


class GatedBypassFire(Fire):
    """y = F(x) + a x with a learned scalar a.

    It is 0 at first, so that SqueezeNet's weights start as SqueezeNet; with random ones all but the first Fire
    module's start at 1. Training leaves that one at 0; see training/state.py.
    """

    def __init__(self, inputs: int, squeeze: int, expand: int, kernel: Kernel = (3, 3)) -> None:
        super().__init__(inputs, squeeze, expand, kernel)
        self.gate = nn.Parameter(torch.zeros(()))

    def forward(self, x: Tensor) -> Tensor:
        """The Fire module plus `gate` times its input."""
        return super().forward(x) + self.gate * x


class ComplexBypassFire(Fire):
    """y = F(x) + W x with a 1x1 convolution W, where the channels in and out differ."""

    def __init__(self, inputs: int, squeeze: int, expand: int, kernel: Kernel = (3, 3)) -> None:
        super().__init__(inputs, squeeze, expand, kernel)
        self.bypass = nn.Conv2d(inputs, 2 * expand, 1)

    def forward(self, x: Tensor) -> Tensor:
        """The Fire module plus its input through a 1x1 convolution."""
        return super().forward(x) + cast(Tensor, self.bypass(x))


def make_fire(bypass: Bypass, inputs: int, squeeze: int, expand: int, kernel: Kernel = (3, 3)) -> Fire:
    """A Fire module with this bypass, where one fits: only a 1x1 convolution does where the channels differ."""
    if inputs == 2 * expand:  # an identity fits
        kinds = {"simple": SimpleBypassFire, "complex": SimpleBypassFire, "gated": GatedBypassFire}
    else:
        kinds = {"complex": ComplexBypassFire}
    return kinds.get(bypass, Fire)(inputs, squeeze, expand, kernel)
