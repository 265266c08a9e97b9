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
from torch import Tensor, nn

from ressq_edge.config import Config
from ressq_edge.data.augment import Batch, epoch_order, load_pixels
from ressq_edge.data.prefetch import prefetch
from ressq_edge.errors import Interrupted, RunError
from ressq_edge.findings.metric import Metric
from ressq_edge.tasks.task import Asked, Task
from ressq_edge.training.samples import PictureSamples, Samples
from ressq_edge.training.state import TrainState, save_state
from ressq_edge.training.step import TrainingSetup, train_step
from ressq_edge.training.workers import share_threads

AT_ONCE = 64  # samples, where no task says
SAVE_EVERY_S = 60.0  # at most this much work is lost by a crash


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


def train(state: TrainState, setup: TrainingSetup, config: Config, last: Path, hooks: Hooks) -> None:
    """Train until the last epoch or an early stop, keeping `last` resumable.

    Raises:
        Interrupted: `hooks.stop` said so, in any of the processes; `last` holds the state.
        OutputError: `last` cannot be written.
        RunError: the loss is no number.
    """
    network = setup.workers.wrap(state.model)
    while not is_done(state, config, setup.task.metric):
        _train_epoch(state, network, setup, config, last, hooks)
        row = state.epochs[-1]
        hooks.epoch(
            row, setup.task.metric.choose(state.epochs) is row
        )  # the best checkpoint before `last`: none can be lost
        _save(state, setup, last)
        if _is_stopped(setup, hooks) and not is_done(state, config, setup.task.metric):
            raise Interrupted(f"stopped after epoch {row['epoch']} of {config.epochs}")


def _train_epoch(
    state: TrainState, network: nn.Module, setup: TrainingSetup, config: Config, last: Path, hooks: Hooks
) -> None:
    """From the state's step to its epoch's end, validation included."""
    epoch, begin = divmod(state.step, setup.steps_per_epoch(config))
    order = epoch_order(len(setup.train), config.seed, epoch)[begin * config.batch_size :]
    started = saved = time.monotonic()
    draw = partial(_draw_share, setup, config, epoch)
    batches = prefetch(batched(order, config.batch_size), draw, share_threads(config.threads))
    while (batch := _wait_for(batches, setup)) is not None:
        stopped = _is_stopped(setup, hooks)
        if stopped or time.monotonic() - saved > SAVE_EVERY_S:
            _save(state, setup, last)
            saved = time.monotonic()
        if stopped:
            raise Interrupted(f"stopped in epoch {epoch + 1} of {config.epochs}")
        seen = state.seen
        train_step(state, network, setup, config, batch)
        hooks.pictures(state.seen - seen)
    rate = len(order) / (time.monotonic() - started)
    with setup.stages.time("validation"):
        state.epochs.append(_end_epoch(state, setup, epoch + 1, rate))


def _draw_share(setup: TrainingSetup, config: Config, epoch: int, numbers: tuple[int, ...]) -> Batch:
    """This process's views of a batch; where it has none, one that counts for nothing."""
    mine = setup.workers.share(numbers)
    batch = setup.train.draw(mine or numbers[:1], config.seed, epoch, setup.task.view_target)
    if setup.workers.count == 1:
        return batch
    weights = [setup.task.weigh([setup.train.targets[number] for number in some]) for some in (mine, numbers)]
    return replace(batch, weight=setup.workers.count * weights[0] / weights[1])


def _wait_for(batches: Iterator[Batch], setup: TrainingSetup) -> Batch | None:
    with setup.stages.time("waiting for pictures"):
        batch = next(batches, None)
        return None if batch is None else batch.to(setup.workers.device)


def _save(state: TrainState, setup: TrainingSetup, last: Path) -> None:
    if setup.workers.first:
        with setup.stages.time("saving"):
            save_state(last, state)


def _is_stopped(setup: TrainingSetup, hooks: Hooks) -> bool:
    return setup.workers.total(hooks.stop())[0] > 0


def _end_epoch(state: TrainState, setup: TrainingSetup, epoch: int, rate: float) -> dict[str, Any]:
    """Validate the averaged weights; -> this epoch's row of metrics."""
    setup.workers.follow(state.averaged)
    mine = setup.workers.share(tuple(range(len(setup.val))))
    task = setup.task
    kept = setup.workers.collect(predict(state.averaged, setup.val, mine, task), len(setup.val))
    row: dict[str, Any] = {
        "epoch": epoch,
        "train_loss": state.loss_sum / state.seen,
        f"train_{task.metric.name}": state.credit / state.seen,
        "val_loss": task.val_loss(kept),
        f"val_{task.metric.name}": task.measure(kept),
        "learning_rate": state.optimizer.param_groups[-1]["lr"],
        "images_per_second": round(rate, 1),
    }
    state.loss_sum, state.credit, state.seen = 0.0, 0.0, 0
    for name in ("train_loss", "val_loss"):
        if not math.isfinite(row[name]):
            raise RunError(
                f"epoch {epoch}: found a {name} that is no number, wanted a network that learns; train into another "
                "folder, with --precision fp32 or from other weights"
            )
    return row


@torch.no_grad()
def predict(
    model: nn.Module,
    samples: Samples,
    numbers: Sequence[int] | None = None,
    task: Task | None = None,
) -> Tensor:
    """What a task keeps of the network's outputs for evaluation samples, the samples first; without a task all of it.

    numbers: of the samples; None: all.
    """
    model.eval()
    found = []
    for some in batched(range(len(samples)) if numbers is None else numbers, task.asked_at_once if task else AT_ONCE):
        outputs = _ask(model, samples.load(some))
        found.append(task.keep(outputs, [samples.targets[number] for number in some]) if task else outputs)
    return torch.cat(found)


@torch.no_grad()
def ask_sample(model: nn.Module, samples: PictureSamples, number: int) -> Asked:
    """An evaluation sample and what the network makes of it."""
    pixels = load_pixels(samples.store, [number])
    return Asked(pixels[0].permute(1, 2, 0), samples.targets[number], _ask(model.eval(), samples.load([number])))


def _ask(model: nn.Module, inputs: Tensor) -> Tensor:
    """The outputs, on the CPU."""
    device = next(model.parameters()).device
    outputs: Tensor = model(inputs.to(device))
    return outputs.cpu()


def is_done(state: TrainState, config: Config, metric: Metric) -> bool:
    """True after the last epoch, or when neither metric nor loss got better for `patience` epochs."""
    rows = state.epochs
    if not rows:
        return False
    best_metric = metric.best(rows)["epoch"]
    best_loss = min(rows, key=lambda row: float(row["val_loss"]))["epoch"]
    return len(rows) >= config.epochs or len(rows) - max(best_metric, best_loss) >= config.patience
