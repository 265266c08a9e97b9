"""The paper's table on your pictures: each network's accuracy, size and time, fp32 and int8, in one run.

    python benchmarks/paper_table.py RUN... [--data FOLDER] [--quick] [--out bench]

RUN: a run of ressq-train (exported first), or a folder that ressq-export wrote; of each network one or more. All answer
the same labelled pictures. "Inference time" is the paper's: of the whole test set, from file to label. The rows are
those of Handayanto and Herlawati, Jurnal RESTI 7(1), 2023, 153-160; one that no run was given for is listed as missing.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).resolve().parents[1] / "export"))

from artefacts import find_pictures, open_target
from circumstances import Watch
from page.command import publish
from paper.page import PAPER, to_page
from paper.rows import Row, measure_rows, open_row

FULL, QUICK = (15, 20), (6, 8)  # rounds, inferences in each


def main(argv: list[str] | None = None) -> int:
    """Measures, writes and prints; returns the exit code."""
    arguments = _parse(argv)
    return 0 if publish("paper_table.py", lambda: measure(arguments), to_page, arguments.out) else 1


def measure(arguments: argparse.Namespace) -> dict[str, Any]:
    """The report.

    Raises:
        RessqError: the pictures do not fit the networks.
    """
    rows: list[Row] = []
    missing: list[str] = []
    runs = arguments.runs or [None]
    folders = []
    for run in runs:
        try:
            folder = open_target(run)
            # Beside the demo's artefacts lies the run that they were made of.
            folders.append((run or folder.with_name(folder.name.removesuffix("-dist") + "-run"), folder))
        except SystemExit as error:
            missing.append(str(error))
    if not folders:
        raise SystemExit("; ".join(missing))
    data = arguments.data or find_pictures(*folders[0])
    watch = Watch()
    rows = [open_row(run, folder) for run, folder in folders]
    found = measure_rows(rows, data, *(QUICK if arguments.quick else FULL))
    given = {row["arch"] for row in found}
    missing += [f"{name}: no run of {' or '.join(archs)}" for name, archs in PAPER.items() if not given & set(archs)]
    about = {"benchmark": "paper_table", "data": str(Path(*data.parts[-2:]))}
    return {**about, "rows": found, "missing": missing, **watch.describe()}


def _parse(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser("paper_table.py", description="The paper's table on your pictures.")
    add = parser.add_argument
    add("runs", nargs="*", type=Path, metavar="RUN", help="runs or exports (default: the demo's)")
    add(
        "--data",
        type=Path,
        metavar="FOLDER",
        help="labelled pictures (default: those the first run names)",
    )
    add("--quick", action="store_true", help="fewer rounds")
    add("--out", type=Path, metavar="FOLDER", default=Path("bench"), help="default: bench")
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(main())
