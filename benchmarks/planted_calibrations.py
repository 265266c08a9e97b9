"""Does the export find int8 that was calibrated badly on purpose, and let good int8 pass?

    python benchmarks/planted_calibrations.py PHOTOS [--init FILE] [--size N] [--out bench]

PHOTOS holds a folder per class, or parts with those. Twelve networks of three classes, of 60, 180 and 600 photos, are
exported twice: calibrated on training photos, and on dark ones, one class, noise or inverted ones. What was kept back
tells the true drop. A second call goes on where the first one stopped. It takes an hour.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from circumstances import describe_call, say_call
from page.command import publish
from page.content import Page, Section, Table
from planted.cases import Case, list_cases
from planted.export import measure_case

PASSED = ("kept", "faithful")
_HEAD = (
    "photos", "classes", "calibrated on", "verdict", "answers changed", "off", "int8.tflite really", "int8.onnx really",
    "why",
)  # fmt: skip


def main(argv: list[str] | None = None) -> int:
    """Measures, writes and prints; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", type=Path, metavar="PHOTOS")
    parser.add_argument("--init", default="imagenet", metavar="FILE", help="of ressq-train (default: imagenet)")
    parser.add_argument("--size", type=int, default=112, metavar="N", help="pixels (default: 112)")
    parser.add_argument("--out", type=Path, metavar="FOLDER", default=Path("bench"), help="default: bench")
    arguments = parser.parse_args(argv)

    def measure() -> dict[str, Any]:
        cases = list_cases(arguments.photos)
        train = ["--init", arguments.init, "--size", str(arguments.size), "--threads", "1"]
        return measure_cases(cases, arguments.out / "planted", train)

    report = publish("planted_calibrations.py", measure, to_page, arguments.out)
    return 0 if report else 1


def measure_cases(cases: list[Case], folder: Path, train: list[str]) -> dict[str, Any]:
    """The report: `rows`, two for each case.

    Raises:
        CalledProcessError: a network can't be trained.
        RessqError: a picture can't be read.
    """
    rows = [row for case in cases for row in measure_case(case, folder, train)]
    return {"benchmark": "planted_calibrations", "rows": rows, **describe_call()}


def to_page(report: dict[str, Any]) -> Page:
    """Two tables, and how many are on the wrong side."""
    rows = report["rows"]
    good = [row for row in rows if row["plant"] == "none"]
    planted = [row for row in rows if row["plant"] != "none"]
    passed = [row for row in planted if row["outcome"] in PASSED]
    wrong = [row for row in passed if is_bad(row)]
    stopped = [row for row in good if row["outcome"] not in PASSED]
    verdict = (
        f"{len(planted) - len(passed)} of {len(planted)} planted calibrations are refused or called doubtful; of the "
        f"{len(passed)} that pass {len(wrong)} really lose anything; of {len(good)} good exports {len(stopped)} fail"
    )
    text = [
        "Points of top-1 that int8 really loses, with 95 % intervals, on photos that nothing was trained, chosen or "
        "calibrated on.",
        "Exported with --allow-drop, so that refused files can be measured, too: refused is what would not be written.",
    ]
    sections = [
        Section("Planted", text, Table(_HEAD, [_row(row) for row in planted])),
        Section("Good", [], Table(_HEAD, [_row(row) for row in good])),
    ]
    return Page(
        "planted_calibrations", "int8 that was calibrated badly on purpose", verdict, [], sections, [say_call(report)]
    )


def is_bad(row: dict[str, Any]) -> bool:
    """Whether a file surely loses anything on the photos that were kept back."""
    return any(found["low"] > 0 for found in row["true"].values())


def _row(row: dict[str, Any]) -> list[str]:
    really = [
        "{:.1f} [{:.1f}, {:.1f}] of {}".format(*(100 * found[key] + 0.0 for key in ("drop", "low", "high")), found["n"])
        for found in row["true"].values()
    ]
    outcome = "refused" if row["outcome"] == "lost" else row["outcome"]
    off = f"{100 * row['moved']:.1f} points"
    return [
        str(row["photos"]), ", ".join(row["classes"]), row["calibrated_on"], outcome,
        f"{row['changed']} of {row['compared']}", off, *really, row["why"],
    ]  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
