"""Folds leave the function as it is."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import Tensor, nn

from export_networks import GATES, as_batch, drawn_pixels, lively
from ressq_edge.choices import BYPASSES, Bypass, Version
from ressq_edge.network.fire import Fire, GatedBypassFire
from ressq_edge.network.model import ResSqueezeNet
from ressq_export.errors import FoldError
from ressq_export.network.deployed import FoldedHead, deploy
from ressq_export.network.fold import fold_gates, fold_normalisation, scale

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
# float32 kernels that add in another order, over 26 layers, relative to the largest logit
ROUNDING = 2e-5


def normalised(pixels: Tensor) -> Tensor:
    mean, std = (torch.tensor(values).view(1, 3, 1, 1) for values in (MEAN, STD))
    return (pixels.permute(0, 3, 1, 2) / 255 - mean) / std


def gated(model: ResSqueezeNet) -> list[GatedBypassFire]:
    return [layer for layer in model.features if isinstance(layer, GatedBypassFire)]


def relative_difference(wanted: Tensor, found: Tensor) -> float:
    return ((wanted - found).abs().max() / wanted.abs().max()).item()


def test_normalisation_folds_into_the_first_convolution() -> None:
    conv = nn.Conv2d(3, 8, 3, stride=2)
    pixels = as_batch(drawn_pixels(4))
    wanted = conv(normalised(pixels))
    fold_normalisation(conv, MEAN, STD)
    assert relative_difference(wanted, conv(pixels.permute(0, 3, 1, 2).float())) < ROUNDING


@pytest.mark.parametrize("conv", [nn.Conv2d(3, 8, 3, padding=1), nn.Conv2d(3, 8, 3, bias=False)])
def test_normalisation_does_not_fold_where_it_would_not_be_exact(conv: nn.Conv2d) -> None:
    with pytest.raises(FoldError, match=r"first convolution: found .* wanted one with a bias and no padding"):
        fold_normalisation(conv, MEAN, STD)


@pytest.mark.parametrize("version", ["1.0", "1.1"])
@pytest.mark.parametrize("sign", [1, -1])
def test_gates_of_either_sign_fold_into_plain_sums_and_differences(version: Version, sign: int) -> None:
    model = lively(ResSqueezeNet(version, "gated", 3))
    for layer, gate in zip(gated(model), GATES, strict=True):
        nn.init.constant_(layer.gate, sign * gate)
    pixels = as_batch(drawn_pixels(4))
    wanted = model(normalised(pixels))
    network = deploy(model, MEAN, STD)
    assert relative_difference(wanted, network.logits(pixels)) < ROUNDING
    signs = {name: fire.sign for name, fire in network.named_children() if name in model.bypassed}
    assert signs == {"fire3": sign, "fire5": -sign, "fire7": 0, "fire9": -sign}


@pytest.mark.parametrize("bypass", BYPASSES)
@pytest.mark.parametrize("head_relu", [False, True])
def test_the_deployed_network_answers_as_the_trained_one(bypass: Bypass, head_relu: bool) -> None:
    model = lively(ResSqueezeNet("1.1", bypass, 3, head_relu))
    pixels = as_batch(drawn_pixels(4))
    wanted = model(normalised(pixels)) / 1.5
    network = deploy(model, MEAN, STD, temperature=1.5)
    assert relative_difference(wanted, network.logits(pixels)) < ROUNDING
    assert torch.equal(network(pixels), network.logits(pixels).softmax(1))


def test_folding_leaves_the_network_it_was_given_alone() -> None:
    model = lively(ResSqueezeNet("1.1", "gated", 3))
    before = copy.deepcopy(model.state_dict())
    deploy(model, MEAN, STD, 2.0)
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())


def test_a_gate_behind_anything_but_a_plain_fire_module_is_refused() -> None:
    model = lively(ResSqueezeNet("1.1", "gated", 3))
    model.features[3] = nn.Conv2d(64, 128, 1)
    with pytest.raises(FoldError, match=r"found a gate behind Conv2d.* wanted a plain Fire module"):
        fold_gates(model.features)


def test_scale_multiplies_what_a_convolution_gives() -> None:
    conv, x = nn.Conv2d(4, 2, 1), torch.randn(1, 4, 5, 5)
    wanted = conv(x) * 3
    scale(conv, 3.0)
    torch.testing.assert_close(conv(x), wanted)


def test_mean_and_last_convolution_commute_unless_a_relu_lies_between() -> None:
    conv, x = nn.Conv2d(512, 3, 1), torch.randn(1, 512, 6, 7)
    torch.testing.assert_close(FoldedHead(conv, relu=False)(x), conv(x).mean((2, 3)))
    torch.testing.assert_close(FoldedHead(conv, relu=True)(x), conv(x).relu().mean((2, 3)))


def test_a_simple_bypass_stays_a_sum() -> None:
    model = lively(ResSqueezeNet("1.0", "simple", 3))
    assert fold_gates(model.features) == {"fire3": 1, "fire5": 1, "fire7": 1, "fire9": 1}
    assert all(isinstance(fire, Fire) for _, fire in model.features.fires())
