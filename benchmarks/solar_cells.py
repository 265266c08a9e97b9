"""Res-SqueezeNet on the solar cells, scored as Deitsch et al. (2019) score theirs: quarters of all 2,624 cells.

    python benchmarks/solar_cells.py --init WEIGHTS --out runs/solar [--seeds 3] [-- --threads 1]

Each seed draws other cells for test (a quarter of each kind and grade) and for validation (15 % of the rest), trains
from WEIGHTS (torchvision's SqueezeNet 1.1), exports by the defaults, and asks each file for the test cells once. The
same command goes on where it was interrupted. The report goes to OUT. What follows `--` goes to every ressq-train.

Experts graded the cells: 0 functional, 1 defective, a third or two thirds where they were not sure. Deitsch et al.
give such a cell its grade as weight in the score: their 88.4228187919 % and 82.43847875 % are 1581/1788 and 1474/1788,
no other denominator up to 3,000 has both, and 596 is what a quarter of the cells weighs. What these figures do not
tell is as what a cell of a third counts, so both are shown. Here it is trained as functional.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import sys
from collections import defaultdict
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from statistics import mean
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from artefacts import KINDS
from circumstances import describe_call, say_call
from page.command import publish
from page.content import Bars, Page, Section, Table
from ressq_runtime.inputs.folders import list_classes
from resumable import ask, make, split_further

Member = TypeVar("Member")
# (part, share of what is left of each stratum): the rest is for training.
HELD_OUT = (("test", 0.25), ("val", 0.15))
VGG19 = 1581 / 1788
Z95 = 1.959964
# What is counted: (weighted?, as what a cell of a third counts).
SCORES = {
    "weighted, a third is functional": (True, "functional"),
    "weighted, a third is defective": (True, "defective"),
    "each cell counts once": (False, "functional"),
}


def main(argv: list[str] | None = None) -> int:
    """Trains, exports and measures what is missing, writes and prints; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--init", type=Path, metavar="WEIGHTS", required=True)
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--seeds", type=int, default=3, metavar="N")
    own, further = split_further(argv)
    arguments = parser.parse_args(own)
    report = publish("solar_cells.py", lambda: measure(arguments, further), to_page, arguments.out)
    return 0 if report else 1


def measure(arguments: argparse.Namespace, further: Sequence[str]) -> dict[str, Any]:
    """The report: each draw's scores.

    Raises:
        CalledProcessError: ressq-train or ressq-export failed; it said why.
        RessqError: a test picture can't be read.
    """
    draws = []
    for seed in range(arguments.seeds):
        photos, run = arguments.out / f"cells-{seed}", arguments.out / f"solar-{seed}"
        lay_out(photos, seed)
        make(photos, run, ["--init", str(arguments.init), "--seed", str(seed), *further], ["--allow-drop"])
        ask(run, photos / "test")
        draws.append(score_draw(photos / "test", json.loads((run / "test.json").read_text())))
    return {"benchmark": "solar_cells", **describe_call(), "draws": draws}


def lay_out(folder: Path, seed: int) -> None:
    """Writes folder/{train,val,test}/{functional,defective}/KIND-INDEX-GRADE.png, if there is no such folder.

    GRADE is the label's probability of a defect in %: 0, 33, 67 or 100.
    """
    if folder.is_dir():
        return
    cells = Path(str(files("elpv_dataset"))) / "data"
    strata: dict[tuple[int, str], list[tuple[int, str]]] = defaultdict(list)
    for index, line in enumerate((cells / "labels.csv").read_text(encoding="ascii").splitlines()):
        path, probability, kind = line.split()
        strata[round(100 * float(probability)), kind].append((index, path))
    partial = folder.with_name(folder.name + ".part")
    for (grade, kind), members in sorted(strata.items()):
        random.Random(f"{seed} {grade} {kind}").shuffle(members)
        for part, (index, path) in assign_parts(members):
            place = partial / part / ("defective" if grade > 50 else "functional")
            place.mkdir(parents=True, exist_ok=True)
            shutil.copy(cells / path, place / f"{kind}-{index:04}-{grade}.png")
    partial.rename(folder)


