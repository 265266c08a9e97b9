"""One run from a folder of pictures to a run folder: what `ressq-train` does, stage by stage.

RUN/ holds config.json, split.json, best.safetensors, last.safetensors, metrics.csv, curves.png,
confusion.png and summary.md; RUN/cache holds decoded pictures while it trains.
"""

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from ressq_edge.arch import build_model, count_multiply_adds, count_parameters
from ressq_edge.augment import draw_batch, draw_seed, epoch_order, normalise, training_views
from ressq_edge.balance import class_weights
from ressq_edge.cache import clear_cache, open_store
from ressq_edge.checkpoint import Checkpoint, Normalise, save_checkpoint
from ressq_edge.init import InitWeights, initialise
from ressq_edge.intake import Stop, decode_pictures
from ressq_edge.memory import keep_freed_memory
from ressq_edge.progress import Screen, class_table, epoch_line
from ressq_edge.report import write_metrics, write_report
from ressq_edge.request import Request
from ressq_edge.scratch import standardise
from ressq_edge.split import PARTS
from ressq_edge.start import Start, begin_run, continue_run
from ressq_edge.state import TrainState, begin_state, load_state
from ressq_edge.train import Hooks, Task, is_done, train

STANDARDISE_ON = 64  # pictures; enough for the mean and variance of a channel


def train_folder(request: Request, screen: Screen, stop: Stop = lambda: False) -> Path:
    """Train as asked; -> RUN/summary.md.

    stop: asked after each step and each decoded picture; True ends with `Interrupted`.

    Raises:
        RessqError: whatever the user can mend, in words.
        Interrupted: `stop` said so; the run can be resumed.
    """
    keep_freed_memory()
    start = continue_run(request) if request.resume else begin_run(request)
    for note in start.notes:
        screen.say(f"note: {note}")
    torch.set_num_threads(start.config.threads)
    last, cache = request.out / "last.safetensors", request.out / "cache"
    summary = request.out / "summary.md"
    state = None
    if start.init is None:
        state = _saved_state(last, start, screen)
        if is_done(state, start.config) and summary.exists():
            screen.say(f"{request.out}: this run is finished")
            return summary
    if state is None or not is_done(state, start.config):
        start = decode_pictures(request, start, screen, stop)
        task = _make_task(request, start)
        state = state or _first_state(start, task, screen)
        _introduce(start, state, screen)
        with screen.bar("training", _pictures_left(state, start)) as advance:
            hooks = Hooks(advance, _keep_epoch(request, start, state, screen), stop)
            train(state, task, start.config, last, hooks)
        if len(state.epochs) < start.config.epochs:
            screen.say(f"stopped early: no better validation for {start.config.patience} epochs")
    val = open_store(cache, start.split, request.data, start.pixels, "val")
    write_report(request.out, request.data, start, state.epochs, val)
    clear_cache(cache)
    return summary


def _saved_state(last: Path, start: Start, screen: Screen) -> TrainState:
    """The state that an interruption left."""
    state = begin_state(build_model(start.model), start.config)
    load_state(last, state)
    screen.say(f"{last.parent}: going on after {len(state.epochs)} epochs (step {state.step})")
    return state


def _first_state(start: Start, task: Task, screen: Screen) -> TrainState:
    """The state before the first step: the weights of --init, or random ones that train."""
    seed = start.config.seed
    torch.manual_seed(draw_seed(seed, "weights"))
    model = build_model(start.model)
    init = start.init or InitWeights("none")
    for note in initialise(model, init, start.split.labels):
        screen.say(f"note: {note}")
    if not init.tensors:
        some = epoch_order(len(task.train), seed, 0)[:STANDARDISE_ON]
        pixels, _ = draw_batch(task.train, some, task.views, seed, 0)
        standardise(model, normalise(pixels, task.normalise.mean, task.normalise.std))
    return begin_state(model, start.config)


def _introduce(start: Start, state: TrainState, screen: Screen) -> None:
    """Say what will be trained on what."""
    config, split = start.config, start.split
    counts = {part: split.counts(part) for part in PARTS if split.pictures(part)}
    weights = class_weights(counts["train"], config.balance)
    screen.show(class_table(split.labels, counts, weights.tolist()))
    adds = count_multiply_adds(start.model, config.size) / 1e6
    screen.say(
        f"{config.arch}, bypass {config.bypass}, init {config.init}: "
        f"{count_parameters(state.model):,} parameters, {adds:,.0f} million multiply-adds "
        f"at {config.size} px"
    )
    exact = "bit for bit" if config.threads == 1 else "closely (bit for bit only with --threads 1)"
    screen.say(
        f"{config.epochs} epochs at {config.train_size} px, batch {config.batch_size}, "
        f"{config.threads} threads, seed {config.seed}: the seed repeats the run {exact}"
    )


def _make_task(request: Request, start: Start) -> Task:
    config, split = start.config, start.split
    train_store, val_store = (
        open_store(request.out / "cache", split, request.data, start.pixels, part) for part in ("train", "val")
    )
    return Task(
        train_store,
        val_store,
        training_views(config.train_size, config.smallest_crop, config.jitter),
        class_weights(split.counts("train"), config.balance),
        Normalise(),
    )


def _pictures_left(state: TrainState, start: Start) -> int:
    return (start.config.epochs - len(state.epochs)) * len(start.split.train) - state.seen


def _keep_epoch(
    request: Request, start: Start, state: TrainState, screen: Screen
) -> Callable[[dict[str, Any], bool], None]:
    """What happens after each epoch: a line on the screen, metrics.csv, the best checkpoint."""

    def keep(row: dict[str, Any], better: bool) -> None:
        screen.say(epoch_line(row, start.config.epochs, better))
        if better:
            weights = {k: v.detach().clone() for k, v in state.averaged.state_dict().items()}
            checkpoint = Checkpoint(
                start.model,
                start.pixels,
                Normalise(),
                start.split.labels,
                asdict(start.config),
                row,
                weights,
            )
            save_checkpoint(request.out / "best.safetensors", checkpoint)
        write_metrics(request.out, state.epochs)

    return keep
