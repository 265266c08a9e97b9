"""The state that training begins with, or goes on from."""

from pathlib import Path
from typing import TypeGuard

import torch
from torch import nn

from ressq_edge.data.augment import draw_batch, epoch_order, normalise, recolour
from ressq_edge.data.seeds import draw_seed
from ressq_edge.network.arch import build_model
from ressq_edge.network.init import InitWeights, initialise
from ressq_edge.network.model import ResSqueezeNet
from ressq_edge.network.norms import fit_norms, insert_norms
from ressq_edge.progress import Screen
from ressq_edge.start import Start
from ressq_edge.training.state import TrainState, begin_state, load_state
from ressq_edge.training.step import Task
from ressq_edge.training.workers import Workers

FIT_ON = 64  # pictures; enough for the mean and variance of a channel


def first_state(start: Start, task: Task, screen: Screen) -> TrainState:
    """The state before the first step: the weights of --init, or random ones that train."""
    seed = start.config.seed
    torch.manual_seed(draw_seed(seed, "weights"))
    model = build_model(start.model)
    init = start.init or InitWeights("none")
    for note in initialise(model, init, start.split.labels, task.normalise):
        screen.say(f"note: {note}")
    if _prepare(model, start):
        some = epoch_order(len(task.train), seed, 0)[:FIT_ON]
        batch = draw_batch(task.train, some, task.views, seed, 0)
        floats = recolour(batch.pixels, batch.colours)
        pictures = normalise(floats, task.normalise.mean, task.normalise.std)
        fit_norms(model, pictures, keep=bool(init.tensors))
    return begin_state(model, start.config)


def saved_state(last: Path, start: Start, workers: Workers) -> TrainState:
    """The state that `last` holds, on this process's device."""
    model = build_model(start.model)
    _prepare(model, start)
    state = begin_state(model.to(workers.device), start.config)
    load_state(last, state)
    return state


def _prepare(model: nn.Module, start: Start) -> TypeGuard[ResSqueezeNet]:
    """Give the network the norms that it is trained with; -> whether it has any."""
    if not (start.config.norms and isinstance(model, ResSqueezeNet)):
        return False
    insert_norms(model)
    return True
