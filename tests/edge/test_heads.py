"""Heads that answer for each pixel: their sizes, what they cost, and what their blocks compute."""

from __future__ import annotations

import copy

import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from torch import nn

from ressq_edge.choices import BYPASSES, HEADS, Bypass, Head, Version
from ressq_edge.errors import ModelError
from ressq_edge.network.arch import ModelSpec, build_model, count_parameters, head_name, multiply_adds_of
from ressq_edge.network.dilate import dilate
from ressq_edge.network.fire import Fire
from ressq_edge.network.heads.blocks import SkipFire, resize_to, scale_channels
from ressq_edge.network.heads.pspnet import pool_to
from ressq_edge.network.heads.segnet import SegNet, Unpool
from ressq_edge.network.model import Backbone, ResSqueezeNet
from ressq_edge.network.norms import NormalisedConv2d, fold_norms, insert_norms, normalise_convolutions
from ressq_edge.network.scratch import HEAD_STD, randomise
from ressq_edge.network.segmentation import SegmentationNet

STRIDES: dict[Head, int] = {"deeplabv3plus": 4, "deeplabv3": 8, "unet": 2, "segnet": 2, "pspnet": 8}
CLASSES = 11
# Of version 1.1 with simple bypasses and 11 classes: parameters, the head's own, million multiply-adds at 241x321.
COSTS: dict[Head, tuple[int, int, float]] = {
    "deeplabv3plus": (868_139, 144_928, 498.7),
    "deeplabv3": (859_531, 135_616, 1064.7),
    "unet": (810_731, 87_872, 618.1),
    "segnet": (969_027, 246_168, 639.0),
    "pspnet": (759_659, 36_096, 1018.8),
}


