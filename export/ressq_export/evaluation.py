"""Accuracy and agreement of several classifiers on the same pictures, each decoded once."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import numpy as np
import torch
from numpy.typing import NDArray

from ressq_edge.checkpoint import Checkpoint
from ressq_runtime.errors import FolderError, PictureError
from ressq_runtime.evaluation import wilson
from ressq_runtime.folders import list_classes
from ressq_runtime.pixels import PixelSpec, to_pixels

Scorer = Callable[[bytes], Sequence[float]]
# Told how many pictures, or runs, of how many are done.
Progress = Callable[[int, int], None]

TORCH = "torch fp32"  # the reference of every agreement
LATENCY_RUNS = 50  # of each file, in turn; a median, so that 50 will do


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
class Accuracy:
    """How often one classifier was right, and how often it answered as torch did; shares 0..1.

    n: pictures.
    top1, top1_low, top1_high: share that was right, with its 95 % Wilson interval.
    agreement: share with torch fp32's top-1.
    """

    n: int
    top1: float
    top1_low: float
    top1_high: float
    agreement: float

    def to_json(self, split: str) -> dict[str, object]:
        """The card's `accuracy`; the shares rounded to 6 digits."""
        shares = {key: round(getattr(self, key), 6) for key in ("top1", "top1_low", "top1_high")}
        return {"split": split, "n": self.n, **shares, "agreement_fp32": round(self.agreement, 6)}


def torch_scorer(checkpoint: Checkpoint, temperature: float) -> Scorer:
    """The trained network itself, nothing folded: pixels -> softmax(logits / temperature)."""
    model, spec = checkpoint.build(), checkpoint.pixels
    mean, std = (
        torch.tensor(values).view(1, 3, 1, 1) for values in (checkpoint.normalise.mean, checkpoint.normalise.std)
    )

    def score(pixels: bytes) -> list[float]:
        array = torch.frombuffer(bytearray(pixels), dtype=torch.uint8)
        picture = array.view(1, spec.size, spec.size, 3).permute(0, 3, 1, 2) / 255
        with torch.inference_mode():
            logits = model((picture - mean) / std) / temperature
        found: list[float] = logits.softmax(1)[0].tolist()
        return found

    return score


def labelled_folder(folder: Path, labels: Sequence[str]) -> list[tuple[Path, int]]:
    """(picture, label index) of a folder of class folders; classes may be missing.

    Raises:
        FolderError: no class folders, or one that is none of the labels.
    """
    classes = list_classes(folder, fewest=1)
    for name in classes:
        if name not in labels:
            raise FolderError(
                f"{folder}: found the class {name}, wanted one of {', '.join(labels)}; "
                "name the folders as the run's labels"
            )
    return [(path, labels.index(name)) for name, paths in classes.items() for path in paths]


def measure_accuracy(
    scorers: Mapping[str, Scorer],
    pictures: Sequence[tuple[Path, int]],
    spec: PixelSpec,
    progress: Progress,
) -> tuple[dict[str, Accuracy], list[str]]:
    """Accuracy of each scorer by its name, and the pictures that could not be read, with reasons.

    One scorer is called TORCH; the others' agreement is with it.

    Raises:
        FolderError: not one picture can be read.
    """
    answers: list[list[int]] = []
    truths: list[int] = []
    faults: list[str] = []
    for done, (path, label) in enumerate(pictures, start=1):
        try:
            pixels = to_pixels(path, spec)
        except PictureError as fault:
            faults.append(str(fault))
        else:
            answers.append([int(np.argmax(score(pixels))) for score in scorers.values()])
            truths.append(label)
        progress(done, len(pictures))
    if not truths:
        raise FolderError(f"{faults[0]} (as all {len(faults)} pictures to evaluate on)")
    columns = dict(zip(scorers, np.array(answers).T, strict=True))
    reference = columns[TORCH]
    return {name: _accuracy(row, np.array(truths), reference) for name, row in columns.items()}, faults


def _accuracy(answers: NDArray[np.int64], truths: NDArray[np.int64], reference: NDArray[np.int64]) -> Accuracy:
    n, hits = len(truths), int((answers == truths).sum())
    low, high = wilson(hits, n)
    return Accuracy(n, hits / n, low, high, float((answers == reference).mean()))


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
