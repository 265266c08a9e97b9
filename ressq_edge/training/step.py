"""One step of training: a function of the state before it and of (seed, step), and of nothing else."""

import math
from dataclasses import dataclass
from typing import cast

import torch
import torch.nn.functional as F  # noqa: N812 - PyTorch's own name for it
from torch import Tensor, nn

from ressq_edge.config import Config
from ressq_edge.data.augment import Batch, Views, normalise, recolour
from ressq_edge.data.cache import PictureStore
from ressq_edge.data.seeds import draw_seed
from ressq_edge.network.checkpoint import Normalise
from ressq_edge.training.device import autocast
from ressq_edge.training.stages import Stages
from ressq_edge.training.state import TrainState, rest_batch_norm
from ressq_edge.training.workers import Workers


@dataclass(frozen=True)
class Task:
    """What is trained on, the same for every step.

    train, val: the pictures.
    views: the augmentation.
    class_weights: float (classes,), the loss weight of each class.
    normalise: pixels to the network's input.
    workers: the processes that train.
    stages: where the time went.
    """

    train: PictureStore
    val: PictureStore
    views: Views
    class_weights: Tensor
    normalise: Normalise
    workers: Workers
    stages: Stages

    def steps_per_epoch(self, config: Config) -> int:
        """Batches an epoch; the last may be smaller."""
        return math.ceil(len(self.train) / config.batch_size)


def train_step(state: TrainState, network: nn.Module, task: Task, config: Config, batch: Batch) -> None:
    """One step of AdamW on these pictures, and of the averaged weights.

    network: the state's model, as `Workers.wrap` gave it.
    """
    total = task.steps_per_epoch(config) * config.epochs
    torch.manual_seed(draw_seed(config.seed, "step", state.step) + task.workers.rank)  # dropout
    network.train()
    if len(batch.labels) == 1:  # one picture has no statistics: a lone last one uses those gathered so far
        rest_batch_norm(state.model)
    with task.stages.time("forward"):
        loss, logits = compute_loss(network, task, config, batch)
        loss = loss * batch.weight
    for group in state.optimizer.param_groups:
        group["lr"] = learning_rate(state.step / total, config)
    state.optimizer.zero_grad()
    with task.stages.time("backward"):
        loss.backward()  # type: ignore[no-untyped-call]
    with task.stages.time("optimiser"):
        if config.clip_norm:
            nn.utils.clip_grad_norm_(state.model.parameters(), config.clip_norm)
        state.optimizer.step()
        state.step += 1
        _average(state, config.average)
    hits = int((logits.argmax(1) == batch.labels).sum())
    counts = (hits, len(batch.labels)) if batch.weight else (0, 0)
    mean, hits_all, seen = task.workers.total(loss.item() / task.workers.count, *counts)
    state.loss_sum += mean * seen
    state.hits += round(hits_all)
    state.seen += round(seen)


def compute_loss(model: nn.Module, task: Task, config: Config, batch: Batch) -> tuple[Tensor, Tensor]:
    """The batch's loss, and its float32 (N, classes) logits."""
    inputs = normalise(recolour(batch.pixels, batch.colours), task.normalise.mean, task.normalise.std)
    with autocast(config.precision, task.workers.device):
        logits = cast(Tensor, model(inputs)).float()
    weights = task.class_weights.to(task.workers.device)
    loss = F.cross_entropy(logits, batch.labels, weights, label_smoothing=config.label_smoothing)
    return loss, logits


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
