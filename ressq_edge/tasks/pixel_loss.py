"""Losses of a network that answers for each pixel. Masks are int64 (N, H, W); 255 is ignored everywhere."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F  # noqa: N812 - PyTorch's own name for it
from torch import Tensor

from ressq_edge.findings.iou import IGNORED


def pixel_loss(logits: Tensor, masks: Tensor, weights: Tensor, dice: float) -> Tensor:
    """Cross entropy, weighted by class, plus `dice` times 1 minus the mean Dice coefficient.

    Cross entropy alone leaves a class of a thousandth of the pixels unlearned; the Dice coefficient of a class does not
    know how many pixels it has.

    Args:
        logits: float (N, classes, h, w) at any stride; they are resized to the masks, as the exported network does.
        masks: classes of the pixels.
        weights: float (classes,), as `pixel_weights` gives them.
        dice: what the second term counts; 0 leaves it out.
    """
    large = F.interpolate(logits.float(), masks.shape[1:], mode="bilinear", align_corners=False)
    known = masks != IGNORED
    if not known.any():
        return large.sum() * 0  # no pixel says anything; a mean over none would be NaN
    truth, logs = masks.where(known, 0), large.log_softmax(1)
    weight = weights.to(large.device)[truth] * known
    entropy = -(logs.gather(1, truth[:, None])[:, 0] * weight).sum() / weight.sum()
    return entropy + dice * dice_loss(logs.exp(), truth, known) if dice else entropy


def dice_loss(answers: Tensor, truth: Tensor, known: Tensor) -> Tensor:
    """1 - 2 |A B| / (|A| + |B|), the mean over the classes that the masks of the batch hold.

    Soft, as in V-Net (Milletari et al., arXiv:1606.04797), sums instead of sums of squares. A class that is absent has
    no overlap to gain, and counts for nothing.

    Args:
        answers: float (N, classes, H, W), probabilities.
        truth: int64 (N, H, W), classes.
        known: bool (N, H, W): which pixels count.
    """
    classes = answers.shape[1]
    right = answers.gather(1, truth[:, None])[:, 0] * known
    # Sums instead of a mask for each class: those took a third of a training step.
    overlap = answers.new_zeros(classes).scatter_add(0, truth.flatten(), right.flatten())
    pixels = torch.bincount(truth[known], minlength=classes)
    called = (answers * known[:, None]).sum((0, 2, 3))
    coefficients = 2 * overlap / (pixels + called).clamp_min(1)  # (classes,)
    return 1 - coefficients[pixels > 0].mean()


def pixel_weights(counts: Sequence[int], power: float) -> Tensor:
    """float32 (classes,): n ** -power for a class of n pixels, scaled so that pixels weigh 1 on average.

    power: 0 leaves every pixel at 1, 0.5 is the square root, 1 lets every class weigh the same. A class without pixels
        weighs 0: nothing is learned of it.
    """
    pixels = torch.tensor(counts, dtype=torch.float64)
    weights = torch.where(pixels > 0, pixels.clamp_min(1) ** -power, 0.0)
    return (weights * (pixels.sum() / (weights * pixels).sum())).float()
