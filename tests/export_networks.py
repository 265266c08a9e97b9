"""Networks that answer without having been trained, and pixels to ask them about: for the exporter's fast tests."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import nn

from ressq_edge.choices import Bypass
from ressq_edge.data.split import Split, read_split, write_split
from ressq_edge.network.arch import ModelSpec, build_model
from ressq_edge.network.checkpoint import Checkpoint, Normalise, save_checkpoint
from ressq_edge.network.fire import GatedBypassFire
from ressq_edge.network.model import ResSqueezeNet
from ressq_export.network.deployed import DeployedNetwork, FoldedHead, fold_layers
from ressq_export.network.fold import fold_gates
from ressq_export.quantization.gate import Gate
from ressq_export.quantization.steps.equalise import find_channels
from ressq_export.tasks.classify import Classify
from ressq_runtime.inputs.picture import to_pixels
from ressq_runtime.inputs.picture_spec import PixelSpec

SIZE = 64
LABELS = ("café", "naïve façade", "靴")
GATES = (0.3, -0.2, 0.0, -1.7)  # of fire3, fire5, fire7, fire9: every sign


def lively(model: ResSqueezeNet) -> ResSqueezeNet:
    """The network with random weights that keep a signal's size, so that its logits differ from picture to picture."""
    generator = torch.Generator().manual_seed(0)
    for layer in model.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight, generator=generator)
            nn.init.normal_(layer.bias, 0.0, 0.1, generator=generator)
    gated = [layer for layer in model.modules() if isinstance(layer, GatedBypassFire)]
    for layer, gate in zip(gated, GATES, strict=False):
        nn.init.constant_(layer.gate, gate)
    return model.eval()


def checkpoint_of(arch: str = "ressqueezenet1_1", bypass: Bypass = "gated", seed: int = 0) -> Checkpoint:
    """A checkpoint of a lively network; another seed is another network."""
    spec = ModelSpec(arch, bypass, len(LABELS))
    model = lively(build_model(spec))
    if seed:
        with torch.no_grad():
            for parameter in model.classifier.parameters():
                parameter.copy_(parameter.roll(seed, 0))
    return Checkpoint(
        spec, PixelSpec.for_size(SIZE), Normalise(), LABELS, {"task": "classify"}, {}, dict(model.state_dict())
    )


def colours(seed: int) -> Image.Image:
    """A picture of blurred random colours, 80x80 RGB, of a brightness and contrast of its own: the same for a seed."""
    state = np.random.default_rng(seed)
    cells = state.integers(0, 256, (5, 5, 3)) * state.uniform(0.2, 1.0) + state.uniform(0, 40)
    return Image.fromarray(cells.clip(0, 255).astype(np.uint8)).resize((80, 80), Image.Resampling.BICUBIC)


def drawn_pixels(count: int = 24) -> list[bytes]:
    """Pixels of `colours`: uint8 RGB, SIZE * SIZE * 3 bytes each."""
    return [to_pixels(colours(seed), PixelSpec.for_size(SIZE)) for seed in range(count)]


def as_batch(pixels: list[bytes]) -> torch.Tensor:
    """uint8 (N, SIZE, SIZE, 3)."""
    return torch.from_numpy(np.stack([np.frombuffer(p, np.uint8).reshape(SIZE, SIZE, 3) for p in pixels]))


def wide_gate(folder: Path) -> Gate:
    """A gate that lets everything through, with one picture to measure on, drawn into the folder."""
    colours(0).save(folder / "validation.png")
    return Gate(Classify(LABELS), [(folder / "validation.png", 0)], PixelSpec.for_size(SIZE), max_drop=1.0)


def write_run(run: Path, checkpoint: Checkpoint, train: int = 8) -> Path:
    """A run folder as ressq-train leaves it: `train` drawn pictures of each label, 4 to validate, 4 to test."""
    data, seed = run.parent / "data", 100
    parts: dict[str, list[tuple[str, int]]] = {"train": [], "val": [], "test": []}
    for label, name in enumerate(LABELS):
        for part, count in (("train", train), ("val", 4), ("test", 4)):
            (data / part / name).mkdir(parents=True)
            for index in range(count):
                colours(seed := seed + 1).save(data / part / name / f"{index}.png")
                parts[part].append((f"{part}/{name}/{index}.png", label))
    run.mkdir()
    save_checkpoint(run / "best.safetensors", checkpoint)
    write_split(run, Split("folders", 0, LABELS, *(tuple(found) for found in parts.values())))
    (run / "config.json").write_text(json.dumps({"format": 1, "data": str(data)}))
    (run / "summary.md").touch()
    return run


def group_by_number(run: Path, folder: Path, group_by: str) -> Path:
    """A copy in `folder` of a run of `write_run`, as if pictures of the same number were of one group."""
    copy = Path(shutil.copytree(run, folder / run.name))
    split = read_split(copy)
    groups = tuple((name, int(Path(name).stem)) for part in ("val", "test") for name, _ in split.samples(part))
    write_split(copy, replace(split, groups=groups))
    config = json.loads((copy / "config.json").read_text(encoding="utf-8"))
    (copy / "config.json").write_text(json.dumps({**config, "settings": {"group_by": group_by}}), encoding="utf-8")
    return copy


LOUD = 1 / 8  # share of the channels that drown the others


def harden(model: ResSqueezeNet, most: float = 64.0, seed: int = 0) -> None:
    """Multiply one channel in eight by `most` where it is made and divide it by that where it is read, in place.

    The function stays; int8, with one scale for all channels of a place, suffers.
    """
    generator = torch.Generator().manual_seed(seed)
    conv = next(layer for layer in model.classifier if isinstance(layer, nn.Conv2d))
    # of the model's own layers, not of copies: `relu` keeps the last convolution as it is
    network = DeployedNetwork(fold_layers(model.features, fold_gates(model.features)), FoldedHead(conv, relu=True))
    with torch.no_grad():
        for group in find_channels(network):
            factors = most ** (torch.rand(group.readers[0].weight.shape[1], generator=generator) < LOUD).float()
            for layer, first in group.makers:
                part = factors[first : first + layer.out_channels]
                layer.weight.mul_(part.view(-1, 1, 1, 1))
                layer.bias.mul_(part)
            for reader in group.readers:
                reader.weight.div_(factors.view(1, -1, *[1] * (reader.weight.dim() - 2)))
