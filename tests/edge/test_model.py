"""The network: SqueezeNet's numbers, its bypasses, and what it costs."""

from __future__ import annotations

import pytest
import torch
import torchvision

from ressq_edge.choices import ARCHS, BYPASSES, Bypass, Version
from ressq_edge.errors import ModelError
from ressq_edge.network.arch import ModelSpec, build_model, count_multiply_adds, count_parameters
from ressq_edge.network.fire import GatedBypassFire
from ressq_edge.network.model import ResSqueezeNet

PUBLISHED = {"1.0": torchvision.models.squeezenet1_0, "1.1": torchvision.models.squeezenet1_1}
VERSIONS: tuple[Version, ...] = ("1.0", "1.1")


@pytest.mark.parametrize("version", VERSIONS)
def test_torchvisions_weights_load_unchanged_and_give_equal_logits(version: Version) -> None:
    published = PUBLISHED[version]().eval()
    ours = ResSqueezeNet(version, head_relu=True).eval()
    ours.load_state_dict(published.state_dict())
    pictures = torch.randn(2, 3, 97, 224, generator=torch.Generator().manual_seed(0))
    logits = ours(pictures)
    assert torch.equal(logits, published(pictures))
    assert logits.std(0).max() > 0  # else the comparison says nothing


@pytest.mark.parametrize(("version", "wanted"), [("1.0", 1_248_424), ("1.1", 1_235_496)])
def test_parameters_are_as_many_as_published(version: Version, wanted: int) -> None:
    assert count_parameters(ResSqueezeNet(version)) == wanted
    assert count_parameters(ResSqueezeNet(version, "simple")) == wanted
    assert count_parameters(ResSqueezeNet(version, "gated")) == wanted + 4


def test_multiply_adds_are_as_many_as_published() -> None:
    assert count_multiply_adds(ModelSpec("squeezenet1_1", "none", 1000), 224) == 349_151_936
    assert count_multiply_adds(ModelSpec("ressqueezenet1_1", "gated", 1000), 224) == 349_151_936


@pytest.mark.parametrize("version", VERSIONS)
def test_simple_and_gated_bypasses_go_round_every_second_fire_module(version: Version) -> None:
    for bypass in ("simple", "gated"):
        assert ResSqueezeNet(version, bypass).bypassed == ("fire3", "fire5", "fire7", "fire9")
    every = tuple(f"fire{number}" for number in range(2, 10))
    assert ResSqueezeNet(version, "complex").bypassed == every
    assert ResSqueezeNet(version).bypassed == ()


@pytest.mark.parametrize("version", VERSIONS)
def test_a_gated_network_starts_as_squeezenet_and_becomes_simple_with_gates_at_one(version: Version) -> None:
    plain, simple = ResSqueezeNet(version).eval(), ResSqueezeNet(version, "simple").eval()
    gated = ResSqueezeNet(version, "gated").eval()
    simple.load_state_dict(plain.state_dict())
    missing = gated.load_state_dict(plain.state_dict(), strict=False).missing_keys
    assert all(name.endswith(".gate") for name in missing)
    assert len(missing) == 4
    pictures = torch.randn(1, 3, 64, 64)
    assert torch.equal(gated(pictures), plain(pictures))
    for fire in gated.modules():
        if isinstance(fire, GatedBypassFire):
            torch.nn.init.ones_(fire.gate)
    assert torch.equal(gated(pictures), simple(pictures))
    assert not torch.equal(simple(pictures), plain(pictures))


def test_complex_bypass_convolves_where_channels_differ_and_adds_elsewhere() -> None:
    names = {name for name, _ in ResSqueezeNet("1.1", "complex").named_parameters() if ".bypass." in name}
    assert names == {f"features.{index}.bypass.{kind}" for index in (3, 6, 9, 11) for kind in ("weight", "bias")}


@pytest.mark.parametrize("bypass", BYPASSES)
@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("size", [(32, 32), (33, 47), (227, 225)])
def test_any_size_from_32_pixels_on_works(version: Version, bypass: Bypass, size: tuple[int, int]) -> None:
    model = ResSqueezeNet(version, bypass, num_classes=3).eval()
    with torch.no_grad():
        assert model(torch.randn(1, 3, *size)).shape == (1, 3)


def test_the_backbone_is_of_use_without_the_head() -> None:
    model = ResSqueezeNet("1.1", "simple", 5).eval()
    features = model.backbone(torch.randn(1, 3, 224, 224))
    assert features.shape == (1, model.backbone.channels, 13, 13)
    assert model.classifier(features).shape == (1, 5)


@pytest.mark.parametrize("arch", ARCHS)
def test_a_spec_builds_its_network(arch: str) -> None:
    model = build_model(ModelSpec(arch, "none", 7))
    assert model(torch.randn(1, 3, 64, 64)).shape == (1, 7)


def test_squeezenet_with_a_bypass_says_what_it_is_called() -> None:
    with pytest.raises(ModelError, match=r"found 'gated' with squeezenet1_1, wanted 'none'.*--arch ressqueezenet1_1"):
        ModelSpec("squeezenet1_1", "gated", 2)


def test_networks_that_do_not_exist_are_refused() -> None:
    with pytest.raises(ModelError, match="arch: found 'resnet19', wanted one of ressqueezenet1_1"):
        ModelSpec("resnet19", "none", 2)
    with pytest.raises(ModelError, match="bypass: found 'dense', wanted one of none, simple"):
        ModelSpec("squeezenet1_1", "dense", 2)  # type: ignore[arg-type]
    with pytest.raises(ModelError, match=r"version: found '1\.2', wanted '1\.0' or '1\.1'"):
        ResSqueezeNet("1.2")  # type: ignore[arg-type]
    with pytest.raises(ModelError, match="bypass: found 'dense'"):
        ResSqueezeNet("1.1", "dense")  # type: ignore[arg-type]
    with pytest.raises(ModelError, match="num_classes: found 0, wanted at least 1"):
        ResSqueezeNet("1.1", "none", 0)
    with pytest.raises(ModelError, match="size: found 31, wanted at least 32"):
        count_multiply_adds(ModelSpec("squeezenet1_1", "none", 2), 31)


@pytest.mark.parametrize("version", ["1.1", "1.0"])
def test_the_backbone_gives_its_stages_at_strides_2_to_16(version: str) -> None:
    backbone = ResSqueezeNet(version, "simple", 2).eval().backbone  # type: ignore[arg-type]
    pictures = torch.rand(1, 3, 241, 321)
    with torch.inference_mode():
        stages, features = backbone.stages(pictures), backbone(pictures)
    assert torch.equal(stages[-1], features)
    for stride, stage in zip((2, 4, 8, 16), stages, strict=True):
        assert abs(stage.shape[2] - 240 / stride) <= 3
        assert abs(stage.shape[3] - 320 / stride) <= 3
