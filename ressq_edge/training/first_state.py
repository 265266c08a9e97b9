"""The state that training begins with, or goes on from."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeGuard

import torch
from torch import nn

from ressq_edge.config import Config
from ressq_edge.data.augment import draw_batch, epoch_order, normalise, recolour
from ressq_edge.data.seeds import draw_seed
from ressq_edge.network.arch import ModelSpec, build_model
from ressq_edge.network.init import InitWeights, initialise
from ressq_edge.network.model import ResSqueezeNet
from ressq_edge.network.norms import fit_norms, insert_norms
from ressq_edge.training.state import TrainState, begin_state, load_state
from ressq_edge.training.step import TrainingSetup

FIT_ON = 64  # pictures; enough for the mean and variance of a channel


def first_state(
    model_spec: ModelSpec,
    config: Config,
    init: InitWeights,
    labels: tuple[str, ...],
    setup: TrainingSetup,
    say: Callable[[str], None],
) -> TrainState:
    """The state before the first step: the weights of --init, or random ones that train; `say` gets its notes."""
    torch.manual_seed(draw_seed(config.seed, "weights"))
    model = build_model(model_spec)
    for note in initialise(model, init, labels, setup.normalise):
        say(note)
    if _add_norms(model, config):
        some = epoch_order(len(setup.train), config.seed, 0)[:FIT_ON]
        batch = draw_batch(setup.train, some, setup.views, config.seed, 0)
        floats = recolour(batch.pixels, batch.colours)
        pictures = normalise(floats, setup.normalise.mean, setup.normalise.std)
        fit_norms(model, pictures, keep=bool(init.tensors))
    return begin_state(model, config)


def saved_state(last: Path, model_spec: ModelSpec, config: Config, device: torch.device) -> TrainState:
    """The state that `last` holds, on this device."""
    model = build_model(model_spec)
    _add_norms(model, config)
    state = begin_state(model.to(device), config)
    load_state(last, state)
    return state


def _add_norms(model: nn.Module, config: Config) -> TypeGuard[ResSqueezeNet]:
    """Give the network the norms that it is trained with; -> whether it has any."""
    if not (config.norms and isinstance(model, ResSqueezeNet)):
        return False
    insert_norms(model)
    return True
