"""The loop of torchvision's tutorials: ImageFolder, a DataLoader with two workers, transforms picture by picture."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import NamedTuple

import torch
from torch import nn
from torch.utils.data import DataLoader, Subset
from torchvision.datasets import ImageFolder
from torchvision.transforms import v2

from ressq_edge.network.arch import ModelSpec, build_model
from ressq_edge.network.checkpoint import Normalise
from ressq_edge.recipe import FINE_TUNE

SIZE, BATCH, WORKERS = 224, 32, 2
MODEL = ("ressqueezenet1_1", "gated")


class Speed(NamedTuple):
    """Images a second in the first epoch and in the second, and milliseconds of processors for a picture of it."""

    first: float
    second: float
    cpu_ms: float


def measure_plain(data: Path, count: int, precision: str) -> Speed:
    """Two epochs on `count` pictures of ImageFolder's, with our augmentation's parameters."""
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
    loader = DataLoader(Subset(pictures, pick(data, count)), BATCH, shuffle=True, num_workers=WORKERS)
    model = build_model(ModelSpec(MODEL[0], MODEL[1], len(pictures.classes))).train()  # type: ignore[arg-type]
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
    return Speed(speeds[0], speeds[1], 1000 * (cpu_s() - before_s) / count)


def pick(data: Path, count: int) -> list[int]:
    """`count` numbers of ImageFolder's pictures, evenly over all classes; each once as long as there are enough."""
    total = len(ImageFolder(str(data)))
    return [index * total // count for index in range(count)]


def cpu_s() -> float:
    """Processor time of this process, and of its children that ended."""
    return sum(os.times()[:4])
