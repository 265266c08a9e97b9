"""Bias correction: what rounding adds to a channel on average is taken off its bias.

Rounded weights shift a channel's mean output, in one direction for every picture (Nagel et al. 2019,
arXiv:1906.04721, section 4.2). The shift is measured through the int8 network, layer by layer, each with the
layers before it corrected already.
"""

import copy
from dataclasses import replace
from typing import cast

import torch
from torch import Tensor, nn

from ressq_export.network.deployed import Deployed
from ressq_export.network.ranges import Ranges
from ressq_export.quantization.quantizer import Candidate, Quantizer
from ressq_export.quantization.simulation import WEIGHT_STEPS, Simulation

PICTURES = 32  # 128 took 45 s instead of 10 and kept no more answers


def correct(candidate: Candidate, quantizer: Quantizer) -> Candidate:
    """The candidate with each format's network corrected for that format's own weights."""
    pixels = quantizer.batch(quantizer.calibration[:PICTURES])
    networks = {
        kind: correct_biases(network, candidate.ranges, WEIGHT_STEPS[kind], pixels)
        for kind, network in candidate.networks.items()
    }
    return replace(candidate, networks=networks)


def correct_biases(network: Deployed, ranges: Ranges, weight_steps: int, pixels: Tensor) -> Deployed:
    """The network with its biases corrected, as a copy.

    Args:
        network: what to correct.
        ranges: of its activations.
        weight_steps: of its weights; see `WEIGHT_STEPS`.
        pixels: calibration pictures, uint8 (N, size, size, 3); all are one batch.
    """
    corrected = copy.deepcopy(network)
    wanted = _mean_outputs(network, pixels)
    simulation = Simulation(network, ranges, weight_steps)
    simulated, own = dict(_layers(simulation.network)), dict(_layers(corrected))

    def correct(name: str, output: Tensor) -> Tensor:
        shift = _channel_means(output) - wanted[name]
        cast(Tensor, own[name].bias).data -= shift
        return output - shift.view(-1, *[1] * (output.dim() - 2))

    for name, layer in simulated.items():
        layer.register_forward_hook(lambda _layer, _inputs, output, name=name: correct(name, output))
    with torch.inference_mode():
        simulation.network.logits(pixels)
    return corrected


def _mean_outputs(network: Deployed, pixels: Tensor) -> dict[str, Tensor]:
    """Each layer's mean output per channel, before its ReLU."""
    found: dict[str, Tensor] = {}

    def keep(name: str, output: Tensor) -> None:
        found[name] = _channel_means(output)

    handles = [
        layer.register_forward_hook(lambda _layer, _inputs, output, name=name: keep(name, output))
        for name, layer in _layers(network)
    ]
    with torch.inference_mode():
        network.logits(pixels)
    for handle in handles:
        handle.remove()
    return found


def _layers(network: Deployed) -> list[tuple[str, nn.Conv2d | nn.Linear]]:
    return [(name, layer) for name, layer in network.named_modules() if isinstance(layer, nn.Conv2d | nn.Linear)]


def _channel_means(output: Tensor) -> Tensor:
    return output.transpose(0, 1).flatten(1).mean(1)
