"""Batch normalisation while training: nothing is left of it where it ends."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torchvision.models import squeezenet1_1

from ressq_edge.choices import BYPASSES, Bypass
from ressq_edge.network.arch import ModelSpec, build_model
from ressq_edge.network.checkpoint import IMAGENET, Checkpoint, save_checkpoint
from ressq_edge.network.init import InitWeights, load_init
from ressq_edge.network.model import ResSqueezeNet
from ressq_edge.network.norms import fit_norms, fold_norms, insert_norms
from ressq_edge.network.scratch import randomise
from ressq_edge.request import Request, resolve
from ressq_runtime.inputs.picture_spec import PixelSpec

PICTURES = torch.randn(16, 3, 64, 64, generator=torch.Generator().manual_seed(0))
ROUNDING = 1e-4  # of the logits' spread: 18 layers in float32


def spread(logits: torch.Tensor) -> float:
    """Largest standard deviation of a logit over the pictures; what differences are held against."""
    return float(logits.std(0).max())


def trained(bypass: Bypass) -> ResSqueezeNet:
    """A network whose norms have gathered statistics, factors and shifts of their own."""
    torch.manual_seed(1)
    model = ResSqueezeNet("1.1", bypass, 5)
    randomise(model)
    insert_norms(model)
    fit_norms(model, model.backbone, PICTURES, keep=False)
    with torch.no_grad():
        for layer in model.modules():
            if isinstance(layer, torch.nn.BatchNorm2d):
                layer.weight.uniform_(-0.5, 2)
                layer.bias.uniform_(-1, 1)
        model.classifier[1].weight.normal_()
    return model.eval()


@torch.no_grad()
@pytest.mark.parametrize("bypass", BYPASSES)
def test_folded_weights_are_the_same_network_without_norms(bypass: Bypass) -> None:
    model, plain = trained(bypass), ResSqueezeNet("1.1", bypass, 5).eval()
    folded = fold_norms(model.state_dict())
    plain.load_state_dict(folded)
    wanted = model(PICTURES)
    assert spread(wanted) > 0.1
    assert (plain(PICTURES) - wanted).abs().max() < ROUNDING * spread(wanted)
    moved = {name: t + 0.5 if name.endswith("running_mean") else t for name, t in model.state_dict().items()}
    plain.load_state_dict(fold_norms(moved))
    assert (plain(PICTURES) - wanted).abs().max() > 100 * ROUNDING * spread(wanted), "statistics matter"


def test_folded_weights_have_torchvisions_names() -> None:
    squeezenet1_1(num_classes=5).load_state_dict(fold_norms(trained("none").state_dict()))


@torch.no_grad()
@pytest.mark.parametrize("bypass", BYPASSES)
def test_trained_weights_go_on_as_what_they_are(bypass: Bypass) -> None:
    torch.manual_seed(1)
    model = ResSqueezeNet("1.0", bypass, 5).eval()
    randomise(model)
    torch.nn.init.normal_(model.classifier[1].weight)
    wanted = model(PICTURES)
    insert_norms(model)
    norms = [layer for layer in model.modules() if isinstance(layer, torch.nn.BatchNorm2d)]
    assert len(norms) == 25 + (4 if bypass == "complex" else 0)
    fit_norms(model, model.backbone, PICTURES, keep=False)
    assert (model(PICTURES) - wanted).abs().max() > 0.1 * spread(wanted), "it could be seen"
    fit_norms(model, model.backbone, PICTURES, keep=True)
    assert not model.training
    assert (model(PICTURES) - wanted).abs().max() < ROUNDING * spread(wanted)


def test_random_weights_have_channels_of_unit_variance_on_real_input() -> None:
    torch.manual_seed(0)
    model = ResSqueezeNet("1.1", "simple", 3)
    randomise(model)
    insert_norms(model)
    fit_norms(model, model.backbone, PICTURES, keep=False)
    seen: list[torch.Tensor] = []
    model.features[12].expand3x3.register_forward_hook(lambda layer, inputs, output: seen.append(output))
    logits = model.eval()(PICTURES)
    assert seen[0].mean((0, 2, 3)).abs().max() < 1e-3
    assert (seen[0].std((0, 2, 3)) - 1).abs().max() < 1e-2
    assert logits.abs().max() < 1  # the loss begins near log(classes)


@pytest.mark.parametrize(("config", "wanted"), [({"norms": True}, True), ({}, False)])
def test_weights_that_grew_up_with_norms_go_on_with_norms(
    tmp_path: Path, config: dict[str, bool], wanted: bool
) -> None:
    spec = ModelSpec("squeezenet1_1", "none", 3)
    weights = fold_norms(build_model(spec).state_dict())
    checkpoint = Checkpoint(spec, PixelSpec.for_size(64), IMAGENET, ("a", "b", "c"), config, {}, weights)
    save_checkpoint(tmp_path / "best.safetensors", checkpoint)
    init = load_init(str(tmp_path / "best.safetensors"), "ressqueezenet1_1")
    request = Request(tmp_path, tmp_path / "run", init=str(tmp_path / "best.safetensors"))
    assert resolve(request, init, 3, 100).norms is wanted
    assert resolve(replace(request, init="none"), InitWeights("none"), 3, 100).norms
    other = resolve(replace(request, arch="resnet18"), InitWeights("none"), 3, 100)
    assert not other.norms, "it has its own"
    assert other.learning_rate == resolve(replace(request, init="none"), InitWeights("none"), 3, 100).learning_rate / 3
