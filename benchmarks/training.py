"""Training throughput: ressq-train's loop, the same step on data in memory, and a plain torchvision loop, in turn.

    python benchmarks/training.py DATA [--pictures 512] [--rounds 3]

DATA has a folder a class. Every measurement is a process of its own: two epochs of ressqueezenet1_1 (gated bypass)
at 224 pixels, batch 32, all cores. Our first epoch includes decoding, which the plain loop does in every epoch. The
gauge of each round says how much two busy processes get done against one: below 1.9 on two cores, others were busy, and
only the processor time of a picture (second epoch, all threads and workers) still means something.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from statistics import median

import torch
from torch import nn
from torch.utils.data import DataLoader, Subset
from torchvision.datasets import ImageFolder
from torchvision.transforms import v2

from ressq_edge.arch import ModelSpec, build_model
from ressq_edge.augment import Views, draw_batch
from ressq_edge.cache import fill_cache, open_store
from ressq_edge.checkpoint import Normalise
from ressq_edge.config import FINE_TUNE, Config
from ressq_edge.init import InitWeights
from ressq_edge.memory import keep_freed_memory
from ressq_edge.request import Request, resolve
from ressq_edge.split import Split
from ressq_edge.stages import Stages
from ressq_edge.state import TrainState, begin_state
from ressq_edge.step import Task, train_step
from ressq_edge.train import Hooks, train
from ressq_edge.workers import Workers
from ressq_runtime.pixels import PixelSpec
from streaming import gauge

SIZE, BATCH = 224, 32
VALIDATION = 8  # pictures: our loop validates after each epoch, outside of what is timed
CPU = torch.device("cpu")
VARIANTS = ("plain fp32", "plain bf16", "memory fp32", "memory bf16", "ours fp32", "ours bf16")


def main() -> int:
    """Measures, prints, and returns the exit code."""
    parser = argparse.ArgumentParser(description="Training throughput, side by side.")
    parser.add_argument("data", type=Path)
    parser.add_argument("--pictures", type=int, default=512)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--one", choices=VARIANTS, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        print(json.dumps(measure(arguments.one, arguments.data, arguments.pictures)))
        return 0
    found: dict[str, list[list[float]]] = {variant: [] for variant in VARIANTS}
    for number in range(arguments.rounds):
        gauges = [gauge()]
        for variant in VARIANTS[number % 6 :] + VARIANTS[: number % 6]:
            command = [sys.executable, __file__, str(arguments.data), "--pictures", str(arguments.pictures)]
            said = subprocess.run([*command, "--one", variant], check=True, capture_output=True, text=True).stdout
            found[variant].append(json.loads(said))
        gauges.append(gauge())
        print(f"round {number + 1}: gauge {min(gauges):.2f}", file=sys.stderr)
    show(found)
    return 0


def show(found: dict[str, list[list[float]]]) -> None:
    """Images a second and processor time, medians over the rounds, and ratios within a round."""
    print("| loop | first epoch | second epoch | CPU ms a picture |\n|---|---:|---:|---:|")
    for variant, rounds in found.items():
        first, second, cpu_ms = (median(column) for column in zip(*rounds, strict=True))
        print(f"| {variant} | {first:.1f} | {second:.1f} | {cpu_ms:.1f} |")
    for one, other in (
        ("ours fp32", "memory fp32"),
        ("ours bf16", "memory bf16"),
        ("ours fp32", "plain fp32"),
        ("ours bf16", "plain fp32"),
        ("plain bf16", "plain fp32"),
        ("ours bf16", "plain bf16"),
    ):
        ratios = sorted(a[1] / b[1] for a, b in zip(found[one], found[other], strict=True))
        print(f"{one} / {other}, second epoch: {median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})")


def measure(variant: str, data: Path, count: int) -> list[float]:
    """Images a second in the first and in the second epoch, and the second one's CPU time a picture in ms."""
    kind, precision = variant.split()
    if kind == "plain":
        return measure_plain(data, count, precision)
    keep_freed_memory()
    with tempfile.TemporaryDirectory() as folder:
        return measure_ours(data, count, precision, Path(folder), in_memory=kind == "memory")


