"""The state that training begins with, or goes on from."""

from collections.abc import Callable
from pathlib import Path

import torch
from torch import nn

from ressq_edge.config import Config
from ressq_edge.data.augment import epoch_order, same_target
from ressq_edge.data.seeds import draw_seed
from ressq_edge.network.arch import ModelSpec, build_model
from ressq_edge.network.heads.segnet import SegNet
from ressq_edge.network.init import InitWeights, initialise
from ressq_edge.network.model import ResSqueezeNet
from ressq_edge.network.norms import fit_norms, insert_norms, normalise_convolutions
from ressq_edge.network.segmentation import SegmentationNet
from ressq_edge.network.series import SeriesNet
from ressq_edge.training.state import TrainState, begin_state, load_state
from ressq_edge.training.step import TrainingSetup

FIT_ON = 64  # pictures; enough for the mean and variance of a channel
FIT_ON_MASKS = 16  # larger ones: two batches, which fit the memory that training takes


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
    for note in initialise(model, init, labels, setup.train.normalise):
        say(note)
    if isinstance(model, ResSqueezeNet | SegmentationNet | SeriesNet) and config.normalises:
        _fit(model, config, init, setup)
    return begin_state(model, config)


def _fit(
    model: ResSqueezeNet | SegmentationNet | SeriesNet, config: Config, init: InitWeights, setup: TrainingSetup
) -> None:
    """Give the network its norms, and to these and to SegNet's masks what some pictures tell, in place."""
    count = FIT_ON_MASKS if isinstance(model, SegmentationNet) else FIT_ON
    some = epoch_order(len(setup.train), config.seed, 0)[:count]
    pictures = setup.train.to_input(setup.train.draw(some, config.seed, 0, same_target))
    if config.norms:
        insert_norms(model)
        fit_norms(model.backbone, model.backbone, pictures, keep=bool(init.tensors))
    if not isinstance(model, SegmentationNet):
        return
    known = model.kind == init.head
    if isinstance(model.head, SegNet) and not known:
        model.head.fit(model.backbone.stages(pictures))
    normalise_convolutions(model.head)
    fit_norms(model.head, model, pictures, keep=known)


def saved_state(last: Path, model_spec: ModelSpec, config: Config, device: torch.device) -> TrainState:
    """The state that `last` holds, on this device."""
    model = build_model(model_spec)
    _add_norms(model, config)
    state = begin_state(model.to(device), config)
    load_state(last, state)
    return state


def _add_norms(model: nn.Module, config: Config) -> None:
    """Give the network the norms that it is trained with, in place."""
    if config.norms and isinstance(model, ResSqueezeNet | SegmentationNet | SeriesNet):
        insert_norms(model)
    if isinstance(model, SegmentationNet):
        normalise_convolutions(model.head)
