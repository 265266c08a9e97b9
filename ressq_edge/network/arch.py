"""Networks by name: what `--arch` and `--bypass` mean, and what a network costs.

SqueezeNet and Res-SqueezeNet are ours; the baselines are torchvision's, taken as they are. A `ModelSpec` is the
whole description of a network; a checkpoint carries it beside the weights.
"""

from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn
from torchvision.models import get_model

from ressq_edge.choices import ARCHS, BASELINES, BYPASSES, SERIES_ARCHS, SQUEEZENETS, Bypass, Head
from ressq_edge.errors import ModelError
from ressq_edge.network.model import MIN_SIZE, ResSqueezeNet
from ressq_edge.network.segmentation import SegmentationNet
from ressq_edge.network.series import MIN_LENGTH, SeriesNet


@dataclass(frozen=True)
class SeriesShape:
    """The size of a network of windows.

    channels: of the sensor.
    depth: Fire modules.
    width: feature channels, a multiple of 4.

    Raises:
        ModelError: one of them is out of its range.
    """

    channels: int
    depth: int = 8
    width: int = 48

    def __post_init__(self) -> None:
        for name, found, least, most in (
            ("channels", self.channels, 1, 1024), ("depth", self.depth, 1, 64), ("width", self.width, 8, 512)
        ):  # fmt: skip
            if not least <= found <= most:
                raise ModelError(f"{name}: found {found}, wanted {least} to {most}")
        if self.width % 4:
            raise ModelError(f"width: found {self.width}, wanted a multiple of 4")


@dataclass(frozen=True)
class ModelSpec:
    """A network without its weights.

    arch: one of ARCHS.
    bypass: none, simple, complex or gated; all but ressqueezenet* know only none.
    num_classes: number of logits.
    head: one of HEADS, which answer for each pixel; None for a classifier. SqueezeNets alone have the stages for one.
    width: factor of the head's channels.
    series: the size of a network of windows, of an arch in SERIES_ARCHS; None for pictures.

    Raises:
        ModelError: the arch, bypass or head does not exist, or they do not go together.
    """

    arch: str
    bypass: Bypass
    num_classes: int
    head: Head | None = None
    width: float = 1.0
    series: SeriesShape | None = None

    def __post_init__(self) -> None:
        archs = SERIES_ARCHS if self.series else ARCHS
        if self.arch not in archs:
            raise ModelError(f"arch: found {self.arch!r}, wanted one of {', '.join(archs)}")
        if self.bypass not in BYPASSES:
            raise ModelError(f"bypass: found {self.bypass!r}, wanted one of {', '.join(BYPASSES)}")
        if self.num_classes < 1:
            raise ModelError(f"num_classes: found {self.num_classes}, wanted at least 1")
        if self.bypass != "none" and not may_bypass(self.arch):
            told = "a bypass goes into a SqueezeNet alone"
            if self.arch in SQUEEZENETS:
                told = f"a bypass is what makes it --arch res{self.arch}"
            raise ModelError(f"bypass: found {self.bypass!r} with {self.arch}, wanted 'none'; {told}")
        if self.head is not None and self.arch not in SQUEEZENETS:
            raise ModelError(
                f"head: found {self.head!r} with {self.arch}, wanted one of {', '.join(SQUEEZENETS)} for it"
            )


def may_bypass(arch: str) -> bool:
    """Whether a network can have a bypass that is not its own."""
    return arch in SERIES_ARCHS or (arch in SQUEEZENETS and SQUEEZENETS[arch][1])


def build_model(spec: ModelSpec) -> nn.Module:
    """The network of a spec, (N, 3, H, W) -> (N, num_classes), with PyTorch's default weights; see `init`.

    A `ResSqueezeNet`, or torchvision's own class for a baseline. With a head a `SegmentationNet`, -> (N, num_classes,
    h, w). Of windows a `SeriesNet`, (N, channels, 1, T) -> (N, num_classes).
    """
    if spec.series is not None:
        shape = spec.series
        return SeriesNet(shape.channels, spec.num_classes, shape.depth, shape.width, spec.bypass)
    if spec.head is not None:
        return SegmentationNet(SQUEEZENETS[spec.arch][0], spec.bypass, spec.num_classes, spec.head, spec.width)
    if spec.arch in SQUEEZENETS:
        return ResSqueezeNet(SQUEEZENETS[spec.arch][0], spec.bypass, spec.num_classes)
    return cast(nn.Module, get_model(spec.arch, num_classes=spec.num_classes, **BASELINES[spec.arch]))


def head_name(model: nn.Module) -> str:
    """The name of the layer that gives the logits, as `classifier.1` or `fc`: the last one with weights."""
    layers = [name for name, layer in model.named_modules() if isinstance(layer, nn.Conv2d | nn.Linear)]
    return str(layers[-1])


def count_parameters(model: nn.Module) -> int:
    """Number of values, gates included."""
    return sum(parameter.numel() for parameter in model.parameters())


def count_window_multiply_adds(spec: ModelSpec, length: int) -> int:
    """Multiply-adds of one window of so many samples, on no data at all.

    Raises:
        ModelError: it is shorter than 21 samples.
    """
    if length < MIN_LENGTH or spec.series is None:
        raise ModelError(f"window: found {length} samples, wanted at least {MIN_LENGTH}")
    with torch.device("meta"):
        return multiply_adds_of(build_model(spec).eval(), torch.empty(1, spec.series.channels, 1, length))


def count_multiply_adds(spec: ModelSpec, height: int, width: int | None = None) -> int:
    """Multiply-adds of one picture, on no data at all.

    height, width: of the picture, pixels; without a width it is a square.

    Raises:
        ModelError: a side is below 32.
    """
    width = height if width is None else width
    if min(height, width) < MIN_SIZE:
        raise ModelError(f"size: found {min(height, width)}, wanted at least {MIN_SIZE}")
    with torch.device("meta"):  # shapes without memory or arithmetic
        return multiply_adds_of(build_model(spec).eval(), torch.empty(1, 3, height, width))


def multiply_adds_of(model: nn.Module, pictures: Tensor) -> int:
    """Multiply-adds of all its convolutions and matrix products for these pictures."""
    total = 0

    def count(layer: nn.Module, _inputs: tuple[Tensor, ...], output: Tensor) -> None:
        nonlocal total
        total += output.numel() * layer.get_parameter("weight")[0].numel()

    layers = [layer for layer in model.modules() if isinstance(layer, nn.Conv2d | nn.Linear)]
    hooks = [layer.register_forward_hook(count) for layer in layers]
    with torch.inference_mode():
        model(pictures)
    for hook in hooks:
        hook.remove()
    return total
