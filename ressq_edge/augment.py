"""Training pictures, each epoch another view: random crop, mirror, colour, by torchvision's transforms.

The rule: what a picture looks like is a function of (seed, epoch, picture) alone. So a resumed run needs
no state of a random generator, and draws the very same views.
"""

import hashlib
from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor
from torchvision.transforms import v2

from ressq_edge.cache import PictureStore


def draw_seed(*parts: int | str) -> int:
    """A seed of 56 bits from anything that names a draw; equal parts give equal seeds everywhere."""
    return int.from_bytes(hashlib.blake2b(repr(parts).encode(), digest_size=7).digest())


def training_views(size: int, smallest_crop: float, jitter: float) -> v2.Transform:
    """uint8 (3, H, W) -> uint8 (3, size, size): a random view of a picture.

    smallest_crop: area of the smallest crop as a share of the picture.
    jitter: how far brightness, contrast and saturation may be moved, as a share.
    """
    return v2.Compose(
        [
            v2.RandomResizedCrop(size, scale=(smallest_crop, 1.0), antialias=True),
            v2.RandomHorizontalFlip(),
            v2.ColorJitter(jitter, jitter, jitter),
        ]
    )


def epoch_order(count: int, seed: int, epoch: int) -> list[int]:
    """The picture numbers 0..count-1 in the order of this epoch."""
    generator = torch.Generator().manual_seed(draw_seed(seed, "order", epoch))
    return cast(list[int], torch.randperm(count, generator=generator).tolist())


def draw_batch(
    store: PictureStore, numbers: Sequence[int], views: v2.Transform, seed: int, epoch: int
) -> tuple[Tensor, Tensor]:
    """uint8 (N, 3, size, size) RGB and the int64 (N,) labels of these pictures."""
    pictures = []
    for number in numbers:
        torch.manual_seed(draw_seed(seed, "view", epoch, number))
        pixels = torch.tensor(store[number]).permute(2, 0, 1)  # a copy: the cache is read-only
        pictures.append(views(pixels))
    labels = torch.tensor([store.labels[number] for number in numbers])
    return torch.stack(pictures), labels


def load_batch(store: PictureStore, numbers: Sequence[int]) -> tuple[Tensor, Tensor]:
    """uint8 (N, 3, size, size) RGB as the device sees it, and the int64 (N,) labels."""
    pixels = torch.stack([torch.tensor(store[number]) for number in numbers])
    return pixels.permute(0, 3, 1, 2), torch.tensor([store.labels[number] for number in numbers])


def normalise(pixels: Tensor, mean: tuple[float, ...], std: tuple[float, ...]) -> Tensor:
    """uint8 (N, 3, H, W), 0..255 -> float32 (pixels / 255 - mean) / std, channels last.

    The exporter folds this into the first convolution; it must stay exactly this.
    """
    shift = torch.tensor(mean).mul(255).view(3, 1, 1)
    scale = torch.tensor(std).mul(255).view(3, 1, 1)
    floats = pixels.to(torch.float32, memory_format=torch.channels_last)
    return floats.sub_(shift).div_(scale)
