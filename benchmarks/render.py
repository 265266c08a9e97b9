"""Draws what benchmarks measured, here or on a Pi.

    python benchmarks/render.py REPORT.json... [--out bench] [--together FILE.html]

Each report gives NAME.md, NAME.html and its plots; --together puts all of them on one page.
"""

from __future__ import annotations

import argparse
import json
import sys
from importlib import import_module
from pathlib import Path

from page.content import Page
from page.html import pages_to_html
from page.write import write

# A report's `benchmark` -> the module whose to_page understands it.
PAGES = {
    "bypass": "bypass",
    "calibration_stability": "calibration_stability",
    "cold_start": "cold_start",
    "damaged_jpegs": "damaged_jpegs",
    "fp32_vs_int8": "matched_pairs.page",
    "int8_drop": "int8_drop",
    "left_out_classes": "left_out_classes",
    "many_threads": "many_threads",
    "out_of_distribution": "out_of_distribution",
    "pi": "board.report",
    "planted_calibrations": "planted_calibrations",
    "scale": "growth.page",
    "paper_table": "paper.page",
    "peers": "peer.report",
    "scaled_decoding": "scaled_decoding",
    "segmentation_table": "segmentation_table",
    "solar_cells": "solar_cells",
    "streaming": "streaming",
    "training": "loops.page",
}


def main(argv: list[str] | None = None) -> int:
    """Draws, prints what was written, and returns the exit code."""
    parser = argparse.ArgumentParser(description="Reports of benchmarks as pages.")
    parser.add_argument("reports", nargs="+", type=Path, metavar="REPORT.json")
    parser.add_argument("--out", type=Path, default=Path("bench"), metavar="FOLDER")
    parser.add_argument("--together", type=Path, metavar="FILE.html", help="all on one page")
    arguments = parser.parse_args(argv)
    pages = []
    for path in arguments.reports:
        pages.append(load_page(path))
        print(f"wrote {write(json.loads(path.read_text()), pages[-1], arguments.out)[0].with_suffix('.html')}")
    if arguments.together:
        arguments.together.write_bytes(pages_to_html(pages, "Benchmarks"))
        print(f"wrote {arguments.together}")
    return 0


def load_page(path: Path) -> Page:
    """The page of a saved report.

    Raises:
        SystemExit: no benchmark wrote it.
    """
    report = json.loads(path.read_text())
    name = report.get("benchmark") if isinstance(report, dict) else None
    if name not in PAGES:
        raise SystemExit(f"{path}: found no report of {', '.join(PAGES)}; name what a benchmark wrote")
    page: Page = import_module(PAGES[name]).to_page(report)
    return page


if __name__ == "__main__":
    sys.exit(main())
