"""What int8 costs over several runs: the four artefacts of each run on the same labelled pictures.

    python benchmarks/int8_drop.py FOLDER DIST/NAME [DIST/NAME ...] [--json FILE] [--out bench]

FOLDER holds one folder per class, DIST/NAME stands for DIST/NAME_{fp32,int8}.{onnx,tflite}. Says which points of
top-1 each int8 file loses against the float file of its format, in pairs, and how often answers are the same.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from statistics import mean
from typing import Any

sys.path.append(str(Path(__file__).resolve().parents[1] / "export"))

from artefacts import KINDS
from circumstances import describe_call, say_call
from matched_pairs.answers import answer_all, label_pictures, to_figures
from page.command import publish
from page.content import Bars, Page, Section, Table
from ressq_runtime.classifier import Classifier

FORMATS = ("tflite", "onnx")
_HEAD = ("run", "n", "fp32 top-1", "int8.tflite loses", "int8.onnx loses", "same as fp32", "int8 files the same")


def main(argv: list[str] | None = None) -> int:
    """Measures, writes and prints; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("names", nargs="+", metavar="DIST/NAME")
    parser.add_argument("--json", metavar="FILE", type=Path, help="the report here, too")
    parser.add_argument("--out", type=Path, metavar="FOLDER", default=Path("bench"), help="default: bench")
    arguments = parser.parse_args(argv)
    report = publish("int8_drop.py", lambda: measure_runs(arguments.names, arguments.folder), to_page, arguments.out)
    if report and arguments.json:
        arguments.json.write_text(json.dumps(report, indent=1) + "\n")
    return 0 if report else 1


def measure_runs(names: list[str], folder: Path) -> dict[str, Any]:
    """The report: a row of `runs` for each name.

    Raises:
        RessqError: the folder's classes are not the labels, an artefact can't be loaded, or no picture can be read.
    """
    runs = [measure(name, folder) for name in names]
    return {"benchmark": "int8_drop", "data": str(Path(*folder.parts[-2:])), "runs": runs, **describe_call()}


def measure(name: str, folder: Path) -> dict[str, Any]:
    """What int8 costs the run of that name on the pictures below `folder`.

    `top1` of each of the four files, a share 0..1; `tflite` and `onnx`, what the int8 file of that format loses, as the
    exporter's `Drop`; `both`, the share of the pictures with the same answer of both int8 files; `faults`, the pictures
    that can't be read.

    Raises:
        RessqError: as `measure_runs` says.
    """
    classifiers = {kind: Classifier.load(f"{name}_{kind}") for kind in KINDS}
    answered = answer_all(classifiers, label_pictures(folder, classifiers[KINDS[0]].labels))
    for classifier in classifiers.values():
        classifier.close()
    return {
        "name": Path(name).name,
        "top1": {kind: float((found == answered.truths).mean()) for kind, found in answered.answers.items()},
        **{kind: to_figures(answered, f"fp32.{kind}", f"int8.{kind}") for kind in FORMATS},
        "both": float((answered.answers["int8.tflite"] == answered.answers["int8.onnx"]).mean()),
        "faults": answered.faults,
    }


def to_page(report: dict[str, Any]) -> Page:
    """A row a run, and their mean."""
    runs = report["runs"]
    lost = {kind: mean(run[kind]["drop"] for run in runs) for kind in FORMATS}
    same = [mean(run[kind]["agreement"] for run in runs) for kind in FORMATS]
    last = [
        "mean", "", f"{mean(run['top1']['fp32.tflite'] for run in runs):.1%}",
        *(f"{100 * found + 0.0:.2f}" for found in lost.values()), ", ".join(f"{found:.1%}" for found in same),
        f"{mean(run['both'] for run in runs):.1%}",
    ]  # fmt: skip
    changed = {f"int8.{kind}": [100 * (1 - run[kind]["agreement"]) for run in runs] for kind in FORMATS}
    plot = Bars("Answers that int8 changes", "% of the pictures", [run["name"] for run in runs], changed)
    text = ["Points of top-1, 95 % intervals of paired answers; below zero int8 answers better."]
    text += [f"Not read: {fault}" for fault in dict.fromkeys(fault for run in runs for fault in run["faults"])]
    verdict = (
        f"int8 loses {100 * lost['tflite'] + 0.0:.2f} points of top-1 as .tflite and {100 * lost['onnx'] + 0.0:.2f} as "
        f".onnx, the mean of {len(runs)} runs on {report['data']}"
    )
    section = Section("Each run", text, Table(_HEAD, [*map(_row, runs), last]), [plot])
    return Page("int8_drop", "What int8 costs", verdict, [], [section], [say_call(report)])


def _row(run: dict[str, Any]) -> list[str]:
    return [
        run["name"], str(run["tflite"]["n"]), f"{run['top1']['fp32.tflite']:.1%}",
        *("{:.2f} [{:.1f}, {:.1f}]".format(*(100 * run[kind][key] + 0.0 for key in ("drop", "low", "high")))
          for kind in FORMATS),
        ", ".join(f"{run[kind]['agreement']:.1%}" for kind in FORMATS), f"{run['both']:.1%}",
    ]  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
