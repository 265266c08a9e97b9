"""The training loop: its steps, its epochs' ends, and nothing else.

A step is a function of the state before it. Whatever stops the process between two saved states costs
the time since the last one, and not one bit of the result.
"""

import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import batched
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812 - PyTorch's own name for it
from torch import Tensor, nn

from ressq_edge.config import Config
from ressq_edge.data.ahead import draw_ahead
from ressq_edge.data.augment import Batch, draw_batch, epoch_order, load_batch, normalise
from ressq_edge.data.cache import PictureStore
from ressq_edge.errors import Interrupted, RunError
from ressq_edge.network.checkpoint import Normalise
from ressq_edge.training.state import TrainState, save_state
from ressq_edge.training.step import Task, train_step
from ressq_edge.training.workers import share_threads

SAVE_EVERY_S = 60.0  # at most this much work is lost by a crash
EVALUATION_BATCH = 64


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
        Interrupted: `hooks.stop` said so, in any of the processes; `last` holds the state.
        OutputError: `last` cannot be written.
        RunError: the loss is no number.
    """
    network = task.workers.wrap(state.model)
    while not is_done(state, config):
        _train_epoch(state, network, task, config, last, hooks)
        row = state.epochs[-1]
        hooks.epoch(row, state.best() is row)  # the best checkpoint before `last`: none can be lost
        _save(state, task, last)
        if _is_stopped(task, hooks) and not is_done(state, config):
            raise Interrupted(f"stopped after epoch {row['epoch']} of {config.epochs}")


def _train_epoch(state: TrainState, network: nn.Module, task: Task, config: Config, last: Path, hooks: Hooks) -> None:
    """From the state's step to its epoch's end, validation included."""
    epoch, begin = divmod(state.step, task.steps_per_epoch(config))
    order = epoch_order(len(task.train), config.seed, epoch)[begin * config.batch_size :]
    started = saved = time.monotonic()
    draw = partial(_draw_share, task, config, epoch)
    batches = draw_ahead(batched(order, config.batch_size), draw, share_threads(config.threads))
    while (batch := _wait_for(batches, task)) is not None:
        stopped = _is_stopped(task, hooks)
        if stopped or time.monotonic() - saved > SAVE_EVERY_S:
            _save(state, task, last)
            saved = time.monotonic()
        if stopped:
            raise Interrupted(f"stopped in epoch {epoch + 1} of {config.epochs}")
        seen = state.seen
        train_step(state, network, task, config, batch)
        hooks.pictures(state.seen - seen)
    rate = len(order) / (time.monotonic() - started)
    with task.stages.time("validation"):
        state.epochs.append(_end_epoch(state, task, epoch + 1, rate))


def _draw_share(task: Task, config: Config, epoch: int, numbers: tuple[int, ...]) -> Batch:
    """This process's views of a batch; where it has none, one that counts for nothing."""
    mine = task.workers.share(numbers)
    batch = draw_batch(task.train, mine or numbers[:1], task.views, config.seed, epoch)
    if task.workers.count == 1:
        return batch
    weights = [sum(task.class_weights[task.train.labels[n]].item() for n in some) for some in (mine, numbers)]
    return replace(batch, weight=task.workers.count * weights[0] / weights[1])


def _wait_for(batches: Iterator[Batch], task: Task) -> Batch | None:
    with task.stages.time("waiting for pictures"):
        batch = next(batches, None)
        return None if batch is None else batch.to(task.workers.device)


def _save(state: TrainState, task: Task, last: Path) -> None:
    if task.workers.first:
        with task.stages.time("saving"):
            save_state(last, state)


def _is_stopped(task: Task, hooks: Hooks) -> bool:
    return task.workers.total(hooks.stop())[0] > 0


def _end_epoch(state: TrainState, task: Task, epoch: int, rate: float) -> dict[str, Any]:
    """Validate the averaged weights; -> this epoch's row of metrics."""
    task.workers.follow(state.averaged)
    mine = task.workers.share(tuple(range(len(task.val))))
    logits, labels = predict(state.averaged, task.val, task.normalise, mine)
    logits, labels = (task.workers.collect(share, len(task.val)) for share in (logits, labels))
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
    for name in ("train_loss", "val_loss"):
        if not math.isfinite(row[name]):
            raise RunError(
                f"epoch {epoch}: found a {name} that is no number, wanted a network that learns; train into another "
                "folder, with --precision fp32 or from other weights"
            )
    return row


@torch.no_grad()
def predict(
    model: nn.Module, store: PictureStore, norm: Normalise, numbers: Sequence[int] | None = None
) -> tuple[Tensor, Tensor]:
    """float (N, classes) logits of evaluation pictures, and their int64 (N,) labels; of all, or of these."""
    model.eval()
    device = next(model.parameters()).device
    logits, labels = [], []
    for some in batched(range(len(store)) if numbers is None else numbers, EVALUATION_BATCH):
        pixels, targets = load_batch(store, some)
        logits.append(model(normalise(pixels.to(device), norm.mean, norm.std)).cpu())
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
