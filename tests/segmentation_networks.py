"""Networks that answer for each pixel without having been trained, and pixels to ask them about."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from export_networks import GATES, colours
from ressq_edge.choices import Bypass, Head
from ressq_edge.data.augment import normalise
from ressq_edge.network.arch import ModelSpec, build_model
from ressq_edge.network.checkpoint import Checkpoint, Normalise
from ressq_edge.network.fire import GatedBypassFire
from ressq_edge.network.heads.segnet import SegNet
from ressq_edge.network.segmentation import SegmentationNet
from ressq_runtime.inputs.picture import to_pixels
from ressq_runtime.inputs.picture_spec import PixelSpec

HEIGHT, WIDTH = 97, 113
PLACES = ("sky", "naïve façade", "靴", "road", "tree")


def place_pixels(count: int = 16, size: tuple[int, int] = (HEIGHT, WIDTH)) -> list[bytes]:
    """Pixels of `colours`, stretched to (height, width): uint8 RGB."""
    return [to_pixels(colours(seed), PixelSpec.stretched(*size)) for seed in range(count)]


def segmenter(
    head: Head,
    arch: str = "ressqueezenet1_1",
    bypass: Bypass = "gated",
    seed: int = 0,
    size: tuple[int, int] = (HEIGHT, WIDTH),
) -> Checkpoint:
    """A checkpoint whose logits are as large as trained ones, and each class wins somewhere."""
    spec, pixels = ModelSpec(arch, bypass, len(PLACES), head), PixelSpec.stretched(*size)
    generator, model = torch.Generator().manual_seed(seed), build_model(spec).eval()
    assert isinstance(model, SegmentationNet)
    for layer in model.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight, generator=generator)
            assert layer.bias is not None
            nn.init.normal_(layer.bias, 0.0, 0.1, generator=generator)
    gated = [layer for layer in model.modules() if isinstance(layer, GatedBypassFire)]
    for layer, gate in zip(gated, GATES, strict=bool(gated)):
        nn.init.constant_(layer.gate, gate)
    _level(model, size)
    labels = PLACES
    return Checkpoint(spec, pixels, Normalise(), labels, {"task": "segment"}, {}, dict(model.state_dict()))


@torch.no_grad()
def _level(model: SegmentationNet, size: tuple[int, int]) -> None:
    """Let each class win somewhere, by logits of the size that trained ones have, in place."""
    arrays = [np.frombuffer(pixels, np.uint8).reshape(*size, 3) for pixels in place_pixels(6, size)]
    pictures = normalise(torch.from_numpy(np.stack(arrays)).permute(0, 3, 1, 2), Normalise().mean, Normalise().std)
    if isinstance(model.head, SegNet):
        model.head.fit(model.features.stages(pictures))
    logits, last = model(pictures), model.classifier
    factor = 3 / logits.std()
    assert last.bias is not None
    last.bias.copy_((last.bias - logits.mean((0, 2, 3))) * factor)
    last.weight.mul_(factor)
