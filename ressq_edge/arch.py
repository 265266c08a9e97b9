"""Networks by name: what `--arch` and `--bypass` mean, and what a network costs.

A `ModelSpec` is the whole description of a network; a checkpoint carries it beside the weights.
"""

from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn

from ressq_edge.errors import ModelError
from ressq_edge.model import BYPASSES, MIN_SIZE, Bypass, ResSqueezeNet, Version

# arch -> (SqueezeNet version, may have a bypass)
ARCHS: dict[str, tuple[Version, bool]] = {
    "ressqueezenet1_1": ("1.1", True),
    "ressqueezenet1_0": ("1.0", True),
    "squeezenet1_1": ("1.1", False),
    "squeezenet1_0": ("1.0", False),
}


@dataclass(frozen=True)
class ModelSpec:
    """A network without its weights.

    arch: a key of ARCHS.
    bypass: none, simple, complex or gated; squeezenet* knows only none.
    num_classes: number of logits.

    Raises:
        ModelError: the arch or bypass does not exist, or the two do not go together.
    """

    arch: str
    bypass: Bypass
    num_classes: int

    def __post_init__(self) -> None:
        if self.arch not in ARCHS:
            raise ModelError(f"arch: found {self.arch!r}, wanted one of {', '.join(ARCHS)}")
        if self.bypass not in BYPASSES:
            raise ModelError(f"bypass: found {self.bypass!r}, wanted one of {', '.join(BYPASSES)}")
        if self.bypass != "none" and not ARCHS[self.arch][1]:
            raise ModelError(
                f"bypass: found {self.bypass!r} with {self.arch}, wanted 'none'; "
                f"a bypass is what makes it --arch res{self.arch}"
            )

    @property
    def version(self) -> Version:
        """SqueezeNet's version, "1.0" or "1.1"."""
        return ARCHS[self.arch][0]


def build_model(spec: ModelSpec) -> ResSqueezeNet:
    """The network of a spec, with PyTorch's default weights; see `init` for better ones."""
    return ResSqueezeNet(spec.version, spec.bypass, spec.num_classes)


def count_parameters(model: nn.Module) -> int:
    """Number of learned values, gates included."""
    return sum(parameter.numel() for parameter in model.parameters())


def count_multiply_adds(spec: ModelSpec, size: int) -> int:
    """Multiply-adds of the convolutions for one size x size picture, on no data at all.

    Raises:
        ModelError: size is below 32.
    """
    if size < MIN_SIZE:
        raise ModelError(f"size: found {size}, wanted at least {MIN_SIZE}")
    total = 0

    def count(layer: nn.Module, _inputs: tuple[Tensor, ...], output: Tensor) -> None:
        nonlocal total
        conv = cast(nn.Conv2d, layer)
        total += output.numel() * conv.weight[0].numel()

    with torch.device("meta"):  # shapes without memory or arithmetic
        model = build_model(spec)
        for layer in model.modules():
            if isinstance(layer, nn.Conv2d):
                layer.register_forward_hook(count)
        model(torch.empty(1, 3, size, size))
    return total
