"""torchvision's networks that answer, after seconds of training: for the exporter's tests."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 - PyTorch's own name for it
from torch import Tensor, nn

from export_networks import LABELS, SIZE, as_batch, colours, drawn_pixels
from ressq_edge.network.arch import ModelSpec, build_model
from ressq_edge.network.checkpoint import MID_GREY, Checkpoint
from ressq_runtime.inputs.picture import to_pixels
from ressq_runtime.inputs.picture_spec import PixelSpec

STEPS = 50
SEEN = range(101, 137)  # the pictures of `write_run` that train and validate: int8 is judged where the network knows


def centred(pixels: Tensor) -> Tensor:
    """uint8 (N, H, W, 3) as these networks take it: float (N, 3, H, W), -1..1."""
    return (pixels.permute(0, 3, 1, 2).float() - 128) / 128


def begin_baseline(arch: str) -> nn.Module:
    """Random weights, and batch norms that have a scale and a shift of their own, training."""
    torch.manual_seed(0)
    model = build_model(ModelSpec(arch, "none", len(LABELS)))
    for layer in model.modules():
        if isinstance(layer, nn.BatchNorm2d):
            nn.init.uniform_(layer.weight, 0.7, 1.3)
            nn.init.normal_(layer.bias, 0.0, 0.1)
            layer.momentum = 0.5
        elif isinstance(layer, nn.Dropout):
            layer.p = 0.0
    return model.train()


def see_pictures(model: nn.Module) -> nn.Module:
    """The network with its batch norms' statistics from pictures, evaluating."""
    with torch.no_grad():
        model(centred(as_batch(drawn_pixels(16))))
    return model.eval()


def baseline_checkpoint(arch: str) -> Checkpoint:
    """A checkpoint of a network that has learnt which colour a picture has most of."""
    spec = PixelSpec.for_size(SIZE)
    pixels = centred(as_batch([to_pixels(colours(seed), spec) for seed in SEEN]))
    truths = pixels.mean((2, 3)).argmax(1)
    model = begin_baseline(arch)
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    for _ in range(STEPS):
        loss = F.cross_entropy(model(pixels), truths)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        for _ in range(4):  # the statistics of the last weights, not of those on the way
            model(pixels)
    weights = dict(model.eval().state_dict())
    return Checkpoint(ModelSpec(arch, "none", len(LABELS)), spec, MID_GREY, LABELS, {"task": "classify"}, {}, weights)


def framed() -> list[bytes]:
    """Pictures whose outermost pixels are black, white or noise."""
    found = []
    for number, pixels in enumerate(drawn_pixels(12)):
        picture = np.frombuffer(pixels, np.uint8).reshape(SIZE, SIZE, 3).copy()
        frame = np.ones((SIZE, SIZE), bool)
        frame[2:-2, 2:-2] = False
        noise = np.random.default_rng(number).integers(0, 256, (frame.sum(), 3))
        picture[frame] = (0, 255, noise)[number % 3]
        found.append(picture.tobytes())
    return found
