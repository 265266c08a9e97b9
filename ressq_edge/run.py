"""One run from a folder of pictures to a run folder: what `ressq-train` does, stage by stage.

RUN/ holds data.html, config.json, split.json, best.safetensors, last.safetensors, metrics.csv, suspects.html,
curves.png, confusion.png and summary.md; RUN/cache holds decoded pictures while it trains, and RUN/.lock keeps
others out meanwhile.
"""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import torch
from rich.console import Console

from ressq_edge.data.augment import Views
from ressq_edge.data.cache import clear_cache, open_store
from ressq_edge.data.split import PARTS
from ressq_edge.intake import decode_pictures
from ressq_edge.lock import locked
from ressq_edge.network.arch import build_model, count_multiply_adds, count_parameters
from ressq_edge.network.checkpoint import Checkpoint, normalise_for, save_checkpoint
from ressq_edge.network.norms import fold_norms
from ressq_edge.progress import Screen, class_table, epoch_line, stages_table
from ressq_edge.reports.judging import write_suspects
from ressq_edge.reports.report import write_metrics, write_report
from ressq_edge.request import Request, check_processes, check_values
from ressq_edge.start import Start, Stop, begin_run, check_outside, continue_run
from ressq_edge.training.balance import class_weights
from ressq_edge.training.device import pick_device
from ressq_edge.training.first_state import first_state, saved_state
from ressq_edge.training.memory import keep_freed_memory
from ressq_edge.training.stages import Stages
from ressq_edge.training.state import TrainState, save_state
from ressq_edge.training.step import Task
from ressq_edge.training.train import Hooks, is_done, train
from ressq_edge.training.workers import Workers, join_workers, share_threads

LAST, CACHE = "last.safetensors", "cache"


def train_folder(request: Request, screen: Screen, stop: Stop = lambda: False) -> Path:
    """Train as asked, in this process or in all that torchrun started; -> RUN/summary.md.

    stop: asked after each step and each picture that is looked at or decoded; True ends with `Interrupted`.

    Raises:
        RessqError: whatever the user can mend, in words.
        Interrupted: `stop` said so; the run can be resumed.
    """
    keep_freed_memory()
    with join_workers(pick_device(request.device)) as workers, ExitStack() as held:
        screen = screen if workers.first else Screen(Console(quiet=True))
        workers.once(lambda: _take_folder(request, held))
        return _train_folder(request, screen, stop, workers)


def _take_folder(request: Request, held: ExitStack) -> None:
    """Lock the run folder until `held` closes; one that is not to be made is left to the words of `continue_run`."""
    check_values(request)
    check_outside(request)
    if not request.resume or request.out.is_dir():
        held.enter_context(locked(request.out))


def _train_folder(request: Request, screen: Screen, stop: Stop, workers: Workers) -> Path:
    start = workers.once(lambda: continue_run(request) if request.resume else begin_run(request, screen, stop))
    workers.once(lambda: check_processes(start.config, len(start.split.val), workers.count))
    for note in start.notes:
        screen.say(f"note: {note}")
    torch.set_num_threads(share_threads(start.config.threads))
    summary = request.out / "summary.md"
    state = None
    if start.init is None:
        state = saved_state(request.out / LAST, start, workers)
        screen.say(f"{request.out}: going on after {len(state.epochs)} epochs (step {state.step})")
        if is_done(state, start.config) and summary.exists():
            screen.say(f"{request.out}: this run is finished")
            return summary
    stages = Stages()
    if state is None or not is_done(state, start.config):
        start = workers.once(partial(decode_pictures, request, start, screen, stop))
        state = _learn(request, start, state, workers, stages, screen, stop)
    if workers.first:
        _report(request, start, state, stages, screen, stop)
    return summary


def _learn(
    request: Request,
    start: Start,
    state: TrainState | None,
    workers: Workers,
    stages: Stages,
    screen: Screen,
    stop: Stop,
) -> TrainState:
    """Train to the end; the maps of the cache end here with their task, for Windows deletes no mapped file."""
    task = _make_task(request, start, workers, stages)
    if state is None:  # made by one process, and all begin with it
        workers.once(lambda: save_state(request.out / LAST, first_state(start, task, screen)))
        state = saved_state(request.out / LAST, start, workers)
    _train(request, start, state, task, screen, stop)
    return state


