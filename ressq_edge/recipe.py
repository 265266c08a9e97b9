"""The settings that nothing was asked about, found by experiments: docs/experiments.md and docs/segmentation.md."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import median

from ressq_edge.choices import BASELINES, Task
from ressq_edge.network.init import InitWeights

MASK_SIDES = 241, 321  # of an input for pictures of 4:3
MASK_PIXELS = MASK_SIDES[0] * MASK_SIDES[1]
SMALLEST_SIDE = 33


@dataclass(frozen=True)
class Recipe:
    """Defaults: what differs between tasks, and between going on from trained weights and starting from random ones.

    size: of the input; of masks the pictures decide.
    batch_size: None: by the number of pictures.
    train_share: train_size as a share of size.
    fewest_views: what few pictures are seen more often for, up to twice `epochs`. The other fields are Config's.
    """

    epochs: int
    learning_rate: float
    label_smoothing: float
    smallest_crop: float
    jitter: float
    clip_norm: float
    train_share: float
    norms: bool
    size: int = 224
    warmup_share: float = 0.15
    schedule_share: float = 1.0
    weight_decay: float = 0.05
    balance: float = 0.5
    average: float = 0.99
    fewest_views: int = 0
    whole_views: float = 0.0
    batch_size: int | None = None
    backbone_rate: float = 1.0
    dice: float = 0.0


FINE_TUNE = Recipe(
    26, 5e-4, 0.1, 0.35, jitter=0.3, clip_norm=0.0, train_share=204 / 224, norms=False, schedule_share=26 / 48,
    fewest_views=26 * 3000, whole_views=0.5,
)  # fmt: skip
FROM_SCRATCH = Recipe(
    40, 3e-3, 0.05, 0.35, jitter=0.3, clip_norm=1.0, train_share=1.0, norms=True, whole_views=0.5
)  # fmt: skip
# torchvision's networks have norms of their own; by the SqueezeNets' rate MobileNetV2 loses eight points.
BASELINE_FROM_SCRATCH = replace(FROM_SCRATCH, learning_rate=1e-3, norms=False)
SEGMENT = Recipe(
    40, 2e-3, 0.0, 0.25, jitter=0.3, clip_norm=0.0, train_share=1.0, norms=False, warmup_share=0.1, weight_decay=1e-4,
    fewest_views=30_000, whole_views=0.3, batch_size=8, backbone_rate=0.25, dice=0.5,
)  # fmt: skip
SEGMENT_FROM_SCRATCH = replace(SEGMENT, norms=True, backbone_rate=1.0, clip_norm=1.0)
RECIPES = {"classify": (FINE_TUNE, FROM_SCRATCH), "segment": (SEGMENT, SEGMENT_FROM_SCRATCH)}


def pick_recipe(arch: str, init: InitWeights, task: Task = "classify") -> Recipe:
    """The defaults of a task for an arch that begins so."""
    trained, random = RECIPES[task]
    if init.kind != "none":
        return trained
    return BASELINE_FROM_SCRATCH if arch in BASELINES else random


def default_epochs(recipe: Recipe, pictures: int) -> int:
    """The recipe's, or more for few pictures, up to twice as many."""
    return min(2 * recipe.epochs, max(recipe.epochs, math.ceil(recipe.fewest_views / pictures)))


def default_batch(pictures: int) -> int:
    """32, or less for few pictures: an epoch should have some 32 steps; a power of two, 8 or more."""
    return min(32, max(8, 1 << (max(1, pictures // 32).bit_length() - 1)))


def default_mask_size(sizes: Sequence[tuple[int, int]]) -> tuple[int, int]:
    """Height and width of the input for pictures of these heights and widths: their usual form, MASK_PIXELS at most.

    Sides of 16 k + 1 make the stages exactly 8 k, 4 k, 2 k and k cells: none covers less than the others.
    """
    if not sizes:  # no picture can be read, which decoding tells
        return MASK_SIDES
    height, width = (float(median(sides)) for sides in zip(*sizes, strict=True))
    factor = min(1.0, math.sqrt(MASK_PIXELS / (height * width)))
    return _fit_side(height * factor), _fit_side(width * factor)


def _fit_side(pixels: float) -> int:
    return max(SMALLEST_SIDE, 16 * round((pixels - 1) / 16) + 1)
