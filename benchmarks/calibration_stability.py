"""How many calibration pictures are enough: int8 files from disjoint halves of ever larger sets, compared.

    python benchmarks/calibration_stability.py RUN [--out bench]

Ranges by min/max and by least square error; rows go to stderr as they come, for it takes hours.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from statistics import mean
from typing import Any

from circumstances import describe_call, say_call
from page.command import publish
from page.content import Curves, Page, Section, Table
from ressq_export.formats.converter_log import Log
from ressq_export.measurement.scores import one_thread
from ressq_export.network.deployed import DeployedNetwork, deploy
from ressq_export.progress import Screen
from ressq_export.quantization.calibration import draw_from_training, halve, read_pixels
from ressq_export.quantization.calibration_stability import CalibrationStability, measure_stability
from ressq_export.quantization.gate import Gate
from ressq_export.quantization.quantizer import FORMATS, Candidate, Quantizer
from ressq_export.quantization.steps import STEPS
from ressq_export.run import Run, read_run

COUNTS = (32, 64, 128, 256, 512)
SEEDS = (0, 1, 2)
_HEAD = (
    "ranges",
    "pictures",
    "halves agree, mean (least)",
    "top-1 apart, points",
    "widest range, where",
    "tflite drop",
)


def main(argv: list[str] | None = None) -> int:
    """Measures, writes and prints; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path, metavar="RUN")
    parser.add_argument("--out", type=Path, metavar="FOLDER", default=Path("bench"), help="default: bench")
    arguments = parser.parse_args(argv)
    report = publish("calibration_stability.py", lambda: measure_run(arguments.run), to_page, arguments.out)
    return 0 if report else 1


def measure_run(folder: Path, counts: tuple[int, ...] = COUNTS, seeds: tuple[int, ...] = SEEDS) -> dict[str, Any]:
    """The report: `rows`, one for each rule for ranges and number of pictures.

    Raises:
        RessqError: there is no run, or it can't be exported.
    """
    run = read_run(folder, None)
    normalise = run.checkpoint.normalise
    with one_thread(), tempfile.TemporaryDirectory() as name:
        network = deploy(run.checkpoint.build(), normalise.mean, normalise.std, 1.0)
        rows = measure(run, network, Path(name), counts, seeds)
    return {"benchmark": "calibration_stability", "name": folder.resolve().name, "rows": rows, **describe_call()}


def measure(
    run: Run, network: DeployedNetwork, folder: Path, counts: tuple[int, ...], seeds: tuple[int, ...]
) -> list[dict[str, Any]]:
    """`step`, `pictures`, and of each draw the `stability` and the .tflite file's `drops`, shares."""
    spec, screen, log = run.checkpoint.pixels, Screen(None), Log(folder / "log")
    known = Quantizer(network, (), (), spec, folder, log)
    floats = {kind: known.float_file(network, kind) for kind in FORMATS}
    judge = (gate := Gate(run.task, run.pictures("val"), spec)).judge(floats["tflite"], screen)
    rows: list[dict[str, Any]] = []
    for step in STEPS[:2]:
        for count in counts:
            found: list[CalibrationStability] = []
            drops = []
            for seed in seeds:
                drawn = draw_from_training(run.split, run.data, count, seed)
                pixels = read_pixels(drawn, spec)
                quantizer = Quantizer(network, pixels, (), spec, folder, log)
                quantizer.register(network, floats)
                candidate = step.apply(Candidate(dict.fromkeys(FORMATS, network), {}), quantizer)
                drops.append(judge(quantizer.quantise(candidate))["int8.tflite"].drop.drop)
                compared = measure_stability(candidate, quantizer, halve(drawn, pixels), gate, screen)
                found += [compared] if compared else []
            halves = [asdict(one) for one in found]
            rows.append({"step": step.name, "pictures": count, "stability": halves, "drops": drops})
            print(" | ".join(_row(rows[-1])), file=sys.stderr, flush=True)
    return rows


def to_page(report: dict[str, Any]) -> Page:
    """A row a set, and how many answers its halves make differ."""
    rows = [row for row in report["rows"] if row["stability"]]
    lines = {
        step: [(row["pictures"], 100 * (1 - _agreement(row))) for row in rows if row["step"] == step]
        for step in dict.fromkeys(row["step"] for row in rows)
    }
    plot = Curves("Answers that the halves give apart", "calibration pictures", "% of the validation split", lines)
    least = min(rows, key=_agreement)
    verdict = (
        f"The halves of {least['pictures']} pictures agree least, on {_agreement(least):.2%} of the answers "
        f"({least['step']})"
    )
    text = [f"Of each set the means, least and largest of {len(rows[0]['stability'])} draws, on the validation split."]
    section = Section("Each set", text, Table(_HEAD, [_row(row) for row in report["rows"]]), [plot])
    title = f"{report['name']}: how many calibration pictures are enough"
    return Page("calibration_stability", title, verdict, [], [section], [say_call(report)])


def _agreement(row: dict[str, Any]) -> float:
    return float(mean(one["agreement"] for one in row["stability"]))


def _row(row: dict[str, Any]) -> list[str]:
    drops = ", ".join(f"{100 * drop + 0.0:.2f}" for drop in row["drops"])
    if not row["stability"]:
        return [row["step"], str(row["pictures"]), "too few to halve", "", "", drops]
    widest = max(row["stability"], key=lambda one: float(one["width_ratio"]))
    return [
        row["step"], str(row["pictures"]),
        f"{_agreement(row):.2%} ({min(one['agreement'] for one in row['stability']):.2%})",
        f"{max(one['difference'] for one in row['stability']) * 100:.2f}",
        f"{widest['width_ratio']:.2f} {widest['tensor']}", drops,
    ]  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
