"""Is int8 worth it, on this board and these pictures? Both files of a network, side by side; ends with a verdict.

    python benchmarks/fp32_vs_int8.py [RUN_OR_ARTEFACTS] [--data FOLDER] [--quick] [--out bench]
    python benchmarks/fp32_vs_int8.py --compare A.json B.json

RUN_OR_ARTEFACTS: a run of ressq-train (exported first), or a folder that ressq-export wrote (default: the demo's).
FOLDER: labelled pictures, one folder per class, that the network was not trained on. Needs ressq-runtime alone, so it
runs on a Pi; there it writes JSON and Markdown, and benchmarks/render.py draws the JSON on the workstation.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from statistics import median
from typing import Any

# A Pi has no ressq-export; its paired.py needs numpy alone, and comes with the clone.
sys.path.append(str(Path(__file__).resolve().parents[1] / "export"))

from artefacts import find_artefacts, find_card, find_pictures, open_target
from circumstances import Watch
from matched_pairs import answers, cold, energy, warm
from matched_pairs.compare import compare
from matched_pairs.page import to_page
from matched_pairs.verdict import judge
from matched_pairs.warm import Entry
from page.command import publish
from ressq_runtime.classifier import Classifier
from ressq_runtime.engines import ENGINES
from ressq_runtime.errors import ArtefactError, EngineError
from ressq_runtime.model import default_threads

# Of the whole form, of --quick: rounds, inferences in each, fresh processes for each file.
FULL, QUICK = (25, 40, 11), (12, 20, 4)
PICTURES = 4
DEFAULT_MAX_DROP = 0.005  # ressq-export's
MOST_DRIFT = 0.05
ENERGY_ROUNDS, ENERGY_S = 3, 2.0


def main(argv: list[str] | None = None) -> int:
    """Measures, writes and prints; exit code 1 where nothing can be measured, or where two reports disagree."""
    arguments = _parse(argv)
    if arguments.compare:
        lines, agree = compare(*(json.loads(path.read_text()) for path in arguments.compare))
        print("\n".join(lines))
        return 0 if agree else 1
    return 0 if publish("fp32_vs_int8.py", lambda: measure(arguments), to_page, arguments.out) else 1


def measure(arguments: argparse.Namespace) -> dict[str, Any]:
    """The report.

    Raises:
        RessqError: the pictures do not fit the artefacts.
        SystemExit: there are no artefacts.
    """
    folder = open_target(arguments.target)
    artefacts = find_artefacts(folder)
    card = find_card(artefacts["int8.tflite"])
    data = arguments.data or find_pictures(arguments.target, folder)
    rounds, burst, processes = QUICK if arguments.quick else FULL
    watch = Watch()
    entries, missing = open_entries(artefacts)
    first = {entry.kind: entry.classifier for entry in reversed(entries)}  # of each file, its first engine
    labelled = answers.label_pictures(data, card.labels)
    answered = answers.answer_all(first, labelled)
    reference = next(kind for kind in first if kind.startswith("fp32"))
    pictures = answers.choose_pictures(answered, reference, PICTURES, first[reference])
    for entry in entries:
        entry.pictures = pictures
    warm.measure(entries, arguments.rounds or rounds, burst)
    report = {
        "benchmark": "fp32_vs_int8", "name": card.name, "data": str(Path(*data.parts[-2:])), "pictures": PICTURES,
        "rounds": arguments.rounds or rounds, "burst": burst, "processes": processes,
        "max_drop": card.data["precision"].get("max_drop", DEFAULT_MAX_DROP),  # type: ignore[attr-defined]
        "artefacts": {kind: _describe_file(path) for kind, path in artefacts.items()}, "faults": answered.faults,
        "accuracy": {kind: answers.to_accuracy(answered, kind) for kind in first}, "missing": missing,
        "paired": {
            kind: answers.to_figures(answered, f"fp32.{kind}", f"int8.{kind}")
            for kind in ("tflite", "onnx") if f"int8.{kind}" in first and f"fp32.{kind}" in first
        },
        "entries": [warm.to_figures(entry) for entry in entries], "ratios": warm.to_ratios(entries),
    }  # fmt: skip
    report["energy"] = add_energy(report["entries"], entries, pictures[0].pixels)
    add_cold(report["entries"], entries, pictures[0].path, processes)
    for entry in entries:
        entry.classifier.close()
    report |= watch.describe()
    report["warnings"] += find_drifts(report["entries"])
    return {**report, "verdict": judge(report)}


def open_entries(artefacts: dict[str, Path]) -> tuple[list[Entry], list[str]]:
    """Each file in each engine that is installed, with one thread up to all; and what is not installed."""
    entries, missing = [], []
    for kind, path in artefacts.items():
        for engine in ENGINES[1:]:
            if (engine == "onnx") != (path.suffix == ".onnx"):
                continue
            try:
                for threads in range(1, default_threads() + 1):
                    entries.append(Entry(kind, Classifier.load(path, engine=engine, threads=threads)))
            except EngineError as error:
                missing.append(f"{kind} in {engine}: {str(error).partition(': ')[2]}")
    odd = [entry for entry in entries if entry.classifier.labels != entries[0].classifier.labels]
    if odd:
        raise ArtefactError(
            f"{odd[0].classifier.path}: found other labels than in {entries[0].classifier.path}, "
            "wanted two files of one network; export them again"
        )
    if not any(entry.kind.startswith("fp32") for entry in entries):
        raise EngineError("found no fp32 file that an installed engine runs, wanted one to compare with")
    return entries, missing


def add_energy(figures: Sequence[dict[str, Any]], entries: Sequence[Entry], pixels: bytes) -> str:
    """Adds `energy` to the figures of each file on one thread; gives a sentence about the meter."""
    meter = energy.find_meter()
    if meter is None:
        return f"Energy was not measured: {energy.NO_METER}."
    chosen = [index for index, entry in enumerate(entries) if entry.key[2] == 1 and not entry.refused]
    works = [lambda run=entries[index].classifier.scores: run(pixels) for index in chosen]
    for index, found in zip(chosen, energy.measure_energy(meter, works, ENERGY_ROUNDS, ENERGY_S), strict=True):
        figures[index]["energy"] = found
    return f"`mJ` of an inference by {meter.name}, what the board takes anyway included."


def add_cold(figures: Sequence[dict[str, Any]], entries: Sequence[Entry], picture: str, processes: int) -> None:
    """Adds `cold` to the figures of each file with as many threads as ressq-infer takes by itself."""
    chosen = [index for index, entry in enumerate(entries) if entry.key[2] == default_threads() and not entry.refused]
    found = cold.measure_cold([entries[index].classifier for index in chosen], picture, processes)
    for index, figure in zip(chosen, found, strict=True):
        figures[index]["cold"] = figure


def find_drifts(figures: Sequence[dict[str, Any]]) -> list[str]:
    """A board that got slower or faster meanwhile, in words; it hits all entries alike, so the median tells."""
    drifts = [entry["drift"] for entry in figures if entry.get("drift") is not None]
    drift = median(drifts) if drifts else 0.0
    if abs(drift) <= MOST_DRIFT:
        return []
    return [f"the board drifted by {drift:+.0%} from the first to the last third, wanted at most {MOST_DRIFT:.0%}"]


def _describe_file(path: Path) -> dict[str, Any]:
    content = path.read_bytes()
    return {"file": path.name, "size_bytes": len(content), "sha256": sha256(content).hexdigest()}


def _parse(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser("fp32_vs_int8.py", description="fp32 against int8, with a verdict.")
    add = parser.add_argument
    add("target", nargs="?", type=Path, metavar="RUN_OR_ARTEFACTS", help="default: the demo's artefacts")
    add("--data", type=Path, metavar="FOLDER", help="labelled pictures (default: the test part that the run names)")
    add("--quick", action="store_true", help="a minute instead of several; too few samples for p99")
    add("--rounds", type=int, help=f"rounds (default {FULL[0]}, with --quick {QUICK[0]})")
    add("--out", type=Path, metavar="FOLDER", default=Path("bench"), help="where the report goes (default bench)")
    add(
        "--compare", nargs=2, type=Path, metavar=("A.json", "B.json"), help="two reports of one board; measures nothing"
    )
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(main())
