"""Whether a network tells pictures of a class that it never saw, by which score, and what a class `other` helps.

    python benchmarks/left_out_classes.py PHOTOS CASE [CASE ...] --out runs/strangers [-- --size 128 --epochs 8]

PHOTOS holds train/, val/ and test/. A CASE names classes that are left out: `hat`, or `hat,dress`. Of
`hat,dress/shoes,shirt` shoes and shirts are a class `other`; of `hat,dress+shoes,shirt` they are left out as well, to
compare with. For each a network is trained on the rest, exported, and shown the test pictures of the rest and all
pictures of hats and dresses. The same command goes on where it was interrupted. What follows `--` goes to every
ressq-train.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from artefacts import KINDS
from circumstances import describe_call, say_call
from left_out.case import OTHER, TEST, Case, lay_out, list_parts, read_case
from left_out.features import Floats, Seen, look_at
from left_out.scores import score_all, weigh
from page.command import publish
from page.content import Page, Section, Table
from ressq_edge.network.checkpoint import load_checkpoint
from ressq_export.exporter import SEEN_COUNT
from ressq_export.quantization.calibration import draw_from_training
from ressq_export.run import read_run
from ressq_runtime.classifier import Classifier
from ressq_runtime.inputs.picture import to_pixels
from resumable import make, split_further

SURE = 0.8  # a probability that a person would take for certain


def main(argv: list[str] | None = None) -> int:
    """Trains, exports and measures what is missing, writes and prints; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", type=Path)
    parser.add_argument("cases", nargs="+", type=read_case, metavar="CASE")
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER")
    own, further = split_further(argv)
    arguments = parser.parse_args(own)
    report = publish("left_out_classes.py", lambda: measure(arguments, further), to_page, arguments.out)
    return 0 if report else 1


def measure(arguments: argparse.Namespace, further: Sequence[str]) -> dict[str, Any]:
    """The report: `cases`, a row for each.

    Raises:
        CalledProcessError: ressq-train or ressq-export failed; it said why.
        RessqError: a picture can't be read, or PHOTOS lacks a part or a class.
    """
    rows = []
    for case in arguments.cases:
        folder = lay_out(case, arguments.photos, arguments.out / "photos" / case.name)
        run = arguments.out / case.name
        make(folder, run, further, ["--allow-drop"])
        rows.append(measure_case(case, arguments.photos, folder, run))
    return {"benchmark": "left_out_classes", "data": arguments.photos.name, "cases": rows, **describe_call()}


def measure_case(case: Case, photos: Path, folder: Path, run: Path) -> dict[str, Any]:
    """What the network and its files make of usual pictures and of strangers."""
    parts = list_parts(photos).values()
    strange = [path for classes in parts for name in case.strange for path in classes.get(name, [])]
    usual = [path for label, paths in list_parts(folder)[TEST].items() if label != OTHER for path in paths]
    found = {**asdict(case), "n": {"usual": len(usual), "strange": len(strange)}}
    files = {kind: _ask(run / "dist" / f"{run.name}_{kind}", usual, strange) for kind in KINDS}
    return {**found, "scores": weigh_scores(run, folder, usual, strange), "files": files}


def weigh_scores(run: Path, folder: Path, usual: list[Path], strange: list[Path]) -> dict[str, list[float]]:
    """Score's name -> AUROC and the shares flagged at 1 and 5 % false alarms, in float."""
    read, checkpoint = read_run(run, folder), load_checkpoint(run / "best.safetensors")
    drawn = draw_from_training(read.split, folder, SEEN_COUNT, 0, fewest=1)
    held = [path for path, _ in read.pictures("val")]
    parts = {"train": list(drawn.paths), "val": held, "usual": usual, "strange": strange}
    seen = {part: look_at(checkpoint, paths) for part, paths in parts.items()}
    scores = score_all(seen, np.array(drawn.classes))
    if OTHER in checkpoint.labels:
        scores["probability of `other`"] = _probability(seen, checkpoint.labels.index(OTHER))
    return {name: list(weigh(found["usual"], found["strange"])) for name, found in scores.items()}


def _probability(seen: dict[str, Seen], label: int) -> dict[str, Floats]:
    powers = {part: np.exp(rows.logits - rows.logits.max(1, keepdims=True)) for part, rows in seen.items()}
    return {part: found[:, label] / found.sum(1) for part, found in powers.items()}


def _ask(path: Path, usual: list[Path], strange: list[Path]) -> dict[str, dict[str, float]]:
    """What a file does with both, by its own threshold and limit; shares of the pictures."""
    classifier = Classifier.load(path, threads=1)
    found = {}
    for name, paths in (("usual", usual), ("strange", strange)):
        answers = []
        for picture in paths:
            scores = classifier.scores(to_pixels(picture, classifier.spec))
            answers.append(classifier.rank(scores, 1, classifier.out_of_distribution()))
        taken = [found for found in answers if found.label not in (None, OTHER) and not found.out_of_distribution]
        found[name] = {
            "answered": sum(found.label is not None for found in answers) / len(answers),
            "other": sum(found.label == OTHER for found in answers) / len(answers),
            "flagged": sum(bool(found.out_of_distribution) for found in answers) / len(answers),
            "taken": len(taken) / len(answers),
            "taken_surely": sum(found[0].probability >= SURE for found in taken) / len(answers),
        }
    classifier.close()
    return found


def to_page(report: dict[str, Any]) -> Page:
    """Two tables: scores by case, and what the files do."""
    cases, names = report["cases"], list(dict.fromkeys(name for case in report["cases"] for name in case["scores"]))
    titles = [_title(case) for case in cases]
    rows = [[name, *(_say(case["scores"].get(name)) for case in cases)] for name in names]
    scores = Section(
        "Scores",
        ["AUROC; strangers flagged at 1 % and at 5 % false alarms. In float."],
        Table(["score", *titles], rows),
    )
    heads = ["case", "pictures", "flagged", "answered", "`other`", "taken for right", f"of {SURE:.0%} and more"]
    keys = ("flagged", "answered", "other", "taken", "taken_surely")
    files = [
        Section(kind, table=Table(heads, [
            [title, name, *(f"{case['files'][kind][name][key]:.1%}" for key in keys)]
            for title, case in zip(titles, cases, strict=True) for name in ("usual", "strange")
        ])) for kind in KINDS
    ]  # fmt: skip
    shares = [case["files"]["int8.tflite"]["strange"]["flagged"] for case in cases]
    verdict = f"int8.tflite flags {min(shares):.0%} to {max(shares):.0%} of pictures of classes that were left out"
    title = f"Classes that a network never saw ({report['data']})"
    return Page("left_out_classes", title, verdict, [], [scores, *files], [say_call(report)])


def _title(case: dict[str, Any]) -> str:
    further = {"other": "`other`", "left_out": "left out"}
    said = [f"{words}: {', '.join(case[key])}" for key, words in further.items() if case[key]]
    return "; ".join([f"no {', '.join(case['strange'])}", *said])


def _say(worth: Sequence[float] | None) -> str:
    return "" if worth is None else f"{worth[0]:.3f}; {worth[1]:.0%}, {worth[2]:.0%}"


if __name__ == "__main__":
    sys.exit(main())
