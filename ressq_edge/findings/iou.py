"""Intersection over union: how well a class map covers the truth.

A class that neither the truth nor the answer holds has no IoU. It is left out of the mean, where 0 would punish an
answer that is right, and 1 would flatter.
"""

from __future__ import annotations

import torch
from torch import Tensor

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


def _share(part: Tensor, whole: Tensor) -> Tensor:
    return torch.where(whole > 0, part.double() / whole.double(), torch.nan)
