"""How often an artefact is right on a folder of labelled pictures, with the uncertainty of that figure."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ressq_runtime.errors import FolderError
from ressq_runtime.inputs.folders import list_classes, list_folders, unwrap
from ressq_runtime.inputs.names import compose, refuse_locale
from ressq_runtime.inputs.readable import read_all
from ressq_runtime.intervals import share_over_groups, wilson
from ressq_runtime.tasks.thresholds import OperatingPoint, list_points

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ressq_runtime.inputs.input_spec import InputSpec
    from ressq_runtime.model import Model
    from ressq_runtime.tasks.classify import Classify


@dataclass(frozen=True)
class WindowShare:
    """Windows of recordings: n of them, the share whose best answer is right, and its 95 % interval over recordings."""

    n: int
    top1: float
    top1_low: float
    top1_high: float


@dataclass(frozen=True)
class Evaluation:
    """What was measured on one folder; shares are fractions, 0..1.

    noun         what was asked about: a picture or a recording
    n            pictures or recordings that were read
    top1         share whose best answer is their folder's name; low and high: 95 % Wilson interval
    top5         share with it among the five best; low and high likewise
    recall       label -> share of its pictures that were answered right; None for a class without pictures
    confusion    rows: the truth, columns: the answer, both in the order of labels; counts of pictures
    faults       pictures that could not be read, each with its reason; they are not in n
    threshold    probability from which on the artefact answers; 0: always
    coverage     share of the pictures that it answers
    answered_top1   share of those that is right, with its interval; None where it answers none
    thresholds   the same of other thresholds, lowest first, to choose from
    out_of_distribution   share of the pictures that it calls unlike the training pictures; None where it can't tell
    windows      of recordings: how many windows were answered, and the share that is right, with its interval over
        recordings; None of pictures
    """

    artefact: str
    folder: str
    engine: str
    n: int
    top1: float
    top1_low: float
    top1_high: float
    top5: float
    top5_low: float
    top5_high: float
    labels: tuple[str, ...]
    recall: dict[str, float | None]
    confusion: tuple[tuple[int, ...], ...]
    faults: tuple[str, ...]
    threshold: float = 0.0
    coverage: float = 1.0
    answered_top1: float | None = None
    answered_top1_low: float | None = None
    answered_top1_high: float | None = None
    thresholds: tuple[OperatingPoint, ...] = ()
    out_of_distribution: float | None = None
    noun: str = "picture"
    windows: WindowShare | None = None

    def to_text(self) -> str:
        """The same for a person."""
        from ressq_runtime.tasks.evaluation_text import to_text

        return to_text(self)

    def to_json(self) -> dict[str, object]:
        """The fields as JSON-able values."""
        return asdict(self)


def evaluate(
    model: Model,
    task: Classify,
    folder: str | os.PathLike[str],
    progress: Callable[[int, int], None] | None = None,
    split: str | os.PathLike[str] | None = None,
) -> Evaluation:
    """Classifies every picture below `folder/<label>/` and compares; classes may be missing.

    `progress` is called with (pictures done, pictures in all). With `split`, a run's split.json, only its test part.

    Raises:
        FolderError: no class folders, one that is none of the labels, or not one picture could be read; or the
            split is none, or of other classes, or has no test part.
    """
    truths: list[int] = []
    orders: list[list[int]] = []
    sure: list[float] = []
    flags: list[bool] = []
    faults: list[str] = []
    refuse_locale(folder, [str(folder), model.path])
    spec, parts = model.input, list[tuple[int, int]]()
    labelled = [(path, truth) for truth, path in list_labelled(Path(folder), task.labels, split, spec)]
    for _, truth, (prepared, *_) in read_all(labelled, model.prepare, faults, progress):
        found_all = spec.run(model.run, prepared)
        outputs = spec.whole(found_all)
        if spec.parts(found_all):
            best = [best_five(task.scores(part))[0] for part in spec.parts(found_all)]
            parts.append((best.count(truth), len(best)))
        scores = task.scores(outputs)
        truths.append(truth)
        sure.append(max(scores))
        orders.append(best_five(scores))
        stranger = task.answer(outputs, top_k=1).out_of_distribution
        flags += [] if stranger is None else [stranger]
    engine = f"{model.engine.name} {model.engine.version}"
    found = summarise(model.path, str(folder), engine, task.labels, truths, orders, faults)
    right = [truth == order[0] for truth, order in zip(truths, orders, strict=True)]
    found = replace(_abstain(found, task.threshold, sure, right), noun=spec.noun, windows=_share_windows(parts))
    return replace(found, out_of_distribution=sum(flags) / len(flags)) if flags else found


def list_labelled(
    folder: Path, labels: Sequence[str], split: str | os.PathLike[str] | None = None, spec: InputSpec | None = None
) -> list[tuple[int, str]]:
    """(label index, picture) of a folder of class folders, some may be missing; with `split`, of its test part.

    spec: what goes into the model; None: pictures.

    Raises:
        FolderError: no class folders, or one that is none of the labels; or the split is none, or of others.
    """
    if split is not None:
        from ressq_runtime.inputs.test_split import list_test_part

        return list_test_part(os.fspath(split), str(folder), labels)
    of = (spec.is_source, spec.noun) if spec else ()
    classes = list_classes(folder, 1, *of)
    indices = {compose(label): index for index, label in enumerate(labels)}
    unknown = [name for name in classes if compose(name) not in indices]
    if unknown:
        inner = _find_labelled(folder, labels)
        advice = f"give {inner}" if inner else "name the folders as the artefact's labels"
        raise FolderError(f"{folder}: found the class {unknown[0]}, wanted one of {', '.join(labels)}; {advice}")
    return [(indices[compose(name)], path) for name, paths in classes.items() for path in paths]


def _find_labelled(folder: Path, labels: Sequence[str]) -> Path | None:
    """A folder further down, that of a test if there is one, whose folders are classes of the model."""
    inner = unwrap(folder)
    below = [inner, *map(unwrap, list_folders(inner)[0])]
    known = {compose(label) for label in labels}
    found = [path for path in below if (inside := list_folders(path)[0]) and {compose(p.name) for p in inside} <= known]
    return next((path for path in found if "test" in path.name.lower()), found[0] if found else None)


def _share_windows(parts: Sequence[tuple[int, int]]) -> WindowShare | None:
    """(right, all) of the windows of each recording; those of one hang together."""
    if not parts:
        return None
    n = sum(count for _, count in parts)
    share = sum(right for right, _ in parts) / n
    return WindowShare(n, share, *share_over_groups(parts))


def _abstain(found: Evaluation, threshold: float, sure: list[float], right: list[bool]) -> Evaluation:
    """With what thresholds make of pictures whose best answers have these probabilities, and are right or not."""
    points = list_points(sure, right, threshold, lambda some: wilson(sum(right[i] for i in some), len(some)))
    own = next(point for point in points if point.threshold == threshold)
    return replace(
        found, threshold=threshold, coverage=own.coverage, thresholds=points,
        answered_top1=own.top1, answered_top1_low=own.top1_low, answered_top1_high=own.top1_high,
    )  # fmt: skip


def best_five(scores: Sequence[float]) -> list[int]:
    """The label indices of the five best scores, best first; equal scores in the order of the labels."""
    return sorted(range(len(scores)), key=lambda index: -scores[index])[:5]


def summarise(
    artefact: str,
    folder: str,
    engine: str,
    labels: Sequence[str],
    truths: Sequence[int],
    orders: Sequence[Sequence[int]],
    faults: Sequence[str],
) -> Evaluation:
    """The figures of answers that are there already.

    truths: label index of each picture, one or more; orders: `best_five` of its scores.
    """
    n, count = len(truths), len(labels)
    confusion = [[0] * count for _ in range(count)]
    for truth, order in zip(truths, orders, strict=True):
        confusion[truth][order[0]] += 1
    first = sum(confusion[index][index] for index in range(count))
    five = sum(truth in order for truth, order in zip(truths, orders, strict=True))
    recall = {
        label: confusion[i][i] / sum(confusion[i]) if sum(confusion[i]) else None for i, label in enumerate(labels)
    }
    return Evaluation(
        artefact, folder, engine, n,
        first / n, *wilson(first, n),
        five / n, *wilson(five, n),
        tuple(labels), recall, tuple(map(tuple, confusion)), tuple(faults),
    )  # fmt: skip
