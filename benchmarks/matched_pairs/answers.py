"""What the files of one network answer to labelled pictures, and which of the pictures may carry a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ressq_export.measurement.paired import measure_drop
from ressq_runtime.classifier import Classifier
from ressq_runtime.errors import FolderError
from ressq_runtime.inputs.folders import list_classes
from ressq_runtime.inputs.picture import to_pixels
from ressq_runtime.inputs.readable import read_all
from ressq_runtime.intervals import wilson

# First less second probability. Nearer than that a rounding step may turn the answer over, and a refusal would say
# nothing about who is refused.
SURE = 0.3


class Picture(NamedTuple):
    """A picture that may carry a time: its file, its pixels, and the only right answer's index."""

    path: str
    pixels: bytes
    label: int


@dataclass(frozen=True)
class Answered:
    """Several files' answers to the same pictures.

    paths    of the pictures that could be read
    truths   label index of each
    answers  file's name -> label index of each
    margins  file's name -> how far the first probability is above the second
    faults   pictures that could not be read, with reasons
    """

    paths: list[Path]
    truths: NDArray[np.int64]
    answers: dict[str, NDArray[np.int64]]
    margins: dict[str, NDArray[np.float64]]
    faults: list[str]


def label_pictures(folder: Path, labels: Sequence[str]) -> list[tuple[Path, int]]:
    """(picture, label index) of a folder of class folders; classes may be missing.

    Raises:
        FolderError: no class folders, or one that is none of the labels.
    """
    classes = list_classes(folder, fewest=1)
    unknown = [name for name in classes if name not in labels]
    if unknown:
        raise FolderError(f"{folder}: found the class {unknown[0]}, wanted one of {', '.join(labels)}")
    return [(Path(path), labels.index(name)) for name, paths in classes.items() for path in paths]


def answer_all(
    classifiers: Mapping[str, Classifier],
    labelled: Sequence[tuple[Path, int]],
) -> Answered:
    """Every picture to every file; each is decoded once, and all see the same pixels.

    Raises:
        FolderError: not one picture can be read.
    """
    spec = next(iter(classifiers.values())).spec
    rows: dict[str, list[list[float]]] = {name: [] for name in classifiers}
    read: list[tuple[Path, int]] = []
    faults: list[str] = []
    for path, truth, pixels in read_all(labelled, lambda path: to_pixels(path, spec), faults):
        read.append((path, truth))
        for name, classifier in classifiers.items():
            rows[name].append(classifier.scores(pixels))
    scores = {name: np.array(found) for name, found in rows.items()}
    sorted_scores = {name: np.sort(found, axis=1) for name, found in scores.items()}
    return Answered(
        [path for path, _ in read],
        np.array([truth for _, truth in read]),
        {name: found.argmax(1) for name, found in scores.items()},
        {name: found[:, -1] - found[:, -2] for name, found in sorted_scores.items()},
        faults,
    )


def to_figures(answered: Answered, before: str, after: str) -> dict[str, Any]:
    """What `after` loses against `before` on the same pictures: the fields of the exporter's `Drop`."""
    return vars(measure_drop(answered.answers[before], answered.answers[after], answered.truths)).copy()


def to_accuracy(answered: Answered, name: str) -> dict[str, Any]:
    """Top-1 of a file, 0..1, with its 95 % Wilson interval."""
    n, hits = len(answered.truths), int((answered.answers[name] == answered.truths).sum())
    low, high = wilson(hits, n)
    return {"n": n, "top1": hits / n, "top1_low": low, "top1_high": high}


def choose_pictures(answered: Answered, reference: str, count: int, classifier: Classifier) -> list[Picture]:
    """`count` pictures, classes in turn, to which the reference gives the right answer and is sure of it.

    Raises:
        FolderError: there are too few, or all are of one label: a model that always says the same would pass.
    """
    right = (answered.answers[reference] == answered.truths) & (answered.margins[reference] >= SURE)
    by_label: dict[int, list[int]] = {}
    for index in np.flatnonzero(right).tolist():
        by_label.setdefault(int(answered.truths[index]), []).append(index)
    in_turn = [index for indices in zip_longest(*by_label.values()) for index in indices if index is not None][:count]
    labels = {int(answered.truths[index]) for index in in_turn}
    if len(in_turn) < count or len(labels) < 2:
        raise FolderError(
            f"found {len(in_turn)} pictures of {len(labels)} labels that {reference} is right and sure of, wanted "
            f"{count} of two labels or more; take pictures of what the network was trained on"
        )
    return [
        Picture(str(path), to_pixels(path, classifier.spec), int(answered.truths[index]))
        for index, path in ((index, answered.paths[index]) for index in in_turn)
    ]
