"""Quantisation-aware fine-tuning: the weights and biases learn to answer through int8 what fp32 answers.

The teacher is the float network itself (distillation, Hinton et al. 2015, arXiv:1503.02531): what is asked for
is the same answer, not a better one, so that no label is needed and a few batches do.
"""

import math
from collections.abc import Iterator
from dataclasses import replace
from itertools import batched

import torch
import torch.nn.functional as F  # noqa: N812 - PyTorch's own name for it
from torch import Tensor

from ressq_export.inputs import open_input
from ressq_export.network.deployed import Deployed
from ressq_export.quantization.quantizer import Candidate, Quantizer
from ressq_export.quantization.simulation import WEIGHT_STEPS, Simulation

BATCH = 16  # pictures
# Adam's step; weights are 0.01 to 1. Three times as much, or ranges that learn as well, and the steps' noise takes
# more than is gained: docs/decisions/0010 has the trial.
RATE = 1e-6


def has_a_batch(quantizer: Quantizer) -> bool:
    """True where there are training pictures enough to learn from."""
    return len(quantizer.training) >= BATCH


def finetune(candidate: Candidate, quantizer: Quantizer) -> Candidate:
    """The candidate with one trained network for both formats; the ranges are those that it was trained with.

    It learns with the coarser weights of the two, which the finer hold as well.

    Raises:
        PictureError: a training picture cannot be read.
    """
    kind = min(WEIGHT_STEPS, key=WEIGHT_STEPS.__getitem__)
    simulation = Simulation(candidate.networks[kind], candidate.ranges, WEIGHT_STEPS[kind])
    train(simulation, quantizer.original, _batches(quantizer), len(quantizer.training) // BATCH)
    return replace(candidate, networks=dict.fromkeys(candidate.networks, simulation.plain()))


def _batches(quantizer: Quantizer) -> Iterator[Tensor]:
    """Full batches of the training pictures, each picture once, the classes in turn."""
    given = open_input(quantizer.spec)
    for paths in batched(quantizer.training, BATCH):
        if len(paths) == BATCH:
            yield quantizer.batch([given.read(path) for path in paths])


def train(simulation: Simulation, teacher: Deployed, batches: Iterator[Tensor], count: int) -> None:
    """Train the simulation's weights and biases, in place.

    Args:
        simulation: what learns.
        teacher: the network whose answers it learns.
        batches: training pictures, uint8 (N, size, size, 3).
        count: how many batches there are; the rate falls to zero over them.
    """
    optimizer = torch.optim.Adam(simulation.network.parameters(), RATE)
    falling = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: (1 + math.cos(math.pi * step / count)) / 2)
    for pixels in batches:
        with torch.no_grad():
            wanted = teacher.logits(pixels).softmax(1)
        loss = F.cross_entropy(simulation.network.logits(pixels), wanted)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        falling.step()
