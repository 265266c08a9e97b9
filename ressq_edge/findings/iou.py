"""Intersection over union: how well a class map covers the truth.

A class that neither the truth nor the answer holds has no IoU. It is left out of the mean, where 0 would punish an
answer that is right, and 1 would flatter.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

DRAWS = 1000  # of the bootstrap
IGNORED = 255  # in a mask: nobody knows


def count_pixels(answers: Tensor, masks: Tensor, classes: int) -> Tensor:
    """int64 (classes, classes): how many pixels of the row's class were called the column's; 255 is left out.

    The matrices of several pictures add up: mIoU is a figure of all pixels, not a mean of the pictures' figures.

    Args:
        answers: classes of any shape, integers.
        masks: the same shape.
        classes: how many there are.
    """
    known = masks != IGNORED
    pairs = masks[known].long() * classes + answers[known].long()
    return torch.bincount(pairs, minlength=classes**2).view(classes, classes)


def class_ious(confusion: Tensor) -> Tensor:
    """float64 (classes,): IoU of each class, NaN where neither truth nor answer holds it."""
    return _share(confusion.diag(), confusion.sum(0) + confusion.sum(1) - confusion.diag())


def class_f1s(confusion: Tensor) -> Tensor:
    """float64 (classes,): F1 of each class's pixels, NaN where neither truth nor answer holds it."""
    return _share(2 * confusion.diag(), confusion.sum(0) + confusion.sum(1))


def mean_iou(confusion: Tensor) -> float:
    """The mean IoU of the classes that truth or answer holds; NaN where every pixel is ignored."""
    return class_ious(confusion).nanmean().item()


def mean_iou_interval(confusions: Tensor, groups: Sequence[int] = ()) -> tuple[float, float]:
    """95 % interval of the mean IoU by the bootstrap (Efron 1979): percentiles over pictures, or groups, drawn anew.

    Args:
        confusions: int64 (N, classes, classes), of each picture.
        groups: the group of each; none: pictures are independent.
    """
    if groups:
        of_group = torch.tensor(groups)
        confusions = torch.stack([confusions[of_group == group].sum(0) for group in sorted(set(groups))])
    count, classes = confusions.shape[:2]
    draws = np.random.default_rng(0).multinomial(count, [1 / count] * count, DRAWS)
    sums = torch.from_numpy(draws).double() @ confusions.reshape(count, -1).double()
    means = [mean_iou(drawn) for drawn in sums.view(DRAWS, classes, classes)]
    low, high = np.nanquantile(means, [0.025, 0.975]).tolist() if any(m == m for m in means) else (0.0, 1.0)
    return low, high


def _share(part: Tensor, whole: Tensor) -> Tensor:
    return torch.where(whole > 0, part.double() / whole.double(), torch.nan)
