"""What int8 costs over several runs: the four artefacts of each run on the same labelled pictures.

    python benchmarks/int8_drop.py FOLDER DIST/NAME [DIST/NAME ...] [--json FILE]

FOLDER holds one folder per class, DIST/NAME stands for DIST/NAME_{fp32,int8}.{onnx,tflite}. Prints Markdown: points of
top-1 that each int8 file loses against the float file of its format, in pairs, and how often answers are the same.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import mean

import numpy as np
from numpy.typing import NDArray
from rich.progress import track

from ressq_export.evaluation import labelled_folder
from ressq_export.paired import Drop, measure_drop
from ressq_runtime.classify import Classifier
from ressq_runtime.errors import RessqError
from ressq_runtime.pixels import to_pixels

KINDS = ("fp32.tflite", "int8.tflite", "fp32.onnx", "int8.onnx")
Answers = dict[str, NDArray[np.int64]]


@dataclass(frozen=True)
class Costs:
    """One run.

    name     DIST/NAME
    top1     of each of the four files, a share 0..1
    tflite   from fp32.tflite to int8.tflite
    onnx     from fp32.onnx to int8.onnx
    both     share of the pictures with the same answer of both int8 files
    """

    name: str
    top1: dict[str, float]
    tflite: Drop
    onnx: Drop
    both: float


def main(argv: list[str] | None = None) -> int:
    """Measures, prints, and returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("names", nargs="+", metavar="DIST/NAME")
    parser.add_argument("--json", metavar="FILE", type=Path, help="also as JSON")
    arguments = parser.parse_args(argv)
    try:
        found = [measure(name, arguments.folder) for name in arguments.names]
    except RessqError as error:
        print(f"int8_drop: {error}", file=sys.stderr)
        return 1
    if arguments.json:
        arguments.json.write_text(json.dumps([asdict(costs) for costs in found], indent=1) + "\n")
    print(markdown(found))
    return 0


def measure(name: str, folder: Path) -> Costs:
    """What int8 costs the run of that name on the pictures below `folder`.

    Raises:
        FolderError: the folder's classes are not the labels.
        RessqError: an artefact can't be loaded, or a picture can't be read.
    """
    answers, truths = answer_all({kind: f"{name}_{kind}" for kind in KINDS}, folder)
    return Costs(
        name,
        {kind: float((found == truths).mean()) for kind, found in answers.items()},
        measure_drop(answers["fp32.tflite"], answers["int8.tflite"], truths),
        measure_drop(answers["fp32.onnx"], answers["int8.onnx"], truths),
        float((answers["int8.tflite"] == answers["int8.onnx"]).mean()),
    )


def answer_all(paths: dict[str, str], folder: Path) -> tuple[Answers, NDArray[np.int64]]:
    """The best label's index of each picture by each artefact, and the right one; all see the same pixels."""
    classifiers = {kind: Classifier.load(path) for kind, path in paths.items()}
    first = classifiers[KINDS[0]]
    labelled = labelled_folder(folder, first.labels)
    rows: dict[str, list[int]] = {kind: [] for kind in paths}
    for path, _ in track(labelled, description=str(folder), disable=not sys.stderr.isatty(), transient=True):
        pixels = to_pixels(path, first.spec)
        for kind, classifier in classifiers.items():
            rows[kind].append(int(np.argmax(classifier.scores(pixels))))
    for classifier in classifiers.values():
        classifier.close()
    return {kind: np.array(found) for kind, found in rows.items()}, np.array([truth for _, truth in labelled])


def markdown(found: list[Costs]) -> str:
    """A row a run, and their mean."""
    head = "| run | n | fp32 top-1 | int8.tflite loses | int8.onnx loses | same as fp32 | int8 files the same |"
    lines = [head, "|---|---|---|---|---|---|---|"]
    for costs in found:
        drops = " | ".join(
            f"{100 * drop.drop:.2f} [{100 * drop.low:.1f}, {100 * drop.high:.1f}]"
            for drop in (costs.tflite, costs.onnx)
        )
        lines.append(
            f"| {costs.name} | {costs.tflite.n} | {costs.top1['fp32.tflite']:.1%} | {drops} | "
            f"{costs.tflite.agreement:.1%}, {costs.onnx.agreement:.1%} | {costs.both:.1%} |"
        )
    means = (
        mean(costs.top1["fp32.tflite"] for costs in found),
        100 * mean(costs.tflite.drop for costs in found),
        100 * mean(costs.onnx.drop for costs in found),
        mean(costs.tflite.agreement for costs in found),
        mean(costs.onnx.agreement for costs in found),
        mean(costs.both for costs in found),
    )
    lines.append("| mean |  | {:.1%} | {:.2f} | {:.2f} | {:.1%}, {:.1%} | {:.1%} |".format(*means))
    return "\n".join(lines)


def _points(drop: Drop) -> str:
    return f"{100 * drop.drop:.2f} [{100 * drop.low:.1f}, {100 * drop.high:.1f}]"


if __name__ == "__main__":
    sys.exit(main())
