"""The deployed form of whatever was trained."""

from collections.abc import Sequence

from torch import nn

from ressq_edge.network.segmentation import SegmentationNet
from ressq_edge.network.series import SeriesNet
from ressq_export.network.deployed import Deployed, deploy
from ressq_export.network.deployed_segmentation import deploy_segmentation
from ressq_export.network.deployed_series import deploy_series


def deploy_trained(model: nn.Module, mean: Sequence[float], std: Sequence[float], temperature: float = 1.0) -> Deployed:
    """The deployed form of a trained network, on a copy of its weights, in evaluation mode.

    Args:
        model: takes pictures, or windows, normalised by mean and std.
        mean: of R, G, B, where pixels are 0..1, or of each channel.
        std: likewise.
        temperature: divides the logits.

    Raises:
        FoldError: the network's first convolution, bypasses or head are not those of a network of `arch`.
    """
    if isinstance(model, SegmentationNet):
        return deploy_segmentation(model, mean, std, temperature)
    if isinstance(model, SeriesNet):
        return deploy_series(model, mean, std, temperature)
    return deploy(model, mean, std, temperature)
