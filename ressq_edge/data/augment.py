"""Training pictures, each epoch another view: random crop, mirror, colour.

The rule: what a picture looks like is a function of (seed, epoch, picture) alone. So a resumed run needs
no state of a random generator and draws the very same views, whichever thread draws them, and when.

The distributions are those of torchvision's RandomResizedCrop (but for long pictures), RandomHorizontalFlip and
ColorJitter. Colour is moved in floats by one linear map a picture and clipped once, where ColorJitter rounds and
clips after each of its three steps; without the clipping the order of the three makes no difference.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 - PyTorch's own name for it
from numpy.typing import NDArray
from torch import Tensor

from ressq_edge.data.cache import SampleStore
from ressq_edge.data.seeds import draw_seed

SMALLEST_RATIO, LARGEST_RATIO = 3 / 4, 4 / 3  # of a crop's width to its height, as torchvision's
# Of the largest crop's area: a crack that is outside a crop leaves it with a wrong label; a part shows a thing larger.
WHOLE_CROP = 0.8
TRIES = 10  # to draw a crop that fits; then the largest one in the middle, as torchvision does
GREY = (0.299, 0.587, 0.114)  # luma of R, G, B (ITU-R BT.601)

Box = tuple[int, int, int, int]  # top, left, height, width


@dataclass(frozen=True)
class Geometry:
    """How a view was cut out of a picture: what a target with a place in the picture has to follow.

    box: the crop, pixels of the picture.
    size: height and width that it was resized to, pixels.
    mirrored: left and right were exchanged afterwards.
    """

    box: Box
    size: tuple[int, int]
    mirrored: bool


# A sample's target, as it is for the view of that geometry.
ViewTarget = Callable[[Any, Geometry], Any]


def same_target(target: Any, _: Geometry) -> Any:
    """The target of a whole picture: the same for every view."""
    return target


@dataclass(frozen=True)
class Views:
    """What a random view may be.

    size: height and width of a view, pixels.
    smallest_crop: area of the smallest crop as a share of the largest; see draw_box.
    jitter: how far brightness, contrast and saturation may be moved, as a share.
    whole_views: share of the views that are crops of WHOLE_CROP of the largest or more.
    mirror: every second view is mirrored.
    """

    size: tuple[int, int]
    smallest_crop: float
    jitter: float
    whole_views: float = 0.0
    mirror: bool = True


@dataclass(frozen=True)
class Batch:
    """Some views.

    pixels: uint8 (N, 3, H, W) RGB, channels last; of windows float32 (N, length, channels).
    targets: of the views.
    colours: float32 (N, 3), factors of brightness, contrast and saturation, not yet applied; of windows empty.
    weight: of its loss: 1, or what makes the mean over several processes that of the whole batch.
    """

    pixels: Tensor
    targets: tuple[Any, ...]
    colours: Tensor
    weight: float = 1.0

    def to(self, device: torch.device) -> "Batch":
        """The same views on a device."""
        return replace(self, **{name: getattr(self, name).to(device) for name in ("pixels", "colours")})


def epoch_order(count: int, seed: int, epoch: int) -> list[int]:
    """The sample numbers 0..count-1 in the order of this epoch."""
    generator = torch.Generator().manual_seed(draw_seed(seed, "order", epoch))
    return cast(list[int], torch.randperm(count, generator=generator).tolist())


def draw_batch(
    store: SampleStore,
    numbers: Sequence[int],
    views: Views,
    seed: int,
    epoch: int,
    view_target: ViewTarget = same_target,
) -> Batch:
    """This epoch's views of these samples: picture and target by one geometry."""
    pixels = torch.empty((len(numbers), *views.size, 3), dtype=torch.uint8)
    draw = draw_box if store.spec.resize else draw_stretched_box
    colours = torch.empty((len(numbers), 3))
    targets = []
    for index, number in enumerate(numbers):
        random = np.random.default_rng(draw_seed(seed, "view", epoch, number))
        picture = store[number]
        whole = views.whole_views > 0 and random.random() < views.whole_views
        smallest = WHOLE_CROP if whole else views.smallest_crop
        box = top, left, height, width = draw(random, picture.shape[0], picture.shape[1], smallest)
        # A copy: the cache is read-only.
        crop = torch.tensor(picture[top : top + height, left : left + width]).permute(2, 0, 1)[None]
        view = F.interpolate(crop, views.size, mode="bilinear", antialias=True)[0].permute(1, 2, 0)
        mirrored = (random.random() < 0.5) and views.mirror  # drawn in any case: the rest of the view stays the same
        pixels[index] = view.flip(1) if mirrored else view
        targets.append(view_target(store.targets[number], Geometry(box, views.size, mirrored)))
        colours[index] = torch.from_numpy(random.uniform(1 - views.jitter, 1 + views.jitter, 3))
    return Batch(pixels.permute(0, 3, 1, 2), tuple(targets), colours)


