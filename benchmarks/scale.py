"""How cost grows: with the picture, the input, the classes, the pictures in a folder and the threads.

    python benchmarks/scale.py [--quick] [--rounds 9] [--out bench]

The built-in network and its like with random weights, made by the exporter at the first run. All points of a plot are
taken in turn; but for threads they are processor time, which a busy machine bends less. The expected slope is dashed.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from circumstances import Watch
from growth import axes
from growth.page import to_page
from page.command import publish

MEASURES = {
    "picture": axes.measure_pictures,
    "input": axes.measure_inputs,
    "classes": axes.measure_classes,
    "folder": axes.measure_folders,
    "threads": axes.measure_threads,
}


def main(argv: list[str] | None = None) -> int:
    """Measures, writes and prints; returns the exit code."""
    parser = argparse.ArgumentParser("scale.py", description="How cost grows, and how it should.")
    parser.add_argument("--quick", action="store_true", help="fewer points and rounds")
    parser.add_argument("--rounds", type=int, help="how often each point is taken (default 9, with --quick 5)")
    parser.add_argument("--out", type=Path, metavar="FOLDER", default=Path("bench"), help="default: bench")
    arguments = parser.parse_args(argv)
    rounds = arguments.rounds or (5 if arguments.quick else 9)
    found = publish("scale.py", lambda: measure(arguments.out, rounds, quick=arguments.quick), to_page, arguments.out)
    return 0 if found else 1


def measure(folder: Path, rounds: int, *, quick: bool) -> dict[str, Any]:
    """The report; photos and networks are kept in `folder` for the next run."""
    folder.mkdir(parents=True, exist_ok=True)
    watch = Watch()
    found = {name: measured(folder, rounds, quick=quick) for name, measured in MEASURES.items()}
    return {"benchmark": "scale", "rounds": rounds, "axes": found, **watch.describe()}


if __name__ == "__main__":
    sys.exit(main())