def draw(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize("size", [(241, 321), (257, 401), (113, 97)])
def test_sides_of_16k_and_1_give_whole_cells_at_the_heads_stride(head: Head, size: tuple[int, int]) -> None:
    model = SegmentationNet("1.1", "simple", CLASSES, head).eval()
    with torch.inference_mode():
        logits = model(draw(1, 3, *size))
    assert logits.shape == (1, CLASSES, *(side // STRIDES[head] for side in size))


@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize("version", ["1.1", "1.0"])
@pytest.mark.parametrize("bypass", BYPASSES)
def test_every_head_stands_behind_every_backbone_at_any_size(head: Head, version: Version, bypass: Bypass) -> None:
    model = SegmentationNet(version, bypass, 2, head).eval()
    with torch.inference_mode():
        for size in ((224, 256), (131, 90)):
            assert model(draw(1, 3, *size)).shape[:2] == (1, 2)


@pytest.mark.parametrize("head", HEADS)
def test_parameters_and_multiply_adds_are_as_documented(head: Head) -> None:
    with torch.device("meta"):
        model = build_model(ModelSpec("ressqueezenet1_1", "simple", CLASSES, head)).eval()
        found = multiply_adds_of(model, torch.empty(1, 3, 241, 321))
    assert isinstance(model, SegmentationNet)
    assert (count_parameters(model), count_parameters(model.head)) == COSTS[head][:2]
    assert round(found / 1e6, 1) == COSTS[head][2]


@pytest.mark.parametrize("head", HEADS)
def test_the_width_factor_widens_the_head_and_nothing_else(head: Head) -> None:
    narrow, plain, wide = (SegmentationNet("1.1", "simple", CLASSES, head, width) for width in (0.5, 1.0, 2.0))
    assert count_parameters(narrow.head) < count_parameters(plain.head) < count_parameters(wide.head)
    assert len({count_parameters(model.backbone) for model in (narrow, plain, wide)}) == 1
    assert narrow(draw(1, 3, 97, 97)).shape == wide(draw(1, 3, 97, 97)).shape
    assert [scale_channels(16, width) for width in (0.1, 0.5, 1.0, 1.2, 1.3)] == [8, 8, 16, 16, 24]


@pytest.mark.parametrize("head", HEADS)
def test_a_classifiers_weights_begin_a_head_unchanged(head: Head) -> None:
    classifier = ResSqueezeNet("1.1", "gated", 5)
    features = {name: value for name, value in classifier.state_dict().items() if name.startswith("features.")}
    missing, unexpected = SegmentationNet("1.1", "gated", 5, head).load_state_dict(features, strict=False)
    assert not unexpected
    assert {name.split(".")[0] for name in missing} == {"head", "classifier"}


def test_a_gate_is_the_backbones_alone_since_a_head_has_no_published_weights() -> None:
    gated, simple = (SegmentationNet("1.1", bypass, 3, "unet") for bypass in ("gated", "simple"))
    assert set(gated.head.state_dict()) == set(simple.head.state_dict())
    assert sum(".gate" in name for name in gated.state_dict()) == 4


@pytest.mark.parametrize("head", HEADS)
def test_norms_of_a_head_fold_into_its_convolutions(head: Head) -> None:
    torch.manual_seed(0)
    model = SegmentationNet("1.1", "simple", 3, head)
    plain = copy.deepcopy(model).eval()
    randomise(model)
    insert_norms(model)
    normalise_convolutions(model.head)
    model.train()(draw(4, 3, 113, 97))  # statistics of something
    assert type(model.classifier) is nn.Conv2d
    assert not any(type(layer) is nn.Conv2d for layer in model.head.modules())
    plain.load_state_dict(fold_norms(model.state_dict()))
    pictures = draw(2, 3, 113, 97)
    torch.testing.assert_close(plain(pictures), model.eval()(pictures), rtol=1e-3, atol=1e-5)


def test_a_normalised_convolution_keeps_its_dilation() -> None:
    conv = nn.Conv2d(4, 4, 3, padding=6, dilation=6)
    assert NormalisedConv2d.around(conv).eval()(draw(1, 4, 9, 9)).shape == (1, 4, 9, 9)


def test_random_weights_begin_with_small_logits() -> None:
    torch.manual_seed(0)
    model = SegmentationNet("1.1", "simple", 3)
    randomise(model)
    assert model.classifier.weight.std().item() == pytest.approx(HEAD_STD, rel=0.2)
    assert head_name(model) == "classifier"


def test_a_skip_fire_is_a_fire_module_of_a_concatenation() -> None:
    merge, fire = SkipFire("none", 12, 20, 32, 8), Fire(32, 8, 16)
    coarse, skip = draw(1, 12, 5, 7), draw(1, 20, 9, 14)
    with torch.no_grad():
        fire.squeeze.weight.copy_(torch.cat([merge.squeeze.weight, merge.squeeze_skip.weight], 1))
        fire.squeeze.bias.copy_(merge.squeeze.bias + merge.squeeze_skip.bias)
    fire.expand1x1, fire.expand3x3 = merge.expand1x1, merge.expand3x3
    wanted = fire(torch.cat([resize_to(coarse, skip), skip], 1))
    torch.testing.assert_close(merge(coarse, skip), wanted)


def test_unpooling_puts_values_back_where_the_maxima_were() -> None:
    before = torch.zeros(1, 1, 8, 8)
    before[0, 0, 3, 4], before[0, 0, 2, 4] = 5.0, 4.5
    pooled = F.max_pool2d(before, 3, stride=2, ceil_mode=True)  # 4x4
    unpool = Unpool()
    found = unpool(torch.full_like(pooled, 10.0), before)
    assert found.shape == before.shape
    assert found[0, 0, 3, 4] == 10  # the maximum
    assert found[0, 0, 2, 4] == 5  # half a unit below it
    assert found[0, 0, 2, 5] == 0  # far below it
    assert found[0, 0, 7, 7] == 10  # nothing there is larger
    unpool.tolerance.fill_(5)
    assert unpool(torch.full_like(pooled, 10.0), before)[0, 0, 2, 4] == 45  # half a unit below 5


def test_the_tolerance_of_an_unpooling_is_what_its_features_vary_by() -> None:
    model = SegmentationNet("1.1", "simple", 2, "segnet").eval()
    assert isinstance(model.head, SegNet)
    with torch.inference_mode():
        stages = model.backbone.stages(draw(2, 3, 113, 97))
    model.head.fit(stages)
    found = [model.state_dict()[f"head.unpools.{number}.tolerance"].item() for number in range(3)]
    assert found == pytest.approx([stage.std().item() for stage in reversed(stages[:3])])


@pytest.mark.parametrize("bypass", ["none", "simple"])
def test_a_dilated_backbone_computes_the_cells_of_stride_16_as_before_and_those_between(bypass: Bypass) -> None:
    backbone = Backbone("1.1", bypass).eval()
    dilated = copy.deepcopy(backbone)
    dilate(dilated)
    pictures = draw(1, 3, 113, 97)
    with torch.inference_mode():
        wanted, found = backbone.stages(pictures), dilated.stages(pictures)
    assert [tuple(stage.shape[2:]) for stage in found] == [(56, 48), (28, 24), (14, 12), (14, 12)]
    torch.testing.assert_close(found[3][:, :, 1::2, 1::2], wanted[3])
    assert all(torch.equal(*pair) for pair in zip(found[:3], wanted[:3], strict=True))


@pytest.mark.parametrize("bins", [1, 2, 3, 6])
def test_bins_cover_all_cells_and_are_the_usual_ones_where_these_divide(bins: int) -> None:
    x = draw(1, 4, 30, 42)
    torch.testing.assert_close(pool_to(x, bins), F.adaptive_avg_pool2d(x, bins))
    marked = torch.zeros(1, 1, 31, 40)
    marked[..., -1, -1] = 1
    assert pool_to(marked, bins).shape == (1, 1, bins, bins)
    assert pool_to(marked, bins)[..., -1, -1] > 0


def test_stage_channels_are_those_of_the_stages() -> None:
    for version in ("1.0", "1.1"):
        backbone = Backbone(version).eval()  # type: ignore[arg-type]
        with torch.inference_mode():
            assert backbone.stage_channels == [stage.shape[1] for stage in backbone.stages(draw(1, 3, 64, 64))]


def test_heads_that_do_not_exist_or_do_not_fit_are_refused() -> None:
    with pytest.raises(ModelError, match="head: found 'fcn', wanted one of deeplabv3plus, deeplabv3, unet"):
        SegmentationNet("1.1", "none", 2, "fcn")  # type: ignore[arg-type]
    with pytest.raises(ModelError, match="num_classes: found 1, wanted at least 2; name what lies around"):
        SegmentationNet("1.1", "none", 1)
    with pytest.raises(ModelError, match=r"width: found 0, wanted a factor above 0"):
        SegmentationNet("1.1", "none", 2, width=0)
    with pytest.raises(ModelError, match="head: found 'unet' with resnet18, wanted one of ressqueezenet1_1"):
        ModelSpec("resnet18", "none", 2, "unet")
    with pytest.raises(ModelError, match="pspnet: found 4x4 cells, wanted 6 or more; take larger pictures"):
        SegmentationNet("1.1", "none", 2, "pspnet")(draw(1, 3, 33, 33))
