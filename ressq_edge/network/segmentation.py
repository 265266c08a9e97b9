"""A network that answers for each pixel: the backbone of `model`, a head of `heads`, and one 1x1 convolution."""

from typing import cast

from torch import Tensor, nn

from ressq_edge.choices import HEADS, Bypass, Head, Version
from ressq_edge.errors import ModelError
from ressq_edge.network.dilate import dilate
from ressq_edge.network.heads.deeplab import DeepLabV3, DeepLabV3Plus
from ressq_edge.network.heads.pspnet import PSPNet
from ressq_edge.network.heads.segnet import SegNet
from ressq_edge.network.heads.unet import UNet
from ressq_edge.network.model import Backbone

_HEADS: dict[Head, type[DeepLabV3Plus | DeepLabV3 | UNet | SegNet | PSPNet]] = {
    "deeplabv3plus": DeepLabV3Plus,
    "deeplabv3": DeepLabV3,
    "unet": UNet,
    "segnet": SegNet,
    "pspnet": PSPNet,
}


class SegmentationNet(nn.Module):
    """Normalised pictures to logits of each cell: float (N, 3, H, W) -> (N, classes, h, w) at the head's own stride.

    The backbone's parameters are called `features.*`, as in `ResSqueezeNet`: weights of the one begin the other.

    Raises:
        ModelError: an unknown head, fewer than two classes, or a width that is not above 0.
    """

    def __init__(
        self, version: Version, bypass: Bypass, num_classes: int, head: Head = "deeplabv3plus", width: float = 1.0
    ) -> None:
        super().__init__()
        if head not in HEADS:
            raise ModelError(f"head: found {head!r}, wanted one of {', '.join(HEADS)}")
        if num_classes < 2:
            raise ModelError(
                f"num_classes: found {num_classes}, wanted at least 2; name what lies around the class, too"
            )
        if not width > 0:
            raise ModelError(f"width: found {width}, wanted a factor above 0")
        self.kind = head
        self.features = Backbone(version, bypass)
        self.head = _HEADS[head](self.features.stage_channels, bypass, width)
        self.classifier = nn.Conv2d(self.head.channels, num_classes, 1)
        if self.head.output_stride == 8:
            dilate(self.features)

    @property
    def backbone(self) -> Backbone:
        """The part that a classifier has as well."""
        return self.features

    def gates(self) -> dict[str, float]:
        """The learned scalar of each gated bypass of the backbone, by the name of its Fire module."""
        return self.features.gates()

    def forward(self, x: Tensor) -> Tensor:
        """Normalised float (N, 3, H, W) -> logits (N, classes, h, w)."""
        return cast(Tensor, self.classifier(self.head(self.features.stages(x))))
