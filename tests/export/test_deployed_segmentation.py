"""The deployed form of a network that answers for each pixel computes what was trained."""

from __future__ import annotations

import copy

import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from export_networks import GATES
from ressq_edge.choices import BYPASSES, HEADS, Bypass, Head, Version
from ressq_edge.network.fire import GatedBypassFire
from ressq_edge.network.segmentation import SegmentationNet
from ressq_export.network.deployed_segmentation import deploy_segmentation

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
HEIGHT, WIDTH = 97, 113


def lively(version: Version, bypass: Bypass, head: Head) -> SegmentationNet:
    """Random weights that keep a signal's size; gates of every sign."""
    generator, model = torch.Generator().manual_seed(0), SegmentationNet(version, bypass, 5, head)
    for layer in model.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight, generator=generator)
            assert layer.bias is not None
            nn.init.normal_(layer.bias, 0.0, 0.1, generator=generator)
    gated = [layer for layer in model.modules() if isinstance(layer, GatedBypassFire)]
    for layer, gate in zip(gated, GATES, strict=bool(gated)):
        nn.init.constant_(layer.gate, gate)
    return model.eval()


@torch.no_grad()
def level(model: SegmentationNet, pictures: Tensor) -> None:
    """Let each class win somewhere, by logits of the size that trained ones have, in place."""
    logits, last = model(pictures), model.classifier
    factor = 3 / logits.std()
    assert last.bias is not None
    last.bias.copy_((last.bias - logits.mean((0, 2, 3))) * factor)
    last.weight.mul_(factor)


def blocks() -> Tensor:
    """uint8 (2, HEIGHT, WIDTH, 3): coarse random colours."""
    cells = torch.randint(0, 256, (2, 3, 7, 7), generator=torch.Generator().manual_seed(1)).float()
    return F.interpolate(cells, (HEIGHT, WIDTH)).permute(0, 2, 3, 1).to(torch.uint8)


@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize("version", ["1.1", "1.0"])
@pytest.mark.parametrize("bypass", BYPASSES)
def test_the_deployed_network_answers_as_the_trained_one(version: Version, bypass: Bypass, head: Head) -> None:
    model, pixels = lively(version, bypass, head), blocks()
    mean, std = (torch.tensor(values).view(1, 3, 1, 1) for values in (MEAN, STD))
    pictures = (pixels.permute(0, 3, 1, 2) / 255 - mean) / std
    level(model, pictures)
    before = copy.deepcopy(model.state_dict())
    with torch.inference_mode():
        wanted = model(pictures)
        network = deploy_segmentation(model, MEAN, STD, temperature=1.5)
        found = network.logits(pixels)
        classes, scores = network(pixels)
    assert (wanted / 1.5 - found).abs().max() / found.abs().max() < 1e-4
    large = F.interpolate(wanted, (HEIGHT, WIDTH), mode="bilinear", align_corners=False)
    assert (classes == large.argmax(1)).double().mean() > 0.9999
    assert (classes.dtype, classes.shape) == (torch.int32, (2, HEIGHT, WIDTH))
    assert (scores.dtype, scores.shape) == (torch.float32, (2, *found.shape[2:], 5))
    torch.testing.assert_close(scores, (wanted / 1.5).softmax(1).permute(0, 2, 3, 1), rtol=0, atol=1e-4)
    assert len(classes.unique()) > 2  # else the comparison says nothing
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())


@pytest.mark.parametrize("version", ["1.1", "1.0"])
def test_gates_are_folded_but_for_differences_and_where_a_head_reads_what_would_be_scaled(version: Version) -> None:
    network = deploy_segmentation(lively(version, "gated", "unet"), MEAN, STD)
    kept = [name for name, layer in network.named_modules() if isinstance(layer, nn.Conv2d) and layer.groups > 1]
    assert kept == [f"features.{name}.bypass" for name in ("fire5", "fire9")]
