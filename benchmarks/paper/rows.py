"""A network of the table: its two .tflite files, what they answer and what that costs, all networks in turn."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

from artefacts import find_artefacts, find_card
from matched_pairs import answers, warm
from ressq_runtime.classifier import Classifier
from ressq_runtime.errors import FolderError

FILES = ("fp32.tflite", "int8.tflite")
_PICTURES = 4


@dataclass
class Row:
    """A network.

    name         of the artefacts
    model        the card's: arch, bypass, parameters, multiply_adds
    start        `from scratch`, or what its weights came from; empty: nothing tells
    paths        of FILES
    classifiers  of FILES, on one thread
    """

    name: str
    model: dict[str, Any]
    start: str
    paths: dict[str, Path]
    classifiers: dict[str, Classifier]


def open_row(run: Path | None, folder: Path) -> Row:
    """The row of a run, or of an export of which no run was given.

    Raises:
        SystemExit: a file is missing.
    """
    artefacts = find_artefacts(folder)
    if "fp32.tflite" not in artefacts:
        raise SystemExit(f"{folder}: found no NAME_fp32.tflite, wanted what ressq-export wrote")
    paths = {kind: artefacts[kind] for kind in FILES}
    card = find_card(paths["int8.tflite"])
    model: Any = card.data["model"]
    classifiers = {kind: Classifier.load(path, threads=1) for kind, path in paths.items()}
    return Row(card.name, model, read_start(run), paths, classifiers)


def read_start(run: Path | None) -> str:
    """From what weights a run began, as its config says."""
    config = run / "config.json" if run else None
    if config is None or not config.is_file():
        return ""
    init = str(json.loads(config.read_text())["settings"]["init"])
    return "from scratch" if init == "none" else f"pretrained ({Path(init).name})"


def measure_rows(rows: Sequence[Row], data: Path, rounds: int, burst: int) -> list[dict[str, Any]]:
    """The figures of each row.

    Raises:
        FolderError: the folders are not a network's labels, or it knows too few of the pictures.
    """
    entries: list[list[warm.Entry]] = []
    found = []
    for row in rows:
        labelled = answers.label_pictures(data, row.classifiers["fp32.tflite"].labels)
        answered = answers.answer_all(row.classifiers, labelled)
        try:
            pictures = answers.choose_pictures(answered, "fp32.tflite", _PICTURES, row.classifiers["fp32.tflite"])
        except FolderError as error:
            raise FolderError(f"{row.name}: {error}") from error
        entries.append([warm.Entry(kind, row.classifiers[kind], pictures) for kind in FILES])
        found.append({
            "name": row.name, **row.model, "start": row.start, "faults": answered.faults,
            "input_px": row.classifiers["fp32.tflite"].spec.height,
            "size_bytes": {kind: path.stat().st_size for kind, path in row.paths.items()},
            "accuracy": {kind: answers.to_accuracy(answered, kind) for kind in FILES},
            "paired": answers.to_figures(answered, *FILES),
        })  # fmt: skip
    warm.measure([entry for pair in entries for entry in pair], rounds, burst)
    readable = [str(path) for path in answered.paths]
    test_set = time_test_set(
        {(index, kind): row.classifiers[kind] for index, row in enumerate(rows) for kind in FILES}, readable
    )
    for index, (pair, figures) in enumerate(zip(entries, found, strict=True)):
        figures["entries"] = {entry.kind: warm.to_figures(entry) for entry in pair}
        figures["ratios"] = warm.to_ratios(pair)
        figures["test_set"] = {kind: test_set[index, kind] for kind in FILES}
    return found


def time_test_set(
    classifiers: Mapping[tuple[int, str], Classifier], pictures: Sequence[str]
) -> dict[tuple[int, str], dict[str, float]]:
    """From file to label, every picture by every file in turn: seconds in all, by the clock and of a core."""
    found = {key: [0.0, 0.0] for key in classifiers}
    order = random.Random(0)
    for picture in pictures:
        for key, classifier in order.sample(list(classifiers.items()), len(classifiers)):
            classifier.classify(picture, 1)  # not counted: another one had the caches
            started, used = perf_counter(), process_time()
            classifier.classify(picture, 1)
            found[key][0] += perf_counter() - started
            found[key][1] += process_time() - used
    return {key: {"seconds": round(wall, 3), "cpu_s": round(cpu, 3)} for key, (wall, cpu) in found.items()}
