"""What the trained network makes of pictures, in float: logits, what the last layer takes, textures and colours."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import conv2d

from ressq_edge.network.checkpoint import Checkpoint
from ressq_export.network.deployed import SCORED_TENSORS, deploy
from ressq_export.out_of_distribution.training_statistics import STRIDE, make_filters
from ressq_runtime.inputs.picture import to_pixels
from ressq_runtime.inputs.picture_spec import PixelSpec

Floats = NDArray[np.float64]
BATCH = 32


@dataclass(frozen=True)
class Seen:
    """Of some pictures, in their order.

    logits    (pictures, classes), temperature 1
    pooled    (pictures, channels): what the last layer takes
    look      (pictures, features): mean squares of the filters and of the channels in the middle
    """

    logits: Floats
    pooled: Floats
    look: Floats


def look_at(checkpoint: Checkpoint, pictures: Sequence[Path]) -> Seen:
    """What the network makes of them.

    Raises:
        PictureError: one can't be read.
    """
    network = deploy(checkpoint.build(), checkpoint.normalise.mean, checkpoint.normalise.std)
    kept: dict[str, torch.Tensor] = {}
    (middle,) = SCORED_TENSORS[checkpoint.model.arch]
    for name, module in (("middle", network.get_submodule(middle)), ("pooled", network.head.at["mean"])):
        module.register_forward_hook(lambda _m, _i, output, name=name: kept.update({name: output}))
    weights, offsets = (torch.from_numpy(array) for array in make_filters())
    rows: list[tuple[Floats, ...]] = []
    with torch.inference_mode():
        for batch in _batches(pictures, checkpoint.pixels):
            logits = network.logits(batch)
            filtered = conv2d(batch.permute(0, 3, 1, 2).float(), weights.permute(0, 3, 1, 2), offsets, stride=STRIDE)
            look = torch.cat([(filtered**2).mean((2, 3)), (kept["middle"] ** 2).mean((2, 3))], 1)
            rows.append(tuple(found.double().numpy() for found in (logits, kept["pooled"], look)))
    return Seen(*map(np.concatenate, zip(*rows, strict=True)))


def _batches(pictures: Sequence[Path], spec: PixelSpec) -> Iterator[torch.Tensor]:
    for first in range(0, len(pictures), BATCH):
        pixels = [np.frombuffer(to_pixels(path, spec), np.uint8) for path in pictures[first : first + BATCH]]
        yield torch.from_numpy(np.stack(pixels).reshape(-1, spec.height, spec.width, 3))
