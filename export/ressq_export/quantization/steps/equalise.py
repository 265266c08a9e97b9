"""Cross-layer equalisation: each channel gets as much of int8 as the others, and the function stays bit for bit.

A channel divided by s where it is made and multiplied by s where it is read changes nothing: ReLU, max-pooling,
sums and means are positively homogeneous (Nagel et al. 2019, arXiv:1906.04721). Here s is a power of two, so
that not even float32 rounding differs. It brings together what the channel spans on the calibration pictures
and the largest weight that reads it: of both int8 has one scale for all channels.
"""

import copy
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import cast

import torch
from torch import Tensor, nn

from ressq_export.network.deployed import DeployedNetwork, FoldedFire, FoldedHead
from ressq_export.network.tensor_names import NamedTensor
from ressq_export.quantization.quantizer import Candidate, Quantizer
from ressq_export.quantization.steps.least_error import take_least_error

ROUNDS = 8  # a producer here is a reader there; two or three settle it
BATCH = 16  # pictures


@dataclass
class Channels:
    """Channels that must be scaled alike wherever they are: one to a bypass and all it goes round.

    makers: layers and the first channel that each gives.
    readers: layers that take all of them.
    tensors: where they are seen, and the first channel seen there.
    """

    makers: list[tuple[nn.Conv2d, int]] = field(default_factory=list)
    readers: list[nn.Conv2d | nn.Linear] = field(default_factory=list)
    tensors: list[NamedTensor] = field(default_factory=list)


def has_fires(quantizer: Quantizer) -> bool:
    """Whether the network is a SqueezeNet: the channels of others are not followed."""
    return any(isinstance(layer, FoldedFire) for layer in quantizer.original.children())


def equalise(candidate: Candidate, quantizer: Quantizer) -> Candidate:
    """The candidate with equalised channels, and the ranges of least square error that they then have."""
    pixels = quantizer.batch(quantizer.calibration)
    known: dict[int, DeployedNetwork] = {}
    for network in candidate.networks.values():
        if id(network) not in known:
            known[id(network)] = equalise_network(cast(DeployedNetwork, network), pixels)
    networks = {kind: known[id(network)] for kind, network in candidate.networks.items()}
    return take_least_error(Candidate(networks, candidate.ranges), quantizer)


def equalise_network(network: DeployedNetwork, pixels: Tensor) -> DeployedNetwork:
    """The network with its channels equalised, as a copy.

    Args:
        network: what to equalise.
        pixels: calibration pictures, uint8 (N, size, size, 3).
    """
    network = copy.deepcopy(network)
    groups = list(find_channels(network))
    spans = _measure_spans(network, groups, pixels)
    for _ in range(ROUNDS):
        exponents = [_exponents(span, group) for span, group in zip(spans, groups, strict=True)]
        for group, span, exponent in zip(groups, spans, exponents, strict=True):
            _scale(group, exponent)
            span.copy_(torch.ldexp(span, -exponent))
        if not any(bool(exponent.any()) for exponent in exponents):
            break
    return network


def find_channels(network: DeployedNetwork) -> Iterator[Channels]:
    """Every set of channels between two layers, in the order of the network."""
    now = Channels()
    for layer in network.children():
        if isinstance(layer, nn.Conv2d):
            now.makers.append((layer, 0))
        elif isinstance(layer, NamedTensor):
            now.tensors.append(layer)
        elif isinstance(layer, FoldedFire):
            now.readers.append(layer.squeeze)
            yield Channels([(layer.squeeze, 0)], [layer.expand1x1, layer.expand3x3], [_tensor(layer, "squeeze")])
            if layer.bypass is not None:
                now.readers.append(layer.bypass)
            if layer.bypass is not None or layer.sign == 0:
                yield now
                now = Channels()
            now.makers += [(layer.expand1x1, 0), (layer.expand3x3, layer.expand1x1.out_channels)]
            now.tensors.append(_tensor(layer, "concat"))
            if layer.bypass is not None:
                now.makers.append((layer.bypass, 0))
                now.tensors.append(_tensor(layer, "bypass"))
            if layer.bypass is not None or layer.sign != 0:
                now.tensors.append(_tensor(layer, "sum"))
        elif isinstance(layer, FoldedHead):
            now.readers.append(layer.linear)
            yield now


def _tensor(fire: FoldedFire, part: str) -> NamedTensor:
    return cast(NamedTensor, fire.at[part])


def _measure_spans(network: DeployedNetwork, groups: list[Channels], pixels: Tensor) -> list[Tensor]:
    """Of each group, each channel's largest magnitude on the pictures, at any of its tensors: (channels,)."""
    spans: list[Tensor] = [torch.zeros(())] * len(groups)

    def see(index: int, x: Tensor) -> None:
        spans[index] = torch.maximum(spans[index], x.abs().amax((0, 2, 3)))

    handles = [
        tensor.register_forward_hook(lambda _module, _inputs, x, index=index: see(index, x))
        for index, group in enumerate(groups)
        for tensor in group.tensors
    ]
    with torch.no_grad():
        for start in range(0, len(pixels), BATCH):
            network.logits(pixels[start : start + BATCH])
    for handle in handles:
        handle.remove()
    return spans


def _exponents(span: Tensor, group: Channels) -> Tensor:
    """log2 of the scale of each channel that makes its span and its largest reading weight equal, rounded."""
    read = torch.stack([_largest_weights(layer) for layer in group.readers]).amax(0)
    live = (span > 0) & (read > 0)
    scale = torch.ones_like(span)
    scale[live] = (span[live] / read[live]).sqrt()
    median = (span[live] * read[live]).sqrt().median()  # of both, once they are equal
    silent = (span == 0) & (read > 0)
    scale[silent] = median / read[silent]  # never active here: its weights must not coarsen the others
    return scale.log2().round().int()


def _largest_weights(layer: nn.Conv2d | nn.Linear) -> Tensor:
    """Of each channel that the layer reads: (channels,)."""
    return layer.weight.detach().abs().transpose(0, 1).flatten(1).amax(1)


def _scale(group: Channels, exponent: Tensor) -> None:
    with torch.no_grad():
        for layer, first in group.makers:
            part = -exponent[first : first + layer.out_channels]
            layer.weight.copy_(torch.ldexp(layer.weight, part.view(-1, 1, 1, 1)))
            cast(Tensor, layer.bias).copy_(torch.ldexp(cast(Tensor, layer.bias), part))
        for reader in group.readers:
            shape = (1, -1, 1, 1) if isinstance(reader, nn.Conv2d) else (1, -1)
            reader.weight.copy_(torch.ldexp(reader.weight, exponent.view(shape)))
