"""ressq-train's loop, and its step alone on a batch that is in memory."""

from __future__ import annotations

import tempfile
import time
from dataclasses import replace
from pathlib import Path

import torch
from torchvision.datasets import ImageFolder

from loops.plain import BATCH, MODEL, SIZE, Speed, cpu_s, pick
from ressq_edge.config import Config
from ressq_edge.data.augment import Views, same_target
from ressq_edge.data.cache import fill_cache, open_store
from ressq_edge.data.split import Split
from ressq_edge.network.arch import ModelSpec, build_model
from ressq_edge.network.checkpoint import Normalise
from ressq_edge.network.init import InitWeights
from ressq_edge.request import Request, resolve
from ressq_edge.tasks import open_task
from ressq_edge.training.memory import keep_freed_memory
from ressq_edge.training.samples import PictureSamples
from ressq_edge.training.stages import Stages
from ressq_edge.training.state import TrainState, begin_state
from ressq_edge.training.step import TrainingSetup, train_step
from ressq_edge.training.train import Hooks, train
from ressq_edge.training.workers import Workers
from ressq_runtime.errors import FolderError
from ressq_runtime.inputs.picture_spec import PixelSpec

VALIDATION = 8  # pictures: our loop validates after each epoch, outside of what is timed
_CPU = torch.device("cpu")


def measure_ours(data: Path, count: int, precision: str, *, in_memory: bool) -> Speed:
    """Two epochs of `ressq-train`'s loop, the first with decoding; or `in_memory` its step alone, as often.

    Raises:
        FolderError: a picture can't be read: the loops would not see the same.
    """
    keep_freed_memory()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        setup, config, decoding_s = prepare(data, count, precision, folder)
        classes = len({*setup.train.targets})
        state = begin_state(build_model(ModelSpec(MODEL[0], config.bypass, classes)), config)
        if in_memory:
            first, (second, cpu_ms) = (
                repeat_step(state, setup, config, count)[0],
                repeat_step(state, setup, config, count),
            )
            return Speed(first, second, cpu_ms)
        spent: list[float] = []
        hooks = Hooks(lambda _: None, lambda *_: spent.append(cpu_s()), lambda: False)
        train(state, setup, config, folder / "last.safetensors", hooks)
    first, second = (float(row["images_per_second"]) for row in state.epochs)
    return Speed(count / (decoding_s + count / first), second, 1000 * (spent[1] - spent[0]) / count)


def prepare(data: Path, count: int, precision: str, folder: Path) -> tuple[TrainingSetup, Config, float]:
    """What `ressq-train` has before its first step: the pictures decoded into `folder`, its settings, and how many
    seconds the decoding took.

    Raises:
        FolderError: a picture can't be read.
    """
    pictures = ImageFolder(str(data))
    chosen = tuple(
        (str(Path(pictures.samples[i][0]).relative_to(data)), pictures.samples[i][1]) for i in pick(data, count)
    )
    split = Split("seeded", 0, tuple(pictures.classes), chosen, chosen[:VALIDATION], ())
    request = Request(data, folder, epochs=2, batch_size=BATCH, size=SIZE, precision=precision)  # type: ignore[arg-type]
    resolved = resolve(request, InitWeights("imagenet"), len(split.labels), count)
    config = replace(resolved, bypass=MODEL[1], balance=0.0)  # type: ignore[arg-type]
    spec = PixelSpec.for_size(SIZE)
    started = time.perf_counter()
    faults = fill_cache(folder / "cache", split, data, spec, config.threads, lambda: None)
    decoding_s = time.perf_counter() - started
    for path, reason in faults.items():
        raise FolderError(f"{path}: found a picture that can't be read ({reason}), wanted every loop to see the same")
    views = Views((SIZE, SIZE), config.smallest_crop, config.jitter, config.whole_views)  # of the plain loop's size
    stores = (open_store(folder / "cache", split, data, spec, part) for part in ("train", "val"))
    train, val = (PictureSamples(store, views, Normalise()) for store in stores)
    task = open_task(config.task, split, config)
    setup = TrainingSetup(train, val, task, Workers(0, 1, _CPU), Stages())
    return setup, config, decoding_s


def repeat_step(state: TrainState, setup: TrainingSetup, config: Config, count: int) -> tuple[float, float]:
    """Images a second, and CPU ms a picture, of the step on one batch, as many times as an epoch has steps."""
    batch = setup.train.draw(range(BATCH), 0, 0, same_target)
    started, before_s = time.perf_counter(), cpu_s()
    for _ in range(count // BATCH):
        train_step(state, state.model, setup, config, batch)
    done = count // BATCH * BATCH
    return done / (time.perf_counter() - started), 1000 * (cpu_s() - before_s) / done
