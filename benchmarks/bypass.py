"""What the residual bypass is worth: SqueezeNet and Res-SqueezeNet under one recipe, several seeds.

    python benchmarks/bypass.py PHOTOS --init WEIGHTS --out runs/bypass [--seeds 3] [-- --threads 1]

PHOTOS holds train/, val/ and test/. Trains both networks from WEIGHTS (torchvision's SqueezeNet 1.1) and from random
ones, exports each run by the defaults, and asks each file for the test split once. The same command goes on where it
was interrupted; what is there is not done again. The report goes to OUT. What follows `--` goes to every ressq-train.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path
from statistics import mean, stdev
from typing import Any

import numpy as np
from numpy.typing import NDArray

from artefacts import KINDS
from circumstances import describe_call, say_call
from page.command import publish
from page.content import Bars, Page, Section, Table
from ressq_edge.findings.intervals import t_quantile
from resumable import SCRATCH_EPOCHS, SCRATCH_SIZE, ask, make, split_further

PLAIN, RESIDUAL = "squeezenet1_1", "ressqueezenet1_1"
SCRATCH = ("--init", "none", "--size", str(SCRATCH_SIZE), "--epochs", str(SCRATCH_EPOCHS))
Z95 = 1.959964


@dataclass(frozen=True)
class Difference:
    """Res-SqueezeNet's top-1 less SqueezeNet's, in shares.

    seeds       of each pair of runs
    mean        over the seeds
    low, high   95 %, over the pictures: each counts with its mean over the seeds
    """

    seeds: list[float]
    mean: float
    low: float
    high: float


def main(argv: list[str] | None = None) -> int:
    """Trains, exports and measures what is missing, writes and prints; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", type=Path)
    parser.add_argument("--init", type=Path, metavar="WEIGHTS", help="leave it out to train from random weights alone")
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--seeds", type=int, default=3, metavar="N")
    own, further = split_further(argv)
    arguments = parser.parse_args(own)
    report = publish("bypass.py", lambda: measure(arguments, further), to_page, arguments.out)
    return 0 if report else 1


def measure(arguments: argparse.Namespace, further: Sequence[str]) -> dict[str, Any]:
    """The report: what each start comes to.

    Raises:
        CalledProcessError: ressq-train or ressq-export failed; it said why.
        RessqError: a test picture can't be read.
    """
    starts = {"scratch": list(SCRATCH)}
    if arguments.init:
        starts = {"weights": ["--init", str(arguments.init)], **starts}
    found = {}
    for start, flags in starts.items():
        for arch, seed in product((RESIDUAL, PLAIN), range(arguments.seeds)):
            run = arguments.out / f"{start}-{arch}-{seed}"
            make(arguments.photos, run, ["--arch", arch, "--seed", str(seed), *flags, *further])
            ask(run, arguments.photos / "test")
        found[start] = summarise(arguments.out, start, arguments.seeds)
    return {"benchmark": "bypass", **describe_call(), "seeds": arguments.seeds, "starts": found}


def summarise(out: Path, start: str, seeds: int) -> dict[str, Any]:
    """Top-1 of every run and file, and what the bypass is worth in each file."""
    right = {
        arch: [_right(out / f"{start}-{arch}-{seed}" / "test.json") for seed in range(seeds)]
        for arch in (RESIDUAL, PLAIN)
    }
    return {
        "pictures": len(right[PLAIN][0][KINDS[0]]),
        "top1": {
            arch: {kind: [float(run[kind].mean()) for run in runs] for kind in KINDS} for arch, runs in right.items()
        },
        "gain": {
            kind: asdict(compare([run[kind] for run in right[RESIDUAL]], [run[kind] for run in right[PLAIN]]))
            for kind in KINDS
        },
    }


def _right(path: Path) -> dict[str, NDArray[np.bool_]]:
    found = json.loads(path.read_text())
    return {kind: np.array(found[kind]) == np.array(found["truth"]) for kind in KINDS}


def compare(residual: Sequence[NDArray[np.bool_]], plain: Sequence[NDArray[np.bool_]]) -> Difference:
    """What the first answer right more often, picture by picture: one array (pictures,) a seed, in the same order."""
    differences = np.stack(residual).astype(float) - np.stack(plain)
    pictures = differences.mean(0)
    found, error = float(pictures.mean()), float(pictures.std(ddof=1) / np.sqrt(len(pictures)))
    return Difference(differences.mean(1).tolist(), found, found - Z95 * error, found + Z95 * error)


def to_page(report: dict[str, Any]) -> Page:
    """A table and a plot for each start."""
    said = []
    for start, found in report["starts"].items():
        gain = found["gain"]["int8.tflite"]
        said.append(f"from {start} {_gain(gain)} points on {found['pictures']:,} pictures")
    verdict = f"The bypass is worth, in int8.tflite and over {report['seeds']} seeds, {'; '.join(said)}"
    sections = [_section(start, found) for start, found in report["starts"].items()]
    return Page("bypass", "What the residual bypass is worth", verdict, [], sections, [say_call(report)])


def _section(start: str, found: dict[str, Any]) -> Section:
    top1 = found["top1"]
    rows = []
    for kind in found["gain"]:
        plain, residual = (
            f"{100 * mean(top1[arch][kind]):.1f} ({', '.join(f'{100 * one:.1f}' for one in top1[arch][kind])})"
            for arch in (PLAIN, RESIDUAL)
        )
        rows.append([kind, plain, residual, _gain(found["gain"][kind]), _over_seeds(found["gain"][kind]["seeds"])])
    wrong = {arch: [100 * (1 - mean(top1[arch][kind])) for kind in found["gain"]] for arch in (PLAIN, RESIDUAL)}
    plot = Bars(f"Answered wrong, from {start}", "% of the test pictures", list(found["gain"]), wrong)
    text = [
        f"{found['pictures']} test pictures, top-1 in %, mean (each seed); the gain in points, in pairs: one interval "
        "is for chance among the pictures, the other for chance among the seeds (Student's t)."
    ]
    return Section(
        f"From {start}",
        text,
        Table(["file", PLAIN, RESIDUAL, "gain in points [95 %, pictures]", "each seed [95 %, seeds]"], rows),
        [plot],
    )


def _over_seeds(gains: Sequence[float]) -> str:
    """`+1.3, +4.6, +1.6 [-1.9, 7.0]`."""
    each = ", ".join(f"{100 * one + 0.0:+.1f}" for one in gains)
    if len(gains) < 2:
        return each
    error = t_quantile(len(gains) - 1) * stdev(gains) / len(gains) ** 0.5
    return f"{each} [{100 * (mean(gains) - error):.1f}, {100 * (mean(gains) + error):.1f}]"


def _gain(gain: dict[str, float]) -> str:
    """`+0.3 [-0.7, 1.2]`."""
    return f"{100 * gain['mean'] + 0.0:+.1f} [{100 * gain['low']:.1f}, {100 * gain['high']:.1f}]"


if __name__ == "__main__":
    sys.exit(main())
