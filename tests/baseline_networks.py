"""torchvision's networks with random weights that answer: for the exporter's fast tests."""

from __future__ import annotations

import torch
from torch import nn

from export_networks import LABELS, as_batch, drawn_pixels
from ressq_edge.arch import ModelSpec, build_model
from ressq_edge.checkpoint import MIDDLE, Checkpoint
from ressq_runtime.pixels import PixelSpec

SIZE = 64


def baseline_model(arch: str) -> nn.Module:
    """Random weights and batch norms that have seen pictures, evaluating: logits differ from picture to picture."""
    torch.manual_seed(0)
    model = build_model(ModelSpec(arch, "none", len(LABELS)))
    generator = torch.Generator().manual_seed(0)
    for layer in model.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight, generator=generator)
        elif isinstance(layer, nn.BatchNorm2d):
            nn.init.uniform_(layer.weight, 0.7, 1.3, generator=generator)
            nn.init.normal_(layer.bias, 0.0, 0.2, generator=generator)
            layer.momentum = None  # the mean of all that is seen
        elif isinstance(layer, nn.Linear):
            nn.init.normal_(layer.weight, 0.0, 0.5, generator=generator)
    with torch.no_grad():
        model.train()(centred(as_batch(drawn_pixels(32))))
    return model.eval()


def centred(pixels: torch.Tensor) -> torch.Tensor:
    """uint8 (N, H, W, 3) as these networks take it: float (N, 3, H, W), -1..1."""
    return (pixels.permute(0, 3, 1, 2).float() - 128) / 128


def baseline_checkpoint(arch: str) -> Checkpoint:
    """A checkpoint of `baseline_model`."""
    model = baseline_model(arch)
    spec = ModelSpec(arch, "none", len(LABELS))
    return Checkpoint(spec, PixelSpec.for_size(SIZE), MIDDLE, LABELS, {}, {}, dict(model.state_dict()))