def assign_parts(members: Sequence[Member]) -> list[tuple[str, Member]]:
    """(part, member) for the members of one stratum, in their order: test, val, then train."""
    assigned: list[tuple[str, Member]] = []
    rest = list(members)
    for part, share in HELD_OUT:
        count = round(share * len(rest))
        assigned += [(part, member) for member in rest[:count]]
        rest = rest[count:]
    return assigned + [("train", member) for member in rest]


def score_draw(test: Path, answered: dict[str, list[int]]) -> dict[str, Any]:
    """`grades`: of each grade the cells and how many are called defective; `top1`: each score of each file, shares.

    test      the folder that was asked, classes in order of their names: defective, functional
    answered  run/test.json: file -> label index of each cell
    """
    grades = np.array([_read_grade(path) for paths in list_classes(test).values() for path in paths])
    called = {kind: np.array(answered[kind]) == 0 for kind in KINDS}
    return {
        "grades": {
            str(grade): {
                "cells": int((grades == grade).sum()),
                **{kind: int(defective[grades == grade].sum()) for kind, defective in called.items()},
            }
            for grade in sorted(set(grades.tolist()))
        },
        "top1": {kind: {name: score(grades, called[kind], *how) for name, how in SCORES.items()} for kind in KINDS},
    }


def _read_grade(path: str) -> int:
    return int(Path(path).stem.rpartition("-")[2])


def score(grades: NDArray[np.int64], defective: NDArray[np.bool_], weighted: bool, a_third_is: str) -> list[float]:
    """[accuracy, low, high], shares, 95 %: of cells of these grades (%), which were called defective or not."""
    truth = grades > (50 if a_third_is == "functional" else 0)
    weights = np.choose(np.searchsorted((0, 33, 67, 100), grades), (1, 1 / 3, 2 / 3, 1) if weighted else (1, 1, 1, 1))
    right = truth == defective
    found = float(np.average(right, weights=weights))
    error = float(np.sqrt((weights**2 * (right - found) ** 2).sum()) / weights.sum())
    return [found, found - Z95 * error, found + Z95 * error]


def to_page(report: dict[str, Any]) -> Page:
    """A table of every draw's scores, and one of what is called defective by grade."""
    draws = report["draws"]
    first = next(iter(SCORES))
    found = mean(draw["top1"]["int8.tflite"][first][0] for draw in draws)
    verdict = (
        f"{first}: int8.tflite is right about {100 * found:.1f} % of the cells, mean of {len(draws)} draws; "
        f"Deitsch et al.'s VGG-19 about {100 * VGG19:.1f} % of theirs"
    )
    head = ["draw", "file", *SCORES]
    rows = [
        [str(seed), kind, *(_show(draw["top1"][kind][name]) for name in SCORES)]
        for seed, draw in enumerate(draws)
        for kind in KINDS
    ]
    means = {kind: [mean(draw["top1"][kind][name][0] for draw in draws) for name in SCORES] for kind in KINDS}
    rows += [["mean", kind, *(f"{100 * one:.1f}" for one in of)] for kind, of in means.items()]
    wrong = {name: [100 * (1 - means[kind][at]) for kind in KINDS] for at, name in enumerate(SCORES)}
    plot = Bars("Answered wrong, mean of the draws", "% of the cells", KINDS, wrong)
    by_grade = [
        [f"{grade} %", str(sum(draw["grades"][grade]["cells"] for draw in draws)), *_shares(draws, grade)]
        for grade in draws[0]["grades"]
    ]
    sections = [
        Section("Right answers", ["In %, [95 %]."], Table(head, rows), [plot]),
        Section(
            "Called defective",
            ["By the experts' probability of a defect, all draws together, in %."],
            Table(["grade", "cells", *KINDS], by_grade),
        ),
    ]
    return Page("solar_cells", "Solar cells, as Deitsch et al. score them", verdict, [], sections, [say_call(report)])


def _show(value: Sequence[float]) -> str:
    return f"{100 * value[0]:.1f} [{100 * value[1]:.1f}, {100 * value[2]:.1f}]"


def _shares(draws: Sequence[dict[str, Any]], grade: str) -> list[str]:
    cells = sum(draw["grades"][grade]["cells"] for draw in draws)
    return [f"{100 * sum(draw['grades'][grade][kind] for draw in draws) / cells:.1f}" for kind in KINDS]


if __name__ == "__main__":
    sys.exit(main())
