"""torchvision's networks folded: the same function, borders included, and a name for every activation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import torch
from torch import nn

from baseline_networks import begin_baseline, centred, framed, see_pictures
from export_networks import as_batch
from ressq_edge.choices import BASELINES
from ressq_edge.network.checkpoint import IMAGENET, MID_GREY
from ressq_export.errors import FoldError
from ressq_export.network.deployed import SCORED_TENSORS, deploy
from ressq_export.network.fold import fold_norm
from ressq_export.network.tensor_names import NamedTensor, find_block, join, origin

if TYPE_CHECKING:
    from ressq_export.network.deployed import DeployedNetwork

# float32 kernels that add in another order, over up to 57 layers, relative to the largest logit
ROUNDING = 5e-5
every_baseline = pytest.mark.parametrize("arch", BASELINES)


def logits_of(network: DeployedNetwork, pixels: list[bytes]) -> torch.Tensor:
    with torch.inference_mode():
        return network.logits(as_batch(pixels))


@every_baseline
def test_a_folded_baseline_answers_as_the_trained_one(arch: str) -> None:
    model = see_pictures(begin_baseline(arch))
    with torch.no_grad():
        wanted = model(centred(as_batch(framed()))) / 1.5
    found = logits_of(deploy(model, MID_GREY.mean, MID_GREY.std, temperature=1.5), framed())
    assert ((wanted - found).abs().max() / wanted.abs().max()).item() < ROUNDING


def test_a_border_padded_with_black_is_another_network() -> None:
    network = deploy(see_pictures(begin_baseline("resnet18")), MID_GREY.mean, MID_GREY.std)
    wanted = logits_of(network, framed())
    network.centre = nn.Identity()  # and what the grey value adds inside the picture goes to the bias
    first = network.features.conv1
    with torch.no_grad():
        first.bias -= 128 * first.weight.sum((1, 2, 3))
    found = logits_of(network, framed())
    assert ((wanted - found).abs().max() / wanted.abs().max()).item() > 100 * ROUNDING


def test_a_padded_network_of_imagenets_mean_is_refused() -> None:
    model = begin_baseline("mobilenet_v2").eval()
    with pytest.raises(FoldError, match=r"found zeros padded where the mean is .*, wanted one that a grey pixel has"):
        deploy(model, IMAGENET.mean, IMAGENET.std)


def test_a_batch_norm_folds_into_a_convolution_with_or_without_a_bias() -> None:
    for bias in (False, True):
        conv, norm, x = nn.Conv2d(4, 6, 3, bias=bias), nn.BatchNorm2d(6), torch.randn(2, 4, 8, 8)
        nn.init.uniform_(norm.weight, -1, 1)
        norm(conv(x))
        wanted = norm.eval()(conv(x))
        fold_norm(conv, norm)
        torch.testing.assert_close(conv(x), wanted)


@every_baseline
def test_every_layer_has_one_name_in_a_block_and_one_block_is_scored(arch: str) -> None:
    names = [tensor.name for tensor in deploy(begin_baseline(arch).eval(), MID_GREY.mean, MID_GREY.std).modules()
             if isinstance(tensor, NamedTensor)]  # fmt: skip
    assert len(names) == len(set(names))
    assert {f"{SCORED_TENSORS[arch][0]}.sum", f"{SCORED_TENSORS[arch][0]}.concat"} & set(names)


def test_names_tell_block_and_origin() -> None:
    assert find_block("layer1.0.conv2") == "layer1.0"
    assert find_block("inception3a.branch2.1.conv") == "inception3a"
    assert join("sum", ["features.2.conv.2", "features.3.conv.2"]) == "features.3.sum"
    assert origin("stage2.0.concat.reshaped2") == "stage2.0.concat"
    assert origin("conv1") == "conv1"
