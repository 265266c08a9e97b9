"""The state that training begins with, or goes on from."""

from pathlib import Path

import torch
from torch import nn

from ressq_edge.arch import build_model
from ressq_edge.augment import draw_batch, draw_seed, epoch_order, normalise, recolour
from ressq_edge.init import InitWeights, initialise
from ressq_edge.model import ResSqueezeNet
from ressq_edge.norms import fit_norms, insert_norms
from ressq_edge.progress import Screen
from ressq_edge.start import Start
from ressq_edge.state import TrainState, begin_state, load_state
from ressq_edge.step import Task
from ressq_edge.workers import Workers

FIT_ON = 64  # pictures; enough for the mean and variance of a channel


def saved_state(last: Path, start: Start, workers: Workers) -> TrainState:
    """The state that `last` holds, on this process's device."""
    state = begin_state(_build(start).to(workers.device), start.config)
    load_state(last, state)
    return state


def _build(start: Start) -> nn.Module:
    """The network as it is trained."""
    model = build_model(start.model)
    if start.config.norms and isinstance(model, ResSqueezeNet):
        insert_norms(model)
    return model


def first_state(start: Start, task: Task, screen: Screen) -> TrainState:
    """The state before the first step: the weights of --init, or random ones that train."""
    seed = start.config.seed
    torch.manual_seed(draw_seed(seed, "weights"))
    model = _build(start)
    init = start.init or InitWeights("none")
    for note in initialise(model, init, start.split.labels, task.normalise):
        screen.say(f"note: {note}")
    if start.config.norms and isinstance(model, ResSqueezeNet):
        some = epoch_order(len(task.train), seed, 0)[:FIT_ON]
        batch = draw_batch(task.train, some, task.views, seed, 0)
        floats = recolour(batch.pixels, batch.colours)
        fit_norms(model, normalise(floats, task.normalise.mean, task.normalise.std))
    return begin_state(model, start.config)