def pick(data: Path, count: int) -> list[int]:
    """`count` numbers of ImageFolder's pictures, evenly over all classes."""
    total = len(ImageFolder(str(data)))
    return [index * total // count for index in range(count)]


def measure_plain(data: Path, count: int, precision: str) -> list[float]:
    """The loop of torchvision's tutorials, with our augmentation's parameters."""
    transforms = v2.Compose(
        [
            v2.RandomResizedCrop(SIZE, scale=(FINE_TUNE.smallest_crop, 1.0)),
            v2.RandomHorizontalFlip(),
            v2.ColorJitter(*[FINE_TUNE.jitter] * 3),
            v2.PILToTensor(),
            v2.ToDtype(torch.float32, scale=True),
            v2.Normalize(Normalise().mean, Normalise().std),
        ]
    )
    pictures = ImageFolder(str(data), transforms)
    loader = DataLoader(Subset(pictures, pick(data, count)), BATCH, shuffle=True, num_workers=2)
    model = build_model(ModelSpec("ressqueezenet1_1", "gated", len(pictures.classes))).train()
    optimizer = torch.optim.AdamW(model.parameters(), 1e-4)
    loss_of = nn.CrossEntropyLoss(label_smoothing=FINE_TUNE.label_smoothing)
    speeds = []
    for _ in range(2):
        started, before_s = time.perf_counter(), cpu_s()
        for inputs, labels in loader:
            with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bf16"):
                loss = loss_of(model(inputs), labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        speeds.append(count / (time.perf_counter() - started))
    return [*speeds, 1000 * (cpu_s() - before_s) / count]


def measure_ours(data: Path, count: int, precision: str, folder: Path, *, in_memory: bool) -> list[float]:
    """`ressq-train`'s loop; with `in_memory` its step alone, on one batch that was drawn before."""
    pictures = ImageFolder(str(data))
    chosen = tuple(
        (str(Path(pictures.samples[i][0]).relative_to(data)), pictures.samples[i][1]) for i in pick(data, count)
    )
    split = Split("seeded", 0, tuple(pictures.classes), chosen, chosen[:VALIDATION], ())
    request = Request(data, folder, epochs=2, batch_size=BATCH, size=SIZE, precision=precision)  # type: ignore[arg-type]
    config = replace(resolve(request, InitWeights("imagenet"), len(split.labels), count), bypass="gated")
    spec = PixelSpec.for_size(SIZE)
    started = time.perf_counter()
    assert not fill_cache(folder / "cache", split, data, spec, config.threads, lambda: None)
    decoding_s = time.perf_counter() - started
    train_store, val_store = (open_store(folder / "cache", split, data, spec, part) for part in ("train", "val"))
    views = Views(SIZE, config.smallest_crop, config.jitter)
    weights = torch.ones(len(split.labels))
    task = Task(train_store, val_store, views, weights, Normalise(), Workers(0, 1, CPU), Stages())
    state = begin_state(build_model(ModelSpec("ressqueezenet1_1", "gated", len(split.labels))), config)
    if in_memory:
        return [*repeat_step(state, task, config, count)[:1], *repeat_step(state, task, config, count)]
    spent: list[float] = []
    hooks = Hooks(lambda _: None, lambda *_: spent.append(cpu_s()), lambda: False)
    train(state, task, config, folder / "last.safetensors", hooks)
    first, second = (float(row["images_per_second"]) for row in state.epochs)
    return [count / (decoding_s + count / first), second, 1000 * (spent[1] - spent[0]) / count]


def repeat_step(state: TrainState, task: Task, config: Config, count: int) -> list[float]:
    """Images a second, and CPU ms a picture, of the step on one batch, as many times as an epoch has steps."""
    batch = draw_batch(task.train, range(BATCH), task.views, 0, 0)
    started, before_s = time.perf_counter(), cpu_s()
    for _ in range(count // BATCH):
        train_step(state, state.model, task, config, batch)
    done = count // BATCH * BATCH
    return [done / (time.perf_counter() - started), 1000 * (cpu_s() - before_s) / done]


def cpu_s() -> float:
    """Processor time of this process, and of its children that ended."""
    return sum(os.times()[:4])


if __name__ == "__main__":
    sys.exit(main())
