"""What a random draw of windows would have claimed: windows of one recording in two parts, trained by the same recipe.

Windows overlap, and those of one recording are alike, so such a figure says how well a moment is known that was seen
just before or after. It is shown beside the honest one, since most of what is published was measured so.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import batched

import torch

from ressq_edge.config import Config
from ressq_edge.data.augment import epoch_order, same_target
from ressq_edge.data.recordings.windows import Windows
from ressq_edge.data.seeds import draw_seed
from ressq_edge.network.arch import ModelSpec
from ressq_edge.network.init import InitWeights
from ressq_edge.tasks.task import Task
from ressq_edge.training.first_state import first_state
from ressq_edge.training.samples import WindowSamples
from ressq_edge.training.stages import Stages
from ressq_edge.training.step import TrainingSetup, train_step
from ressq_edge.training.train import predict
from ressq_edge.training.workers import Workers

MOST_VIEWS = 150_000  # windows times epochs; more would keep a person waiting for minutes


def measure_random_draw(
    train: WindowSamples,
    val: WindowSamples,
    task: Task,
    model: ModelSpec,
    config: Config,
    labels: tuple[str, ...],
    advance: Callable[[int], None],
) -> float:
    """Top-1, 0..1, on as many windows as `val` has, drawn at random from all of both parts.

    Args:
        train, val: the samples of the honest run.
        task: its loss.
        model, config: its network and recipe.
        labels: its classes.
        advance: called with the number of windows of each step.
    """
    everything = _join(train.windows, val.windows)
    generator = torch.Generator().manual_seed(draw_seed(config.seed, "random draw"))
    order = torch.randperm(len(everything), generator=generator).tolist()
    asked, learned = (
        WindowSamples(_take(everything, some), train.views, train.normalise)
        for some in (order[: len(val)], order[len(val) :])
    )
    setup = TrainingSetup(learned, asked, task, Workers(0, 1, torch.device("cpu")), Stages())
    state = first_state(model, config, InitWeights("none"), labels, setup, lambda _: None)
    for epoch in range(config.epochs):
        for numbers in batched(epoch_order(len(learned), config.seed, epoch), config.batch_size):
            batch = learned.draw(numbers, config.seed, epoch, same_target)
            train_step(state, state.model, setup, config, batch)
            advance(len(numbers))
    answers = predict(state.averaged, asked).argmax(1)
    return float((answers == torch.tensor(asked.targets)).double().mean())


def _join(one: Windows, other: Windows) -> Windows:
    moved = tuple((number + len(one.stretches), first) for number, first in other.places)
    return replace(
        one,
        stretches=one.stretches + other.stretches,
        places=one.places + moved,
        targets=one.targets + other.targets,
        recordings=(),
        groups=(),
        names=one.names + other.names,
    )


def _take(windows: Windows, numbers: list[int]) -> Windows:
    places, targets, names = (
        tuple(of[number] for number in numbers) for of in (windows.places, windows.targets, windows.names)
    )
    return replace(windows, places=places, targets=targets, names=names)  # type: ignore[arg-type]
