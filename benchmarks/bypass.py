"""What the residual bypass is worth: SqueezeNet and Res-SqueezeNet under one recipe, several seeds.

    python benchmarks/bypass.py PHOTOS --init WEIGHTS --out runs/bypass [--seeds 3]

PHOTOS holds train/, val/ and test/. Trains both networks from WEIGHTS (torchvision's SqueezeNet 1.1) and from random
ones, exports each run by the defaults, and asks each file for the test split once. The same command goes on where it
was interrupted; what is there is not done again. Prints Markdown, writes OUT/bypass.json.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path
from statistics import mean

import numpy as np
from numpy.typing import NDArray

from int8_drop import KINDS, answer_all
from ressq_runtime.errors import RessqError

PLAIN, RESIDUAL = "squeezenet1_1", "ressqueezenet1_1"
# From scratch at half the size: three seeds of both networks then take what one would at 224 pixels.
SCRATCH = ("--init", "none", "--size", "112", "--epochs", "24")
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
    """Trains, exports and measures what is missing, prints, and returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", type=Path)
    parser.add_argument("--init", type=Path, metavar="WEIGHTS", help="leave it out to train from random weights alone")
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--seeds", type=int, default=3, metavar="N")
    parser.add_argument("train", nargs="*", metavar="-- FLAG", help="further flags for every ressq-train")
    arguments = parser.parse_args(argv)
    starts = {"scratch": list(SCRATCH)}
    if arguments.init:
        starts = {"weights": ["--init", str(arguments.init)], **starts}
    report: dict[str, object] = {"benchmark": "bypass", "seeds": arguments.seeds, "starts": {}}
    tables = []
    try:
        for start, flags in starts.items():
            for arch, seed in product((RESIDUAL, PLAIN), range(arguments.seeds)):
                flags_here = ["--arch", arch, "--seed", str(seed), *flags, *arguments.train]
                make(arguments.photos, arguments.out / f"{start}-{arch}-{seed}", flags_here)
            found = summarise(arguments.out, start, arguments.seeds)
            report["starts"] |= {start: found}  # type: ignore[operator]
            tables.append(markdown(start, found))
    except (RessqError, subprocess.CalledProcessError) as error:
        print(f"bypass: {error}", file=sys.stderr)
        return 1
    (arguments.out / "bypass.json").write_text(json.dumps(report, indent=1) + "\n")
    print("\n\n".join(tables))
    return 0


def make(photos: Path, run: Path, flags: Sequence[str]) -> None:
    """The run, its artefacts in run/dist, and run/test.json: the label that each file gives each test picture.

    Raises:
        CalledProcessError: ressq-train or ressq-export failed; it said why.
    """
    if not (run / "summary.md").exists():
        resume = ["--resume"] if (run / "config.json").exists() else list(flags)
        call("ressq_edge.cli", photos, "--out", run, *resume)
    if not (run / "dist" / f"{run.name}_int8.tflite").exists():
        call("ressq_export.cli", run, "--out", run / "dist", "--name", run.name, "--data", photos)
    if not (run / "test.json").exists():
        answers, truths = answer_all(
            {kind: str(run / "dist" / f"{run.name}_{kind}") for kind in KINDS}, photos / "test"
        )
        found = {"truth": truths.tolist(), **{kind: labels.tolist() for kind, labels in answers.items()}}
        (run / "test.json").write_text(json.dumps(found) + "\n")


def call(module: str, *arguments: str | Path) -> None:
    """One of our commands, with this Python; what it prints is seen."""
    subprocess.run([sys.executable, "-m", module, *map(str, arguments)], check=True, stdout=subprocess.DEVNULL)


def summarise(out: Path, start: str, seeds: int) -> dict[str, object]:
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
    found = {key: np.array(labels) for key, labels in json.loads(path.read_text()).items()}
    return {kind: found[kind] == found["truth"] for kind in KINDS}


def compare(residual: Sequence[NDArray[np.bool_]], plain: Sequence[NDArray[np.bool_]]) -> Difference:
    """What the first answer right more often, picture by picture: one array (pictures,) a seed, in the same order."""
    differences = np.stack(residual).astype(float) - np.stack(plain)
    pictures = differences.mean(0)
    found, error = float(pictures.mean()), float(pictures.std(ddof=1) / np.sqrt(len(pictures)))
    return Difference(differences.mean(1).tolist(), found, found - Z95 * error, found + Z95 * error)


def markdown(start: str, found: dict[str, object]) -> str:
    """One table: a row a file."""
    top1: dict[str, dict[str, list[float]]] = found["top1"]  # type: ignore[assignment]
    gain: dict[str, dict[str, float]] = found["gain"]  # type: ignore[assignment]
    lines = [
        f"From {start}, {found['pictures']} test pictures, top-1 in %",
        "",
        f"| file | {PLAIN} | {RESIDUAL} | gain in points [95 %] |",
        "|---|---|---|---|",
    ]
    for kind in KINDS:
        plain, residual = (
            f"{100 * mean(top1[arch][kind]):.1f} ({', '.join(f'{100 * one:.1f}' for one in top1[arch][kind])})"
            for arch in (PLAIN, RESIDUAL)
        )
        row = gain[kind]
        lines.append(
            f"| {kind} | {plain} | {residual} | "
            f"{100 * row['mean']:+.1f} [{100 * row['low']:.1f}, {100 * row['high']:.1f}] |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
