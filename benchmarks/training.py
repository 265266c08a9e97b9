"""Training throughput: ressq-train's loop, the same step on data in memory, and a plain torchvision loop, in turn.

    python benchmarks/training.py [DATA] [--quick] [--pictures 512] [--rounds 3] [--out bench]

DATA has a folder a class (default: the demo's training pictures). Every measurement is a process of its own: two epochs
of ressqueezenet1_1 (gated bypass) at 224 pixels, batch 32, all cores, fp32 and, where the processor has it, bf16. Our
first epoch includes decoding, which the plain loop does in every epoch. The gauge of each round says how much two busy
processes get done against one: well below 2 on two cores, others were busy, and only the processor time of a picture
(all threads and workers) still means something.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import torch

from artefacts import find_pictures, open_target
from circumstances import Watch
from loops.ours import measure_ours
from loops.page import to_page
from loops.plain import BATCH, SIZE, Speed, measure_plain
from page.command import publish
from ressq_edge.device import default_precision
from streaming import gauge

LOOPS = ("plain", "memory", "ours")
# Of the whole form, of --quick: pictures, rounds. The latter takes some three minutes on two quiet cores.
FULL, QUICK = (512, 3), (192, 2)


def main(argv: list[str] | None = None) -> int:
    """Measures, writes and prints; returns the exit code."""
    arguments = _parse(argv)
    if arguments.one:
        print(json.dumps(measure_one(arguments.one, arguments.data, arguments.pictures)._asdict()))
        return 0
    return 0 if publish("training.py", lambda: measure(arguments), to_page, arguments.out) else 1


def measure(arguments: argparse.Namespace) -> dict[str, Any]:
    """The report: `loops` has a row of `Speed` for each round of each loop.

    Raises:
        SystemExit: there are no pictures, or a loop failed.
    """
    data = arguments.data or find_pictures(None, open_target(None)).with_name("train")
    pictures, rounds = (given or short for given, short in zip(
        (arguments.pictures, arguments.rounds), QUICK if arguments.quick else FULL, strict=True))  # fmt: skip
    precisions, missing = ["fp32"], ["bf16: this processor does not multiply it itself"]
    if default_precision(torch.device("cpu")) == "bf16":
        precisions, missing = ["fp32", "bf16"], []
    names = [f"{loop} {precision}" for loop in LOOPS for precision in precisions]
    found: dict[str, list[dict[str, float]]] = {name: [] for name in names}
    gauges = []
    watch = Watch()
    for number in range(rounds):
        before = gauge()
        for index in range(len(names)):
            name = names[(number + index) % len(names)]
            found[name].append(run_one(name, data, pictures))
        gauges.append(round(min(before, gauge()), 2))
    return {
        "benchmark": "training", "data": str(Path(*data.parts[-2:])), "pictures": pictures, "rounds": rounds,
        "size": SIZE, "batch": BATCH, "threads": torch.get_num_threads(), "loops": found, "gauges": gauges,
        "missing": missing, **watch.describe(),
    }  # fmt: skip


def run_one(name: str, data: Path, pictures: int) -> dict[str, float]:
    """A fresh process's `Speed`.

    Raises:
        SystemExit: it failed.
    """
    command = [sys.executable, __file__, str(data), "--pictures", str(pictures), "--one", name]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        said = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
        raise SystemExit(f"training.py: {name}: {said[-1]}")
    speed: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    print(f"{name}: {speed['first']:.1f}, then {speed['second']:.1f} images/s", file=sys.stderr, flush=True)
    return speed


def measure_one(name: str, data: Path, count: int) -> Speed:
    """The `Speed` of a loop, in this process."""
    loop, precision = name.split()
    if loop == "plain":
        return measure_plain(data, count, precision)
    return measure_ours(data, count, precision, in_memory=loop == "memory")


def _parse(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser("training.py", description="Training throughput, side by side.")
    add = parser.add_argument
    add("data", nargs="?", type=Path, metavar="DATA", help="a folder a class (default: the demo's training pictures)")
    add("--quick", action="store_true", help="a few minutes: fewer pictures and rounds")
    add("--pictures", type=int, help=f"a multiple of {BATCH} (default {FULL[0]}, with --quick {QUICK[0]})")
    add("--rounds", type=int, help=f"of every loop (default {FULL[1]}, with --quick {QUICK[1]})")
    add("--out", type=Path, metavar="FOLDER", default=Path("bench"), help="where the report goes (default bench)")
    add("--one", help=argparse.SUPPRESS)
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(main())
