"""Segment: a sample's target is a mask, the class of each pixel; 255 where nobody knows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 - PyTorch's own name for it
from numpy.typing import NDArray
from rich.table import Table
from torch import Tensor

from ressq_edge.data.augment import cut_mask
from ressq_edge.data.masks.telling import tabulate_classes
from ressq_edge.findings.iou import count_pixels, mean_iou
from ressq_edge.findings.metric import Metric
from ressq_edge.tasks.pixel_loss import pixel_loss, pixel_weights
from ressq_edge.tasks.segment_findings import find_masks
from ressq_edge.tasks.segment_rows import PixelRows, reduce_pixels
from ressq_edge.tasks.task import Asked, Findings

if TYPE_CHECKING:
    from ressq_edge.config import Config
    from ressq_edge.data.augment import Geometry
    from ressq_edge.data.split import Split


class Segment:
    """A class for each pixel, by the largest of its logits; rare classes weigh more in the loss.

    Fields: class_weights, float32 (classes,); see also `tasks.Task`.
    """

    # It counts millions of pixels; the loss of a network that grows surer rises before its mIoU falls.
    metric = Metric("miou", "mIoU", decides=True)
    asked_at_once = 8
    checks_labels = False

    def __init__(self, split: Split, config: Config) -> None:
        self._split, self._config = split, config

    @cached_property
    def class_weights(self) -> Tensor:
        """float32 (classes,): the loss weight of a pixel of each class."""
        return pixel_weights(self._split.pixel_counts("train")[:-1], self._config.balance)

    def view_target(self, target: NDArray[np.uint8], geometry: Geometry) -> NDArray[np.uint8]:
        """uint8 (H, W): the part of the mask that the view shows."""
        return cut_mask(target, geometry)

    def to_tensor(self, targets: Sequence[Any]) -> Tensor:
        """int64 (N, H, W)."""
        return torch.from_numpy(np.stack(targets)).long()  # a copy: the cache is read-only

    def weigh(self, targets: Sequence[Any]) -> float:
        """How many they are: views are drawn later, and with them the pixels of each class."""
        return len(targets)

    def train_loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Cross entropy weighted by class, and the Dice coefficient, of float32 (N, classes, h, w) logits."""
        return pixel_loss(outputs, targets, self.class_weights, self._config.dice)

    def credit(self, outputs: Tensor, targets: Tensor) -> float:
        """N times the mIoU of this batch, by the cells of the head's own stride."""
        size = outputs.shape[2:]
        masks = F.interpolate(targets[:, None].to(torch.uint8), size, mode="nearest-exact")[:, 0]
        found = mean_iou(count_pixels(outputs.argmax(1), masks, outputs.shape[1]))
        return len(targets) * (found if found == found else 0.0)  # NaN where all is ignored

    def keep(self, outputs: Tensor, targets: Sequence[Any]) -> Tensor:
        """float64 (N, ...): what `PixelRows` reads."""
        return reduce_pixels(outputs, self.to_tensor(targets), self.class_weights)

    def val_loss(self, kept: Tensor) -> float:
        """The training loss over all pixels of all samples at once."""
        return self._read(kept).loss(self._config.dice)

    def measure(self, kept: Tensor) -> float:
        """mIoU, of the pixels of all samples."""
        return mean_iou(self._read(kept).confusions.sum(0))

    def introduce(self) -> Table:
        """Pixels of each class in each part, and the loss weight that balances them."""
        return tabulate_classes(self._split, self.class_weights.tolist())

    def find(self, kept: Tensor, folder: Path, ask: Callable[[int], Asked] | None) -> Findings:
        """mIoU with its interval, IoU and F1 of each class, the confusion matrix, and some masks."""
        confusions = self._read(kept).confusions
        return find_masks(confusions, self._split, self.class_weights.tolist(), folder, ask)

    def _read(self, kept: Tensor) -> PixelRows:
        return PixelRows(kept, len(self._split.labels))
