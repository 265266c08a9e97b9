"""Rare classes count for more: loss weights by class."""

import torch
from torch import Tensor


def class_weights(counts: list[int], power: float) -> Tensor:
    """float32 (classes,): n ** -power for a class of n pictures, scaled so that pictures weigh 1 on average.

    power: 0 leaves every picture at 1, 1 lets every class weigh the same. Between them (0.5) a class
    of ten pictures is heard without a handful of odd ones steering the network.
    """
    pictures = torch.tensor(counts, dtype=torch.float32)
    weights = pictures**-power
    return weights * (pictures.sum() / (weights * pictures).sum())