def _train(request: Request, start: Start, state: TrainState, task: Task, screen: Screen, stop: Stop) -> None:
    _introduce(start, task.workers, screen)
    with screen.bar("training", _pictures_left(state, start)) as advance, task.stages.whole():
        hooks = Hooks(advance, _keep_epoch(request, start, state, task, screen), stop)
        train(state, task, start.config, request.out / LAST, hooks)
    if len(state.epochs) < start.config.epochs:
        screen.say(f"stopped early: no better validation for {start.config.patience} epochs")


def _report(request: Request, start: Start, state: TrainState, stages: Stages, screen: Screen, stop: Stop) -> None:
    write_suspects(request, start, screen, stop)
    if request.profile and stages.rows():  # nothing was trained where only the labels were left to judge
        screen.show(stages_table(stages))
    for note in _write_report(request, start, state, stages if request.profile else None):
        screen.say(f"note: {note}")
    clear_cache(request.out / CACHE)


def _write_report(request: Request, start: Start, state: TrainState, stages: Stages | None) -> list[str]:
    """A function of its own, so that the map of the cache ends before the cache is deleted."""
    val = open_store(request.out / CACHE, start.split, request.data, start.pixels, "val")
    return write_report(request.out, request.data, start, state.epochs, val, stages)


def _introduce(start: Start, workers: Workers, screen: Screen) -> None:
    """Say what will be trained on what."""
    config, split = start.config, start.split
    counts = {part: split.counts(part) for part in PARTS if split.pictures(part)}
    weights = class_weights(counts["train"], config.balance)
    screen.show(class_table(split.labels, counts, weights.tolist()))
    adds = count_multiply_adds(start.model, config.size) / 1e6
    screen.say(
        f"{config.arch}, bypass {config.bypass}, init {config.init}: "
        f"{count_parameters(build_model(start.model)):,} parameters, {adds:,.0f} million multiply-adds "
        f"at {config.size} px"
    )
    alone = config.threads == workers.count == 1
    exact = "bit for bit" if alone else "closely (bit for bit only with --threads 1)"
    where = f"{config.threads} threads" + (f", {workers.count} processes" if workers.count > 1 else "")
    where += "" if workers.device.type == "cpu" else f", {workers.device.type}"
    screen.say(
        f"{config.epochs} epochs of views of {config.train_size} px for an input of {config.size}, "
        f"batch {config.batch_size}, {where}, {config.precision}, seed {config.seed}: the seed repeats the run {exact}"
    )


def _make_task(request: Request, start: Start, workers: Workers, stages: Stages) -> Task:
    config, split = start.config, start.split
    train_store, val_store = (
        open_store(request.out / CACHE, split, request.data, start.pixels, part) for part in ("train", "val")
    )
    return Task(
        train_store,
        val_store,
        Views(config.train_size, config.smallest_crop, config.jitter, config.whole_views, config.mirror),
        class_weights(split.counts("train"), config.balance),
        normalise_for(config.arch),
        workers,
        stages,
    )


def _pictures_left(state: TrainState, start: Start) -> int:
    return (start.config.epochs - len(state.epochs)) * len(start.split.train) - state.seen


def _keep_epoch(
    request: Request, start: Start, state: TrainState, task: Task, screen: Screen
) -> Callable[[dict[str, Any], bool], None]:
    """What happens after each epoch: a line on the screen, metrics.csv, the best checkpoint."""

    def keep(row: dict[str, Any], better: bool) -> None:
        if not task.workers.first:
            return
        screen.say(epoch_line(row, start.config.epochs, better))
        if better:
            weights = {k: v.detach().cpu().clone() for k, v in state.averaged.state_dict().items()}
            checkpoint = Checkpoint(
                start.model,
                start.pixels,
                normalise_for(start.config.arch),
                start.split.labels,
                asdict(start.config),
                row,
                fold_norms(weights),
            )
            with task.stages.time("saving"):
                save_checkpoint(request.out / "best.safetensors", checkpoint)
        write_metrics(request.out, state.epochs)

    return keep
