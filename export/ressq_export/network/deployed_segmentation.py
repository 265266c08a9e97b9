"""A network that answers for each pixel, as it is deployed: uint8 pixels in, a class map and scores out.

Everything is folded as in `deployed`. What is left besides its layers: bilinear resizing, dilated convolutions, an arg
max, and what a head is made of.
"""

import copy
from collections.abc import Sequence
from typing import cast

import torch
import torch.nn.functional as F  # noqa: N812 - PyTorch's own name for it
from torch import Tensor, fx, nn

from ressq_edge.network.segmentation import SegmentationNet
from ressq_export.network.deployed import Deployed, FoldedFire, fold_layers, multiply
from ressq_export.network.fold import fold_gates, fold_normalisation, scale
from ressq_export.network.tensor_names import CLASSES, OUTPUT
from ressq_export.network.trace_segmentation import trace_segmentation


class DeployedSegmentation(Deployed):
    """uint8 (N, H, W, 3) RGB -> `classes` int32 (N, H, W), `scores` float32 (N, h, w, classes)."""

    outputs = (CLASSES, OUTPUT)  # in this order: MediaPipe's ImageSegmenter takes the last one

    def __init__(self, features: fx.GraphModule) -> None:
        super().__init__()
        self.features = features

    def logits(self, pixels: Tensor) -> Tensor:
        """The logits over the temperature, (N, classes, h, w)."""
        return cast(Tensor, self.features(pixels.permute(0, 3, 1, 2).float()))

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        """The class of each pixel, and the scores of each cell of the head."""
        return answer_pixels(self.logits(pixels), pixels.shape[1:3])


def answer_pixels(logits: Tensor, size: Sequence[int]) -> tuple[Tensor, Tensor]:
    """Logits (N, classes, h, w) to the class of each pixel, int32 (N, *size), and scores (N, h, w, classes).

    Logits are resized, not scores: what lies between two cells is then what the training loss saw.
    """
    large = F.interpolate(logits, size, mode="bilinear", align_corners=False)  # (N, classes, *size)
    # int32: MediaPipe reads four bytes an element of it, whatever it is (decision 37).
    return large.argmax(1).to(torch.int32), logits.permute(0, 2, 3, 1).softmax(3)


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
    layers = fold_layers(model.features, fold_gates(model.features, keep_stages=True))
    for layer in layers.values():
        if isinstance(layer, FoldedFire) and layer.sign == -1:
            # onnx2tf puts a TRANSPOSE between a difference and what a head makes of it, but for a convolution.
            layer.bypass = multiply(layer.squeeze.in_channels, -1)
    scale(model.classifier, 1 / temperature)
    return DeployedSegmentation(trace_segmentation(layers, model.head, model.classifier)).eval()
