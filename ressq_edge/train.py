"""The training loop: one step, one epoch's end, and nothing else.

The rule: a step is a function of the state before it and of (seed, step). Whatever stops the process
between two saved states costs the time since the last one, and not one bit of the result.
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import batched
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812 - PyTorch's own name for it
from torch import Tensor, nn
from torchvision.transforms import v2

from ressq_edge.augment import draw_batch, draw_seed, epoch_order, load_batch, normalise
from ressq_edge.cache import PictureStore
from ressq_edge.checkpoint import Normalise
from ressq_edge.config import Config
from ressq_edge.errors import Interrupted
from ressq_edge.model import ResSqueezeNet
from ressq_edge.state import TrainState, save_state

SAVE_EVERY_S = 60.0  # at most this much work is lost by a crash
EVALUATION_BATCH = 64


@dataclass(frozen=True)
class Task:
    """What is trained on, the same for every step.

    train, val: the pictures.
    views: the augmentation.
    class_weights: float (classes,), the loss weight of each class.
    normalise: pixels to the network's input.
    """

    train: PictureStore
    val: PictureStore
    views: v2.Transform
    class_weights: Tensor
    normalise: Normalise

    def steps_per_epoch(self, config: Config) -> int:
        """Batches an epoch; the last may be smaller."""
        return math.ceil(len(self.train) / config.batch_size)


@dataclass(frozen=True)
class Hooks:
    """What the loop tells its caller.

    pictures: called with the number of pictures of each step.
    epoch: called with each epoch's row of metrics, and whether it is the best so far.
    stop: asked after each step; True saves and ends the loop.
    """

    pictures: Callable[[int], None]
    epoch: Callable[[dict[str, Any], bool], None]
    stop: Callable[[], bool]


def train(state: TrainState, task: Task, config: Config, last: Path, hooks: Hooks) -> None:
    """Train until the last epoch or an early stop, keeping `last` resumable.

    Raises:
        Interrupted: `hooks.stop` said so; `last` holds the state.
        OutputError: `last` cannot be written.
    """
    if state.step == 0:
        save_state(last, state)
    while not is_done(state, config):
        _train_epoch(state, task, config, last, hooks)
        row = state.epochs[-1]
        hooks.epoch(row, state.best() is row)  # the best checkpoint before `last`: none can be lost
        save_state(last, state)
        if hooks.stop() and not is_done(state, config):
            raise Interrupted(f"stopped after epoch {row['epoch']} of {config.epochs}")


def _train_epoch(state: TrainState, task: Task, config: Config, last: Path, hooks: Hooks) -> None:
    """From the state's step to its epoch's end, validation included."""
    epoch, begin = divmod(state.step, task.steps_per_epoch(config))
    order = epoch_order(len(task.train), config.seed, epoch)[begin * config.batch_size :]
    started = saved = time.monotonic()
    for numbers in batched(order, config.batch_size):
        if hooks.stop() or time.monotonic() - saved > SAVE_EVERY_S:
            save_state(last, state)
            saved = time.monotonic()
        if hooks.stop():
            raise Interrupted(f"stopped in epoch {epoch + 1} of {config.epochs}")
        train_step(state, task, config, numbers)
        hooks.pictures(len(numbers))
    rate = len(order) / (time.monotonic() - started)
    state.epochs.append(_end_epoch(state, task, epoch + 1, rate))


def train_step(state: TrainState, task: Task, config: Config, numbers: tuple[int, ...]) -> None:
    """One step of AdamW on these pictures, and of the averaged weights."""
    total = task.steps_per_epoch(config) * config.epochs
    epoch = state.step // task.steps_per_epoch(config)
    pixels, labels = draw_batch(task.train, numbers, task.views, config.seed, epoch)
    torch.manual_seed(draw_seed(config.seed, "step", state.step))  # dropout
    state.model.train()
    logits = state.model(normalise(pixels, task.normalise.mean, task.normalise.std))
    loss = F.cross_entropy(logits, labels, task.class_weights, label_smoothing=config.label_smoothing)
    for group in state.optimizer.param_groups:
        group["lr"] = learning_rate(state.step / total, config)
    state.optimizer.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    if config.clip_norm:
        nn.utils.clip_grad_norm_(state.model.parameters(), config.clip_norm)
    state.optimizer.step()
    state.step += 1
    _average(state, config.average)
    state.loss_sum += loss.item() * len(numbers)
    state.hits += int((logits.argmax(1) == labels).sum())
    state.seen += len(numbers)


def learning_rate(done: float, config: Config) -> float:
    """One cycle (Smith, arXiv:1708.07120): up in a line from 4 %, down in a cosine to 0; done in 0..1."""
    if done < config.warmup_share:
        return config.learning_rate * (0.04 + 0.96 * done / config.warmup_share)
    falling = (done - config.warmup_share) / (1 - config.warmup_share)
    return config.learning_rate * 0.5 * (1 + math.cos(math.pi * falling))


@torch.no_grad()
def _average(state: TrainState, decay: float) -> None:
    """averaged += (1 - decay) (model - averaged); early steps forget the random start sooner."""
    decay = min(decay, (1 + state.step) / (10 + state.step))
    for mean, new in zip(state.averaged.parameters(), state.model.parameters(), strict=True):
        mean.lerp_(new, 1 - decay)


def _end_epoch(state: TrainState, task: Task, epoch: int, rate: float) -> dict[str, Any]:
    """Validate the averaged weights; -> this epoch's row of metrics."""
    logits, labels = predict(state.averaged, task.val, task.normalise)
    row: dict[str, Any] = {
        "epoch": epoch,
        "train_loss": state.loss_sum / state.seen,
        "train_top1": state.hits / state.seen,
        "val_loss": F.cross_entropy(logits, labels).item(),
        "val_top1": (logits.argmax(1) == labels).double().mean().item(),
        "learning_rate": state.optimizer.param_groups[0]["lr"],
        "images_per_second": round(rate, 1),
    }
    state.loss_sum, state.hits, state.seen = 0.0, 0, 0
    return row


@torch.no_grad()
def predict(model: ResSqueezeNet, store: PictureStore, norm: Normalise) -> tuple[Tensor, Tensor]:
    """float (N, classes) logits of evaluation pictures, and their int64 (N,) labels."""
    model.eval()
    logits, labels = [], []
    for start in range(0, len(store), EVALUATION_BATCH):
        pixels, targets = load_batch(store, range(start, min(start + EVALUATION_BATCH, len(store))))
        logits.append(model(normalise(pixels, norm.mean, norm.std)))
        labels.append(targets)
    return torch.cat(logits), torch.cat(labels)


def is_done(state: TrainState, config: Config) -> bool:
    """True after the last epoch, or when neither top-1 nor loss got better for `patience` epochs."""
    rows = state.epochs
    if not rows:
        return False
    best_top1 = max(rows, key=lambda row: float(row["val_top1"]))["epoch"]
    best_loss = min(rows, key=lambda row: float(row["val_loss"]))["epoch"]
    return len(rows) >= config.epochs or len(rows) - max(best_top1, best_loss) >= config.patience
