"""A network that answers for each pixel, as it is deployed: uint8 pixels in, a class map and scores out.

Everything is folded as in `deployed`. What is left besides its layers: bilinear resizing, dilated convolutions, an arg
max, and what a head is made of.
"""

import copy
from collections.abc import Sequence
from typing import cast

import torch
import torch.nn.functional as F  # noqa: N812 - PyTorch's own name for it
from torch import Tensor, nn

from ressq_edge.network.fire import GatedBypassFire
from ressq_edge.network.model import Backbone
from ressq_edge.network.segmentation import SegmentationNet
from ressq_export.network.deployed import FoldedFire
from ressq_export.network.fold import fold_gates, fold_normalisation, scale

OUTPUTS = ("classes", "scores")  # in this order: MediaPipe's ImageSegmenter takes the last one


class DeployedSegmentation(nn.Module):
    """uint8 (N, H, W, 3) RGB -> `classes` uint8 (N, H, W), `scores` float32 (N, h, w, classes)."""

    def __init__(self, model: SegmentationNet) -> None:
        super().__init__()
        self.features, self.head, self.classifier = model.features, model.head, model.classifier

    def logits(self, pixels: Tensor) -> Tensor:
        """The logits over the temperature, (N, classes, h, w)."""
        x = pixels.permute(0, 3, 1, 2).float()
        return cast(Tensor, self.classifier(self.head(self.features.stages(x))))

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        """The class of each pixel, and the scores of each cell of the head.

        Logits are resized, not scores: what lies between two cells is then what the training loss saw.
        """
        logits = self.logits(pixels)
        # (N, classes, H, W)
        large = F.interpolate(logits, pixels.shape[1:3], mode="bilinear", align_corners=False)
        return large.argmax(1).to(torch.uint8), logits.permute(0, 2, 3, 1).softmax(3)


def deploy_segmentation(
    model: SegmentationNet, mean: Sequence[float], std: Sequence[float], temperature: float = 1.0
) -> DeployedSegmentation:
    """The deployed form of a trained network, on a copy of its weights, in evaluation mode.

    Args:
        model: takes pictures normalised by mean and std; without norms (`ressq_edge.network.norms.fold_norms`).
        mean: of R, G, B, where pixels are 0..1.
        std: of R, G, B.
        temperature: divides the logits.

    Raises:
        FoldError: the network's first convolution or bypasses are not those of a network of `arch`.
    """
    model = copy.deepcopy(model).cpu().float().eval()
    fold_normalisation(cast(nn.Conv2d, model.features[0]), mean, std)
    _fold_fires(model.features)
    scale(model.classifier, 1 / temperature)
    return DeployedSegmentation(model).eval()


def _fold_fires(backbone: Backbone) -> None:
    signs = fold_gates(backbone, keep_stages=True)
    numbers = {id(layer): number for number, layer in enumerate(backbone)}
    for name, fire in list(backbone.fires()):
        if name in signs or not isinstance(fire, GatedBypassFire):
            backbone[numbers[id(fire)]] = FoldedFire(name, fire, signs.get(name, 0))
