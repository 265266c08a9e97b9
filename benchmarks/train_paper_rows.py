"""The rows of the paper's table, trained and exported: what `benchmarks/paper_table.py` measures.

    python benchmarks/train_paper_rows.py PHOTOS --out RUNS [--init WEIGHTS] [--size 112] [--epochs 24] [-- --threads 1]

PHOTOS holds train/, val/ and test/. All six networks from random weights, and both SqueezeNets from WEIGHTS
(torchvision's SqueezeNet 1.1) as well; of one input size, so that their times compare. It takes hours: the same command
goes on where it was interrupted, and what is there is not done again. A row that fails is named, the others go on. The
last line is the command that measures the rows. int8 is kept however much it loses: the table says how much. What
follows `--` goes to every ressq-train.
"""

from __future__ import annotations

import argparse
import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from bypass import PLAIN, RESIDUAL
from paper.page import PAPER
from ressq_runtime.errors import OutputError
from resumable import SCRATCH_EPOCHS, SCRATCH_SIZE, make, split_further

_STOPPED = 130  # ressq-train's exit code after Ctrl-C


def main(argv: list[str] | None = None) -> int:
    """Trains and exports what is missing, prints how to measure it, and returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("photos", type=Path, metavar="PHOTOS")
    add("--out", type=Path, required=True, metavar="RUNS", help="a folder a row goes there")
    add("--init", type=Path, metavar="WEIGHTS", help="leave it out to train from random weights alone")
    add("--size", type=int, default=SCRATCH_SIZE, metavar="N", help=f"input of every row (default {SCRATCH_SIZE})")
    add("--epochs", type=int, default=SCRATCH_EPOCHS, metavar="N", help=f"from scratch (default {SCRATCH_EPOCHS})")
    own, further = split_further(argv)
    arguments = parser.parse_args(own)
    rows = plan_rows(arguments.init, arguments.size, arguments.epochs, further)
    failed = make_rows(arguments.photos, arguments.out, rows)
    if _STOPPED in failed.values():
        return _STOPPED
    for name in failed:
        print(f"train_paper_rows.py: error: {arguments.out / name}: found no artefacts after it, wanted four; its "
              "own error is above; mend it and repeat the command", file=sys.stderr)  # fmt: skip
    made = [str(arguments.out / name) for name in rows if name not in failed]
    if made:
        data = str(arguments.photos / "test")
        print(shlex.join(["python", "benchmarks/paper_table.py", *made, "--data", data]))
    return 1 if failed else 0


def plan_rows(init: Path | None, size: int, epochs: int, further: Sequence[str]) -> dict[str, list[str]]:
    """Name of a run -> flags of ressq-train; what says most comes first."""
    rows = {}
    if init is not None:
        for arch in (PLAIN, RESIDUAL):
            rows[f"weights-{arch}"] = ["--arch", arch, "--init", str(init), "--size", str(size), *further]
    for arch, *_ in PAPER.values():
        scratch = ["--init", "none", "--size", str(size), "--epochs", str(epochs)]
        rows[f"scratch-{arch}"] = ["--arch", arch, *scratch, *further]
    return rows


def make_rows(photos: Path, out: Path, rows: dict[str, list[str]]) -> dict[str, int]:
    """Makes the rows, one after the other; name -> exit code of those that failed."""
    failed = {}
    for name, flags in rows.items():
        print(f"{out / name}", file=sys.stderr)
        try:
            make(photos, out / name, flags, ["--allow-drop"])
        except OutputError as error:
            print(f"train_paper_rows.py: error: {error}", file=sys.stderr)
            failed[name] = 1
        except subprocess.CalledProcessError as error:
            failed[name] = error.returncode
            if error.returncode == _STOPPED:
                break
    return failed


if __name__ == "__main__":
    sys.exit(main())
