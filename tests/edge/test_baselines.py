"""torchvision's networks under our commands: what they cost, where their weights begin, how they train."""

from __future__ import annotations

import copy
import csv
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torchvision.models import get_model, get_model_weights

from ressq_edge.choices import BASELINES
from ressq_edge.cli import main
from ressq_edge.data.augment import normalise
from ressq_edge.errors import InitError, ModelError
from ressq_edge.network.arch import ModelSpec, build_model, count_multiply_adds, count_parameters
from ressq_edge.network.checkpoint import (
    IMAGENET,
    MID_GREY,
    Checkpoint,
    load_checkpoint,
    normalise_for,
    read_tensors,
    save_checkpoint,
)
from ressq_edge.network.init import InitWeights, default_bypass, initialise, load_init
from ressq_edge.network.published import published_normalise
from ressq_edge.training.state import TrainState
from ressq_runtime.inputs.picture_spec import PixelSpec

LABELS = ("cat", "dog", "fox")
every_baseline = pytest.mark.parametrize("arch", BASELINES)


@pytest.fixture(scope="module")
def seventeen(shapes: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """17 training pictures, so that the last of a batch of 8 is alone, and 6 to validate."""
    root = tmp_path_factory.mktemp("seventeen")
    for part, first, counts in (("train", 0, (6, 6, 5)), ("val", 6, (2, 2, 2))):
        for folder, count in zip(sorted(shapes.iterdir()), counts, strict=True):
            (root / part / folder.name).mkdir(parents=True)
            for picture in sorted(folder.iterdir())[first : first + count]:
                shutil.copy(picture, root / part / folder.name)
    return root


def settled(model: nn.Module) -> nn.Module:
    """The network with statistics in its batch norms that are not 0 and 1, evaluating."""
    generator = torch.Generator().manual_seed(0)
    for layer in model.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.running_mean.normal_(0, 0.1, generator=generator)
            layer.running_var.uniform_(0.5, 1.5, generator=generator)
    return model.eval()


def first_layers(model: nn.Module, x: Tensor) -> Tensor:
    """What the first batch norm gives."""
    layers = list(model.modules())
    conv = next(layer for layer in layers if isinstance(layer, nn.Conv2d))
    return next(layer for layer in layers if isinstance(layer, nn.BatchNorm2d))(conv(x)).detach()


@every_baseline
def test_a_baseline_is_torchvisions_in_parameters_and_multiply_adds(arch: str) -> None:
    published = get_model_weights(arch).IMAGENET1K_V1.meta
    assert count_parameters(build_model(ModelSpec(arch, "none", 1000))) == published["num_params"]
    billions = count_multiply_adds(ModelSpec(arch, "none", 1000), 224) / 1e9
    assert billions == pytest.approx(published["_ops"], abs=6e-4)


@every_baseline
def test_a_bypass_is_refused_and_none_is_chosen(arch: str) -> None:
    assert default_bypass(arch, InitWeights("none")) == "none"
    with pytest.raises(ModelError, match=f"found 'gated' with {arch}, wanted 'none'; a bypass goes into a SqueezeNet"):
        ModelSpec(arch, "gated", 3)
    with pytest.raises(ModelError, match="num_classes: found 0, wanted at least 1"):
        ModelSpec(arch, "none", 0)


@every_baseline
def test_published_weights_get_a_new_head_and_answer_the_same_inside_a_picture(arch: str, tmp_path: Path) -> None:
    auxiliary = {"aux_logits": True, "init_weights": False} if arch == "googlenet" else {}
    before = settled(get_model(arch, **auxiliary))
    torch.save(before.state_dict(), tmp_path / "net.pth")
    after = build_model(ModelSpec(arch, "none", len(LABELS))).eval()
    notes = initialise(after, load_init(str(tmp_path / "net.pth"), arch), LABELS, normalise_for(arch))
    assert notes[0] == "net.pth: its head for 1000 classes is replaced by a new one for 3"
    assert ("auxiliary" in notes[1]) == (arch == "googlenet")
    assert "its first convolution is rescaled to pixels minus 128" in notes[-1]
    pixels = torch.randint(0, 256, (2, 3, 64, 64), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)
    was = published_normalise(arch)
    wanted = first_layers(before, normalise(pixels, was.mean, was.std))
    found = first_layers(after, normalise(pixels, MID_GREY.mean, MID_GREY.std))
    inside = (..., slice(2, -2), slice(2, -2))
    torch.testing.assert_close(found[inside], wanted[inside], rtol=0, atol=1e-5 * float(wanted.std()))
    assert not torch.allclose(found, wanted, rtol=0, atol=1e-3 * float(wanted.std()))  # the border: grey, not the mean


def test_googlenets_published_weights_take_other_pictures_than_the_others() -> None:
    assert published_normalise("googlenet").mean == (0.5, 0.5, 0.5)
    converted = get_model("googlenet", aux_logits=False, init_weights=False, transform_input=True)
    x = torch.rand(1, 3, 8, 8)
    wanted = converted._transform_input((x - torch.tensor(IMAGENET.mean).view(3, 1, 1)) / _column(IMAGENET.std))
    torch.testing.assert_close(wanted, (x - 0.5) / 0.5)


def _column(values: tuple[float, ...]) -> Tensor:
    return torch.tensor(values).view(3, 1, 1)


def test_our_own_checkpoint_of_a_baseline_goes_on_unchanged(tmp_path: Path) -> None:
    spec, path = ModelSpec("resnet18", "none", 3), tmp_path / "best.safetensors"
    weights = settled(build_model(spec)).state_dict()
    save_checkpoint(path, Checkpoint(spec, PixelSpec.for_size(64), MID_GREY, LABELS, {}, {}, dict(weights)))
    model = build_model(spec)
    assert initialise(model, load_init(str(path), "resnet18"), LABELS, MID_GREY) == []
    assert all(torch.equal(model.state_dict()[name], tensor) for name, tensor in weights.items())


def test_weights_of_before_batch_norm_counted_its_batches_are_taken(tmp_path: Path) -> None:
    old = {k: v for k, v in get_model("resnet18").state_dict().items() if not k.endswith("num_batches_tracked")}
    torch.save(old, tmp_path / "net.pth")
    model = build_model(ModelSpec("resnet18", "none", 3))
    assert len(initialise(model, load_init(str(tmp_path / "net.pth"), "resnet18"), LABELS, MID_GREY)) == 2


def test_a_checkpoint_that_does_not_say_its_normalisation_is_refused(tmp_path: Path) -> None:
    from ressq_edge.network.checkpoint import write_tensors

    write_tensors(tmp_path / "best.safetensors", {"a": torch.zeros(1)}, {"labels": []})
    with pytest.raises(InitError, match=r"best\.safetensors: found a damaged checkpoint \(normalise\)"):
        load_init(str(tmp_path / "best.safetensors"), "resnet18")


@every_baseline
def test_imagenet_without_a_network_names_the_file_and_the_way_out(
    arch: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")  # discard: nobody answers
    with pytest.raises(InitError, match=r"cannot download https://.*fetch \w+-\w{8,}\.pth .*give it as --init FILE"):
        load_init("imagenet", arch)


def test_padding_stands_for_a_pixel_of_128() -> None:
    grey = torch.full((1, 3, 4, 4), 128, dtype=torch.uint8)
    assert normalise(grey, MID_GREY.mean, MID_GREY.std).abs().max() < 1e-6
    assert normalise(grey - 128, MID_GREY.mean, MID_GREY.std).flatten().tolist() == pytest.approx([-1] * 48)


@every_baseline
@pytest.mark.slow
def test_a_baseline_trains_and_keeps_what_it_validated(arch: str, seventeen: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    quick = ["--init", "none", "--size", "32", "--threads", "1", "--batch-size", "8", "--epochs", "1"]
    assert main([str(seventeen), "--out", str(run), "--arch", arch, *quick]) == 0
    checkpoint = load_checkpoint(run / "best.safetensors")
    assert checkpoint.normalise == MID_GREY
    tracked = {k: v for k, v in checkpoint.weights.items() if k.endswith("running_mean")}
    assert all(value.abs().max() > 0 for value in tracked.values())  # the averaged network has the statistics, too
    with (run / "metrics.csv").open() as file:
        losses = [float(row["val_loss"]) for row in csv.DictReader(file)]
    assert all(loss < 10 for loss in losses)


def test_a_resumed_baseline_equals_an_uninterrupted_one(
    seventeen: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    quick = ["--init", "none", "--size", "32", "--threads", "1", "--batch-size", "8", "--epochs", "2"]
    command = [str(seventeen), "--arch", "shufflenet_v2_x1_0"]
    assert main([*command, "--out", str(tmp_path / "whole"), *quick]) == 0
    import ressq_edge.training.train

    step = ressq_edge.training.train.train_step

    def once(state: TrainState, *others: Any) -> None:
        if state.step == 4:
            raise KeyboardInterrupt
        step(state, *others)

    with monkeypatch.context() as patch:
        patch.setattr(ressq_edge.training.train, "SAVE_EVERY_S", 0)
        patch.setattr(ressq_edge.training.train, "train_step", once)
        assert main([*command, "--out", str(tmp_path / "parts"), *quick]) == 130
    assert main([*command, "--out", str(tmp_path / "parts"), "--resume"]) == 0
    one, other = (read_tensors(tmp_path / name / "last.safetensors")[0] for name in ("whole", "parts"))
    assert one.keys() == other.keys()
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_a_lone_picture_uses_the_statistics_gathered_so_far() -> None:
    from ressq_edge.training.state import rest_batch_norm

    model = settled(build_model(ModelSpec("resnet18", "none", 3))).train()
    before = copy.deepcopy(model.state_dict())
    rest_batch_norm(model)
    model(torch.zeros(1, 3, 32, 32))
    assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())
    assert model.training
    assert not model.bn1.training


def test_a_batch_of_one_is_refused(seventeen: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = [str(seventeen), "--out", str(tmp_path / "run"), "--arch", "resnet18", "--init", "none"]
    assert main([*command, "--batch-size", "1"]) == 1
    assert "--batch-size: found 1, wanted at least 2; resnet18 normalises over the pictures" in capsys.readouterr().err
