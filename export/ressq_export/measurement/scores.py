"""The scores of several files for the same pictures, each decoded once."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ressq_edge.data.augment import normalise
from ressq_edge.network.checkpoint import Checkpoint
from ressq_runtime.engines.tensor import choose_output
from ressq_runtime.inputs.picture import to_pixels
from ressq_runtime.inputs.picture_spec import PixelSpec
from ressq_runtime.inputs.readable import read_all

if TYPE_CHECKING:
    from ressq_runtime.engines.engine import Engine

Scorer = Callable[[bytes], Sequence[float]]
Scores = NDArray[np.float64]  # (pictures, ...)
# Told how many pictures, or runs, of how many are done.
Progress = Callable[[int, int], None]

TORCH = "torch fp32"  # the reference of every agreement
INT8 = ("int8.tflite", "int8.onnx")
COMPARED = (TORCH, *INT8)
SCORES = "scores"  # the output of a model file that holds them
LATENCY_RUNS = 50  # of each file, in turn; a median, so that 50 will do


def scorer_of(engine: "Engine") -> Scorer:
    """The scores of a model file that is loaded in an engine."""
    name = choose_output("model", engine.outputs, SCORES).name
    return lambda pixels: engine.run(pixels)[name].values()


@contextmanager
def one_thread() -> Iterator[None]:
    """PyTorch on one thread until the block ends.

    Five interpreters take turns here, and the waiting threads of each spin: with a thread a core the others'
    cores are taken, and on a busy machine a picture took 0.7 s instead of 0.07.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


@dataclass(frozen=True)
class Scored:
    """What several scorers made of the same pictures.

    paths: of the pictures that could be read.
    targets: of each, as the task has them.
    scores: by the scorer's name.
    faults: pictures that could not be read, with reasons.
    out_of_distribution: score by the scorer's name, (pictures,), of those that have one.
    groups: number of each picture's group; empty where pictures are independent, or their groups are not known.
    """

    paths: tuple[Path, ...]
    targets: NDArray[Any]
    scores: dict[str, Scores]
    faults: tuple[str, ...]
    out_of_distribution: dict[str, NDArray[np.float64]] = field(default_factory=dict)
    groups: tuple[int, ...] = ()


@dataclass(frozen=True)
class PictureSet:
    """Pictures whose targets are known, and what every file made of them.

    name: "validation split", or the folder's.
    root: what the pictures are named relative to.
    scored: the answers of torch and the files.
    """

    name: str
    root: Path
    scored: Scored


def torch_logits(checkpoint: Checkpoint, network: nn.Module | None = None) -> Callable[[bytes], Tensor]:
    """The trained network itself, nothing folded, or another that takes its pictures: pixels -> logits (1, classes)."""
    model, spec = network or checkpoint.build(), checkpoint.pixels
    mean, std = checkpoint.normalise.mean, checkpoint.normalise.std

    def compute(pixels: bytes) -> Tensor:
        array = torch.frombuffer(bytearray(pixels), dtype=torch.uint8)
        picture = array.view(1, spec.height, spec.width, 3).permute(0, 3, 1, 2)
        with torch.inference_mode():
            return cast(Tensor, model(normalise(picture, mean, std)))

    return compute


def torch_scorer(checkpoint: Checkpoint, temperature: float, network: nn.Module | None = None) -> Scorer:
    """The trained network itself, or another that takes its pictures: pixels -> softmax(logits / temperature)."""
    compute = torch_logits(checkpoint, network)

    def score(pixels: bytes) -> list[float]:
        found: list[float] = (compute(pixels) / temperature).softmax(1)[0].tolist()
        return found

    return score


def score_pictures(
    scorers: Mapping[str, Scorer],
    pictures: Sequence[tuple[Path, Any]],
    spec: PixelSpec,
    progress: Progress,
    out_of_distribution: Mapping[str, Callable[[], float]] | None = None,
) -> Scored:
    """What each scorer, by its name, makes of each picture that can be read; each is decoded once.

    Args:
        scorers: by name.
        pictures: with their targets.
        spec: how they become pixels.
        progress: told how many are done.
        out_of_distribution: by the scorer's name, the score of the pixels that it was last given.

    Raises:
        FolderError: not one picture can be read.
    """
    read: list[tuple[Path, Any]] = []
    found: dict[str, list[Sequence[float]]] = {name: [] for name in scorers}
    far: dict[str, list[float]] = {name: [] for name in out_of_distribution or {}}
    faults: list[str] = []
    for path, target, pixels in read_all(pictures, lambda path: to_pixels(path, spec), faults, progress):
        for name, score in scorers.items():
            found[name].append(score(pixels))
            if out_of_distribution and name in out_of_distribution:
                far[name].append(out_of_distribution[name]())
        read.append((path, target))
    scores = {name: np.array(rows, np.float64) for name, rows in found.items()}
    targets = np.array([target for _, target in read])
    away = {name: np.array(row) for name, row in far.items()}
    return Scored(tuple(path for path, _ in read), targets, scores, tuple(faults), away)


def measure_latency(scorers: Mapping[str, Scorer], pixels: bytes, progress: Progress) -> dict[str, float]:
    """Median milliseconds of one inference by each, warm, taken in turn so that a busy machine hits all alike."""
    samples: dict[str, list[float]] = {name: [] for name in scorers}
    for score in scorers.values():
        score(pixels)  # the first call allocates
    for done in range(LATENCY_RUNS):
        for name, score in scorers.items():
            start = perf_counter()
            score(pixels)
            samples[name].append((perf_counter() - start) * 1000)
        progress(done + 1, LATENCY_RUNS)
    return {name: float(np.median(found)) for name, found in samples.items()}
