"""One run from a folder of pictures to a run folder: what `ressq-train` does, stage by stage.

RUN/ holds data.html, config.json, split.json, best.safetensors, last.safetensors, metrics.csv, suspects.html,
curves.png, confusion.png and summary.md; RUN/cache holds decoded pictures while it trains, and RUN/.lock keeps
others out meanwhile.
"""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import torch
from rich.console import Console

from ressq_edge.device import pick_device
from ressq_edge.inputs import find_input, open_input
from ressq_edge.inputs.one_file import take_file
from ressq_edge.lock import locked
from ressq_edge.network.arch import build_model, count_parameters
from ressq_edge.network.checkpoint import Checkpoint, save_checkpoint
from ressq_edge.network.init import InitWeights
from ressq_edge.network.norms import fold_norms
from ressq_edge.refusals import check_values
from ressq_edge.reports.report import write_metrics
from ressq_edge.reports.tables import epoch_line, stages_table
from ressq_edge.request import Request, check_processes
from ressq_edge.screen import Screen
from ressq_edge.session import Session, Start, Stop
from ressq_edge.start import check_outside, continue_run
from ressq_edge.training.first_state import first_state, saved_state
from ressq_edge.training.memory import keep_freed_memory
from ressq_edge.training.stages import Stages
from ressq_edge.training.state import TrainState, save_state
from ressq_edge.training.step import TrainingSetup
from ressq_edge.training.train import Hooks, is_done, train
from ressq_edge.training.workers import Workers, join_workers, share_threads

LAST = "last.safetensors"


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
    request, laid_out = workers.once(partial(take_file, request))
    if laid_out:
        screen.say(laid_out)
    start = workers.once(lambda: _start(request, screen, stop))
    session = Session(request, start, screen, stop)
    workers.once(lambda: check_processes(start.config, len(start.split.by_window().val), workers.count))
    for note in start.notes:
        screen.say(f"note: {note}")
    torch.set_num_threads(share_threads(start.config.threads))
    summary = session.folder / "summary.md"
    state = None if start.init is not None else _saved_state(session, workers)
    done = state is not None and is_done(state, start.config, start.task.metric)
    if state is not None:
        screen.say(f"{session.folder}: going on after {len(state.epochs)} epochs (step {state.step})")
    if done and summary.exists():
        screen.say(f"{session.folder}: this run is finished")
        return summary
    stages = Stages()
    if state is None or not done:
        session = replace(session, start=workers.once(partial(open_input(start.config).prepare, session)))
        state = _learn(session, state, workers, stages)
    if workers.first:
        _report(session, state, stages)
    return summary


def _start(request: Request, screen: Screen, stop: Stop) -> Start:
    return continue_run(request) if request.resume else find_input(request).begin(request, screen, stop)


def _saved_state(session: Session, workers: Workers) -> TrainState:
    return saved_state(session.folder / LAST, session.start.model, session.start.config, workers.device)


def _learn(session: Session, state: TrainState | None, workers: Workers, stages: Stages) -> TrainState:
    """Train to the end; the maps of the cache end here with their setup, for Windows deletes no mapped file."""
    setup = _make_setup(session, workers, stages)
    if state is None:  # made by one process, and all begin with it
        workers.once(lambda: _begin(session, setup))
        state = _saved_state(session, workers)
    _train(session, state, setup)
    return state


def _begin(session: Session, setup: TrainingSetup) -> None:
    start = session.start
    init, labels = start.init or InitWeights("none"), start.split.labels
    state = first_state(
        start.model, start.config, init, labels, setup, lambda note: session.screen.say(f"note: {note}")
    )
    save_state(session.folder / LAST, state)


def _train(session: Session, state: TrainState, setup: TrainingSetup) -> None:
    config, screen = session.start.config, session.screen
    _introduce(session, setup.workers)
    left = (config.epochs - len(state.epochs)) * len(setup.train) - state.seen
    with screen.bar("training", left) as advance, setup.stages.whole():
        hooks = Hooks(advance, _keep_epoch(session, state, setup), session.stop)
        train(state, setup, config, session.folder / LAST, hooks)
    if len(state.epochs) < config.epochs:
        screen.say(f"stopped early: no better validation for {config.patience} epochs")


def _report(session: Session, state: TrainState, stages: Stages) -> None:
    profile = session.request.profile
    if profile and stages.rows():  # nothing was trained where only the labels were left to judge
        session.screen.show(stages_table(stages))
    for note in open_input(session.start.config).report(session, state, stages if profile else None):
        session.screen.say(f"note: {note}")


def _introduce(session: Session, workers: Workers) -> None:
    """Say what will be trained on what."""
    start, screen = session.start, session.screen
    config = start.config
    screen.show(start.task.introduce())
    head = "" if config.head is None else f", head {config.head}"
    cost, seen = open_input(config).introduce(session)
    parameters = count_parameters(build_model(start.model))
    screen.say(f"{config.arch}, bypass {config.bypass}{head}, init {config.init}: {parameters:,} parameters, {cost}")
    alone = config.threads == workers.count == 1
    exact = "bit for bit" if alone else "closely (bit for bit only with --threads 1)"
    where = f"{config.threads} threads" + (f", {workers.count} processes" if workers.count > 1 else "")
    where += "" if workers.device.type == "cpu" else f", {workers.device.type}"
    screen.say(
        f"{config.epochs} epochs of {seen}, batch {config.batch_size}, {where}, {config.precision}, "
        f"seed {config.seed}: the seed repeats the run {exact}"
    )


def _make_setup(session: Session, workers: Workers, stages: Stages) -> TrainingSetup:
    start = session.start
    train, val = (open_input(start.config).open_samples(session, part) for part in ("train", "val"))
    return TrainingSetup(train, val, start.task, workers, stages)


def _keep_epoch(session: Session, state: TrainState, setup: TrainingSetup) -> Callable[[dict[str, Any], bool], None]:
    """What happens after each epoch: a line on the screen, metrics.csv, the best checkpoint."""
    start, folder = session.start, session.folder

    def keep(row: dict[str, Any], better: bool) -> None:
        if not setup.workers.first:
            return
        session.screen.say(epoch_line(row, start.config.epochs, better, setup.task.metric))
        if better:
            weights = {k: v.detach().cpu().clone() for k, v in state.averaged.state_dict().items()}
            # Without what the clock says: the same pictures and settings give the same file, and the same artefacts.
            measured = {name: value for name, value in row.items() if name != "images_per_second"}
            checkpoint = Checkpoint(
                start.model,
                *open_input(start.config).spec(start),
                start.split.labels,
                start.config.to_json(),
                measured,
                fold_norms(weights),
                start.split.colours,
            )
            with setup.stages.time("saving"):
                save_checkpoint(folder / "best.safetensors", checkpoint)
        write_metrics(folder, state.epochs)

    return keep
