"""The answers of several files to the same pictures, each decoded once."""

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

from ressq_edge.network.checkpoint import Checkpoint
from ressq_export.inputs import open_input
from ressq_export.network.input_tensor import Spec, input_tensor
from ressq_runtime.artefact.card import OUT_OF_DISTRIBUTION
from ressq_runtime.engines.tensor import choose_output
from ressq_runtime.inputs.readable import read_all

if TYPE_CHECKING:
    from ressq_runtime.engines.engine import Engine
    from ressq_runtime.engines.tensor import Tensor as Output

# What a file says of pixels; a task has its own kind of answer, and its own of many: floats (pictures, ...), say.
Scorer = Callable[[bytes], Any]
Scores = Any
# Told how many pictures, or runs, of how many are done.
Progress = Callable[[int, int], None]

TORCH = "torch fp32"  # the reference of every agreement
INT8 = ("int8.tflite", "int8.onnx")
COMPARED = (TORCH, *INT8)
SCORES = "scores"  # the output of a model file that holds them
LATENCY_RUNS = 50  # of each file, in turn; a median, so that 50 will do


def scorer_of(engine: "Engine") -> Callable[[bytes], Sequence[float]]:
    """The scores of a model file that is loaded in an engine."""
    name = choose_output("model", engine.outputs, SCORES).name
    return lambda pixels: engine.run(pixels)[name].values()


class FileScorer:
    """What a model file answers, as its task reads the outputs.

    Fields: tells_unlike, whether the file has an out-of-distribution score; out_of_distribution, that of the pixels
    that it was last given.

    Args:
        engine: with the file.
        read: makes the task's answer of named outputs and the pixels.
    """

    def __init__(self, engine: "Engine", read: "Callable[[Mapping[str, Output], bytes], Any]") -> None:
        self._engine, self._read = engine, read
        self.out_of_distribution = 0.0
        self.tells_unlike = any(output.name == OUT_OF_DISTRIBUTION for output in engine.outputs)

    def __call__(self, pixels: bytes) -> Any:
        """The task's answer."""
        outputs = self._engine.run(pixels)
        if self.tells_unlike:
            self.out_of_distribution = outputs[OUT_OF_DISTRIBUTION].values()[0]
        return self._read(outputs, pixels)


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
    scores: by the scorer's name, as the task stacks its answers.
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
    model, taken = network or checkpoint.build(), input_tensor(checkpoint.input)

    def compute(pixels: bytes) -> Tensor:
        with torch.inference_mode():
            return cast(Tensor, model(taken.normalise(taken.batch([pixels]), checkpoint.normalise)))

    return compute


def torch_scorer(
    checkpoint: Checkpoint, temperature: float, network: nn.Module | None = None
) -> Callable[[bytes], Sequence[float]]:
    """The trained network itself, or another that takes its pictures: pixels -> softmax(logits / temperature)."""
    compute = torch_logits(checkpoint, network)

    def score(pixels: bytes) -> list[float]:
        found: list[float] = (compute(pixels) / temperature).softmax(1)[0].tolist()
        return found

    return score


def stack_floats(answers: Sequence[Sequence[float]]) -> NDArray[np.float64]:
    """(pictures, ...): answers that are rows of floats."""
    return np.array(answers, np.float64)


def score_pictures(
    scorers: Mapping[str, Scorer],
    pictures: Sequence[tuple[Path, Any]],
    spec: Spec,
    progress: Progress,
    stack: Callable[[Sequence[Any]], Scores] = stack_floats,
) -> Scored:
    """What each scorer, by its name, makes of each picture that can be read; each is decoded once.

    Args:
        scorers: by name.
        pictures: with their targets.
        spec: of the network's input.
        progress: told how many are done.
        stack: what the task makes of the answers to many pictures.

    Raises:
        FolderError: not one picture can be read.
    """
    read: list[tuple[Path, Any]] = []
    found: dict[str, list[Any]] = {name: [] for name in scorers}
    telling = {name: score for name, score in scorers.items() if isinstance(score, FileScorer) and score.tells_unlike}
    far: dict[str, list[float]] = {name: [] for name in telling}
    faults: list[str] = []
    for path, target, pixels in read_all(pictures, open_input(spec).read, faults, progress):
        for name, score in scorers.items():
            found[name].append(score(pixels))
            if name in far:
                far[name].append(telling[name].out_of_distribution)
        read.append((path, target))
    scores = {name: stack(rows) for name, rows in found.items()}
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
