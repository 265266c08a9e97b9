"""The axes: what grows, what it costs, and what it should cost, reckoned from something else than the figures drawn."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from board.models import make_random
from board.photos import make_photo
from cold_start import answer_command, run
from ressq_runtime.artefact.installed import BUILTIN
from ressq_runtime.classifier import Classifier
from ressq_runtime.inputs.golden_picture import golden_picture
from ressq_runtime.inputs.picture import crop, decode
from ressq_runtime.model import default_threads
from spreads import spread
from turns import take_turns

# (width, height): a picture out of a data set, a webcam's, and phones' photos.
PICTURES = ((400, 441), (1280, 960), (2000, 1500), (4000, 3000), (5600, 4200))
INPUTS, QUICK_INPUTS = (96, 128, 160, 224, 320), (96, 224)
CLASSES, QUICK_CLASSES = (2, 10, 100, 1000), (10, 1000)
FOLDERS, QUICK_FOLDERS = (1, 4, 16, 64), (1, 4, 16)
_WHICH = ("int8", "fp32")
Axis = dict[str, Any]


def measure_pictures(folder: Path, rounds: int, *, quick: bool) -> Axis:
    """From file to label by the size of the JPEG, as ressq-infer decodes and in full.

    Expected of full decoding: an inference, and beyond that in proportion to the pixels. ressq-infer decodes a large
    picture at a half, a quarter or an eighth of its size, so its line is expected to stay below.
    """
    classifier = Classifier.load(BUILTIN, threads=1)
    jobs: dict[tuple[str, float], Callable[[], object]] = {}
    for width, height in PICTURES[: 4 if quick else None]:
        path = folder / f"photo-{width}x{height}.jpg"
        if not path.exists():
            make_photo(path, width, height)
        megapixels = round(width * height / 1e6, 2)
        jobs["ressq-infer", megapixels] = partial(classifier.classify, str(path), 1)
        jobs["full decoding", megapixels] = partial(_decode_in_full, classifier, str(path))
    jobs["inference", 0] = partial(classifier.scores, _pixels(classifier.spec.height))
    lines = _lines(jobs, rounds, 1)
    ((_, inference),) = lines.pop("inference")
    far, cost = lines["full decoding"][-1]
    expected = [(x, inference + (cost - inference) * x / far) for x, _ in lines["full decoding"]]
    return {"lines": lines, "expected": {"full decoding": expected}}


def measure_inputs(folder: Path, rounds: int, *, quick: bool) -> Axis:
    """An inference by the side of the input; expected: in proportion to the multiply-adds."""
    sides = QUICK_INPUTS if quick else INPUTS
    paths = {side: {kind: folder / f"random-{side}px_{kind}.tflite" for kind in _WHICH} for side in sides}
    for side, kinds in paths.items():
        for path in kinds.values():
            make_random(path, size=side)
    return _measure_networks(paths, rounds, anchor=-1)


def measure_classes(folder: Path, rounds: int, *, quick: bool) -> Axis:
    """An inference by the number of classes; expected: in proportion to the multiply-adds, of which the last layer's
    are few, since the mean comes before it."""
    counts = QUICK_CLASSES if quick else CLASSES
    paths = {count: {kind: folder / f"random-{count}_{kind}.tflite" for kind in _WHICH} for count in counts}
    for count, kinds in paths.items():
        for path in kinds.values():
            make_random(path, count)
    return _measure_networks(paths, rounds, anchor=0)


def _measure_networks(paths: Mapping[int, Mapping[str, Path]], rounds: int, anchor: int) -> Axis:
    classifiers = {
        (kind, value): Classifier.load(path, threads=1)
        for value, kinds in paths.items()
        for kind, path in kinds.items()
    }
    jobs: dict[tuple[str, float], Callable[[], object]] = {
        key: partial(classifier.scores, _pixels(classifier.spec.height)) for key, classifier in classifiers.items()
    }
    lines = _lines(jobs, rounds, 5)
    adds = {value: _multiply_adds(classifiers[_WHICH[0], value]) for value in paths}
    expected = {}
    for kind, line in lines.items():
        at, cost = line[anchor]
        expected[kind] = [(value, cost * adds[value] / adds[int(at)]) for value in paths]
    for classifier in classifiers.values():
        classifier.close()
    return {"lines": lines, "expected": expected}


def measure_folders(folder: Path, rounds: int, *, quick: bool) -> Axis:
    """Whole processes of ressq-infer by the number of pictures; expected: the first one's cost, and for each further
    picture what it costs a process that runs already."""
    picture = folder / "photo-400x441.jpg"
    if not picture.exists():
        make_photo(picture, 400, 441)
    classifier = Classifier.load(BUILTIN, threads=1)
    warm = take_turns({"one": lambda: classifier.classify(str(picture), 1)}, rounds, 5)["one"]
    counts = QUICK_FOLDERS if quick else FOLDERS
    commands = {count: [*answer_command(picture), *[str(picture)] * (count - 1), "--threads", "1"] for count in counts}
    costs: dict[int, list[float]] = {count: [] for count in counts}
    for _ in range(max(2, rounds // 2)):
        for count, command in commands.items():
            costs[count].append(1000 * run(command).cpu_s)
    line = [(count, round(median(found), 3)) for count, found in costs.items()]
    each = median(warm.cpu_ms)
    return {
        "lines": {"ressq-infer": line},
        "expected": {"ressq-infer": [(n, line[0][1] + (n - 1) * each) for n in counts]},
    }


def measure_threads(folder: Path, rounds: int, *, quick: bool) -> Axis:
    """An inference by the number of threads, by the wall clock; expected: each thread takes its share, which small
    layers don't allow."""
    del folder, quick
    jobs: dict[tuple[str, float], Callable[[], object]] = {}
    for count in range(1, default_threads() + 1):
        classifier = Classifier.load(BUILTIN, threads=count)
        jobs["int8", count] = partial(classifier.scores, _pixels(classifier.spec.height))
    lines = _lines(jobs, rounds, 10, clock="wall_ms")
    return {"lines": lines, "expected": {"int8": [(n, lines["int8"][0][1] / n) for n, _ in lines["int8"]]}}


def _decode_in_full(classifier: Classifier, path: str) -> list[float]:
    return classifier.scores(crop(decode(path), classifier.spec))


def _lines(
    jobs: Mapping[tuple[str, float], Callable[[], object]], rounds: int, burst: int, clock: str = "cpu_ms"
) -> dict[str, list[tuple[float, float]]]:
    """Line -> (what grows, median milliseconds), in the order of the jobs."""
    lines: dict[str, list[tuple[float, float]]] = {}
    for (name, value), found in take_turns(jobs, rounds, burst).items():
        lines.setdefault(name, []).append((value, spread(getattr(found, clock))[0]))
    return lines


def _pixels(side: int) -> bytes:
    return golden_picture(0, side, side).crop((0, 0, side, side)).tobytes()


def _multiply_adds(classifier: Classifier) -> int:
    assert classifier.card
    model: Any = classifier.card.data["model"]
    return int(model["multiply_adds"])
