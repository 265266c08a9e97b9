"""What is kept of a validation picture of masks: a row of sums, from which loss and mIoU of all follow.

The logits of a hundred pictures are 340 MB at 321 x 241 pixels of 11 classes; their rows are 130 kB.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F  # noqa: N812 - PyTorch's own name for it
from torch import Tensor

from ressq_edge.findings.iou import IGNORED, count_pixels


@dataclass(frozen=True)
class PixelRows:
    """The rows of some pictures: weighted cross entropy, its weights, overlap, answered pixels, confusion.

    rows: float64 (N, 2 + 2 classes + classes ** 2), as `reduce_pixels` makes them.
    """

    rows: Tensor
    classes: int

    @property
    def confusions(self) -> Tensor:
        """int64 (N, classes, classes): pixels of the row's class that were called the column's."""
        flat = self.rows[:, 2 + 2 * self.classes :]
        return flat.reshape(-1, self.classes, self.classes).long()

    def loss(self, dice: float) -> float:
        """`pixel_loss` as if all pictures were one batch."""
        sums = self.rows.sum(0)
        entropy, weight, soft = sums[0], sums[1], sums[2 : 2 + 2 * self.classes]
        overlap, called = soft.view(2, self.classes)
        pixels = self.confusions.sum((0, 2)).double()
        coefficients = 2 * overlap / (pixels + called).clamp_min(1)
        there = coefficients[pixels > 0]
        missed = 1 - there.mean() if len(there) else sums.new_zeros(())
        return float(entropy / weight.clamp_min(1e-12) + dice * missed)


def reduce_pixels(logits: Tensor, masks: Tensor, weights: Tensor) -> Tensor:
    """float64 (N, 2 + 2 classes + classes ** 2): the row of each picture.

    Args:
        logits: float32 (N, classes, h, w) at any stride; they are resized to the masks.
        masks: int64 (N, H, W).
        weights: float32 (classes,), of the loss.
    """
    classes = logits.shape[1]
    rows = []
    for cells, mask in zip(logits, masks, strict=True):
        large = F.interpolate(cells[None], mask.shape, mode="bilinear", align_corners=False)[0]
        known = mask != IGNORED
        truth, answers = mask.where(known, 0), large.softmax(0)
        of_truth = answers.gather(0, truth[None])[0]
        weight = weights[truth] * known
        # The logarithm of what softmax gave: 1e-12 is what it may be where it is 0 in float32.
        entropy = -(weight * of_truth.clamp_min(1e-12).log()).sum(dtype=torch.float64)
        sums = torch.stack([entropy, weight.sum(dtype=torch.float64)])
        overlap = torch.bincount(truth.flatten(), (of_truth * known).flatten().double(), classes)
        called = (answers * known).sum((1, 2), dtype=torch.float64)
        called_most = large.max(0).indices  # argmax takes seven times as long
        confusion = count_pixels(called_most, mask, classes).flatten()
        rows.append(torch.cat([sums, overlap, called, confusion.double()]))
    return torch.stack(rows)