def draw_box(random: np.random.Generator, height: int, width: int, smallest: float) -> Box:
    """A random crop with `smallest` to all of the area that a crop can have, as RandomResizedCrop draws it.

    That is the whole picture's, or of a longer one (16:9) the largest 4:3 piece's: torchvision takes the whole
    picture's there, too, so that a crop of most of it is always the one in the middle.
    """
    tallest, widest = min(height, round(width / SMALLEST_RATIO)), min(width, round(height * LARGEST_RATIO))
    for _ in range(TRIES):
        area = tallest * widest * random.uniform(smallest, 1.0)
        ratio = math.exp(random.uniform(math.log(SMALLEST_RATIO), math.log(LARGEST_RATIO)))
        h, w = round(math.sqrt(area / ratio)), round(math.sqrt(area * ratio))
        if 0 < h <= height and 0 < w <= width:
            return int(random.integers(height - h + 1)), int(random.integers(width - w + 1)), h, w
    return (height - tallest) // 2, (width - widest) // 2, tallest, widest


def draw_stretched_box(random: np.random.Generator, height: int, width: int, smallest: float) -> Box:
    """The same of a picture that is stretched as a whole: shares of both its sides, the crop's shape about its own."""
    for _ in range(TRIES):
        area = random.uniform(smallest, 1.0)
        ratio = math.exp(random.uniform(math.log(SMALLEST_RATIO), math.log(LARGEST_RATIO)))
        h, w = round(height * math.sqrt(area / ratio)), round(width * math.sqrt(area * ratio))
        if 0 < h <= height and 0 < w <= width:
            return int(random.integers(height - h + 1)), int(random.integers(width - w + 1)), h, w
    return 0, 0, height, width


def cut_mask(mask: NDArray[np.uint8], geometry: Geometry) -> NDArray[np.uint8]:
    """uint8 (H, W): the view of a mask by the geometry of its picture's, by nearest neighbour."""
    top, left, height, width = geometry.box
    # The middle of each pixel of the view, as Pillow's NEAREST takes it.
    rows, columns = (
        first + (2 * np.arange(size) + 1) * length // (2 * size)
        for first, length, size in ((top, height, geometry.size[0]), (left, width, geometry.size[1]))
    )
    # Rows, then columns: twenty times as fast as both at once.
    return np.take(mask[rows], columns[::-1] if geometry.mirrored else columns, axis=1)


def recolour(pixels: Tensor, colours: Tensor) -> Tensor:
    """uint8 (N, 3, H, W) RGB -> float32 0..255, channels last, by Batch's factors of brightness, contrast, saturation.

    saturation s: s x + (1 - s) grey(x); contrast c: c x + (1 - c) mean(grey); brightness b: b x.
    """
    n, _, height, width = pixels.shape
    flat = pixels.permute(0, 2, 3, 1).reshape(n, height * width, 3).to(torch.float32)
    brightness, contrast, saturation = (factor.view(n, 1, 1) for factor in colours.unbind(1))
    grey = torch.tensor(GREY, device=pixels.device).view(3, 1)
    mix = saturation * torch.eye(3, device=pixels.device) + (1 - saturation) * grey
    shift = brightness * (1 - contrast) * (flat.mean(1, keepdim=True) @ grey)
    moved = torch.baddbmm(shift, flat, brightness * contrast * mix).clamp_(0, 255)
    return moved.view(n, height, width, 3).permute(0, 3, 1, 2)


def load_pixels(store: SampleStore, numbers: Sequence[int]) -> Tensor:
    """uint8 (N, 3, H, W) RGB as the device sees it."""
    pixels = torch.stack([torch.tensor(store[number]) for number in numbers])
    return pixels.permute(0, 3, 1, 2)


def normalise(pixels: Tensor, mean: tuple[float, ...], std: tuple[float, ...]) -> Tensor:
    """uint8 or float32 (N, 3, H, W), 0..255 -> float32 (pixels / 255 - mean) / std, channels last.

    The exporter folds this into the first convolution; it must stay exactly this.
    """
    shift = torch.tensor(mean, device=pixels.device).mul(255).view(3, 1, 1)
    scale = torch.tensor(std, device=pixels.device).mul(255).view(3, 1, 1)
    floats = pixels.to(torch.float32, memory_format=torch.channels_last)
    return floats.sub(shift).div_(scale)
