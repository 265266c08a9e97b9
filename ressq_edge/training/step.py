"""One step of training: a function of the state before it and of (seed, step), and of nothing else."""

import math
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn

from ressq_edge.config import Config
from ressq_edge.data.augment import Batch
from ressq_edge.data.seeds import draw_seed
from ressq_edge.device import autocast
from ressq_edge.tasks.task import Task
from ressq_edge.training.samples import Samples
from ressq_edge.training.stages import Stages
from ressq_edge.training.state import TrainState, rest_batch_norm
from ressq_edge.training.workers import Workers


@dataclass(frozen=True)
class TrainingSetup:
    """What is trained on, the same for every step.

    train, val: the samples.
    task: what the network learns to give.
    workers: the processes that train.
    stages: where the time went.
    """

    train: Samples
    val: Samples
    task: Task
    workers: Workers
    stages: Stages

    def steps_per_epoch(self, config: Config) -> int:
        """Batches an epoch; the last may be smaller."""
        return math.ceil(len(self.train) / config.batch_size)


def train_step(state: TrainState, network: nn.Module, setup: TrainingSetup, config: Config, batch: Batch) -> None:
    """One step of AdamW on these pictures, and of the averaged weights.

    network: the state's model, as `Workers.wrap` gave it.
    """
    total = setup.steps_per_epoch(config) * config.epochs
    torch.manual_seed(draw_seed(config.seed, "step", state.step) + setup.workers.rank)  # dropout
    network.train()
    if len(batch.targets) == 1:  # one picture has no statistics: a lone last one uses those gathered so far
        rest_batch_norm(state.model)
    with setup.stages.time("forward"):
        targets = setup.task.to_tensor(batch.targets).to(setup.workers.device)
        outputs = compute_outputs(network, setup, config, batch)
        loss = setup.task.train_loss(outputs, targets) * batch.weight
    for group in state.optimizer.param_groups:
        group["lr"] = learning_rate(state.step / total, config) * group["share"]
    state.optimizer.zero_grad()
    with setup.stages.time("backward"):
        loss.backward()  # type: ignore[no-untyped-call]
    with setup.stages.time("optimiser"):
        if config.clip_norm:
            nn.utils.clip_grad_norm_(state.model.parameters(), config.clip_norm)
        state.optimizer.step()
        state.step += 1
        _average(state, config.average)
    counts = (setup.task.credit(outputs, targets), len(batch.targets)) if batch.weight else (0, 0)
    mean, credit, seen = setup.workers.total(loss.item() / setup.workers.count, *counts)
    state.loss_sum += mean * seen
    state.credit += credit
    state.seen += round(seen)


def compute_outputs(model: nn.Module, setup: TrainingSetup, config: Config, batch: Batch) -> Tensor:
    """What the network makes of a batch, float32."""
    inputs = setup.train.to_input(batch)
    with autocast(config.precision, setup.workers.device):
        return cast(Tensor, model(inputs)).float()


def learning_rate(done: float, config: Config) -> float:
    """One cycle (Smith, arXiv:1708.07120): up in a line from 4 %, down in a cosine to 0; done in 0..1 of the run."""
    done *= config.schedule_share
    if done < config.warmup_share:
        return config.learning_rate * (0.04 + 0.96 * done / config.warmup_share)
    falling = (done - config.warmup_share) / (1 - config.warmup_share)
    return config.learning_rate * 0.5 * (1 + math.cos(math.pi * falling))


@torch.no_grad()
def _average(state: TrainState, decay: float) -> None:
    """averaged += (1 - decay) (model - averaged); early steps forget the random start sooner."""
    decay = min(decay, (1 + state.step) / (10 + state.step))
    averaged, model = state.averaged.state_dict(), state.model.state_dict()  # with batch norm's statistics
    for name, mean in averaged.items():
        mean.lerp_(model[name], 1 - decay) if mean.is_floating_point() else mean.copy_(model[name])
