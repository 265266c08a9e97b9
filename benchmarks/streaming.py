"""Is decoding on a second core worth its thread? Twelve-megapixel photos, with and without, in turn.

    python benchmarks/streaming.py PHOTO... [--model FILE] [--rounds 30] [--out bench]

A gauge beside each pair says how much two busy processes get done against one, 2.0 on two idle cores: where it
is near 1, others have the second core, and there is nothing to gain.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

from PIL import Image

from circumstances import Watch, describe_machine
from page.command import publish
from page.content import Bars, Page, Section, Table
from ressq_runtime.artefact.installed import BUILTIN
from ressq_runtime.classifier import Classifier
from ressq_runtime.errors import InputError
from ressq_runtime.streaming.prefetch import prepare_all

TWELVE_MEGAPIXELS = (4000, 3000)
PICTURES_A_RUN = 8
SPIN = "sum(range(10_000_000))"
# From, to: a second core that was free, one that was shared, none.
GAUGES = ((1.6, 9.0), (1.3, 1.6), (0.0, 1.3))


def main(argv: list[str] | None = None) -> int:
    """Measures, writes and prints; returns the exit code."""
    parser = argparse.ArgumentParser(description="Pipelining against one thread, side by side.")
    parser.add_argument("photos", nargs="+")
    parser.add_argument("--model", default=BUILTIN)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--out", type=Path, metavar="FOLDER", default=Path("bench"), help="default: bench")
    arguments = parser.parse_args(argv)
    rounds = arguments.rounds
    report = publish(
        "streaming.py", lambda: measure_rounds(arguments.photos, arguments.model, rounds), to_page, arguments.out
    )
    return 0 if report else 1


def measure_rounds(photos: list[str], model: str, rounds: int) -> dict[str, Any]:
    """The report: `pairs` has (gauge, seconds on one thread, seconds with pictures prepared ahead) of each round.

    Raises:
        RessqError: the model can't be loaded, or a photo can't be read.
    """
    watch = Watch()
    classifier = Classifier.load(model)
    with tempfile.TemporaryDirectory() as folder:
        pictures = enlarge(photos, Path(folder))
        classify(classifier, pictures, ahead=True)
        pairs = [measure(classifier, pictures) for _ in range(rounds)]
    engine = {"engine": classifier.engine.name, "threads": classifier.engine.threads}
    return {"benchmark": "streaming", "pictures": PICTURES_A_RUN, "pairs": pairs, **engine, **watch.describe()}


def to_page(report: dict[str, Any]) -> Page:
    """A row for each range of the gauge that rounds fell into."""
    rows: list[list[str]] = []
    series: dict[str, list[float | None]] = {"one thread": [], "ahead": []}
    gains: list[float] = []
    for low, high in GAUGES:
        kept = [pair for pair in report["pairs"] if low <= pair[0] < high]
        if not kept:
            continue
        one, two = (1000 * median(pair[index] for pair in kept) / report["pictures"] for index in (1, 2))
        gains.append(median(pair[1] / pair[2] for pair in kept))
        won = sum(pair[1] > pair[2] for pair in kept)
        rows.append([f"{low}-{high}", str(len(kept)), f"{one:.1f}", f"{two:.1f}", f"{gains[-1]:.2f}", str(won)])
        series["one thread"].append(one)
        series["ahead"].append(two)
    head = ("gauge", "pairs", "one thread, ms a picture", "ahead", "x as fast, median of pairs", "faster in")
    plot = Bars("Twelve megapixels, file to label", "milliseconds", [f"gauge {row[0]}" for row in rows], series)
    text = [f"{report['engine']} with {report['threads']} threads, {report['pictures']} pictures a round."]
    text.append("The gauge: work of two processes at once against that of one, 2.0 on two idle cores.")
    verdict = f"Decoding on a second core is {gains[0]:.2f} x as fast, at a gauge of {rows[0][0]} ({rows[0][1]} pairs)"
    section = Section("With and without, in turn", text, Table(head, rows), [plot])
    about = [describe_machine(report)]
    return Page("streaming", "Decoding ahead on a second core", verdict, report["warnings"], [section], about)


def enlarge(photos: list[str], folder: Path) -> list[str]:
    """Copies of the photos at 12 megapixels, JPEG; as many as a run takes."""
    made = []
    for index in range(PICTURES_A_RUN):
        path = folder / f"{index}.jpg"
        with Image.open(photos[index % len(photos)]) as image:
            image.convert("RGB").resize(TWELVE_MEGAPIXELS, Image.Resampling.BICUBIC).save(path, quality=92)
        made.append(str(path))
    return made


def measure(classifier: Classifier, pictures: list[str]) -> tuple[float, float, float]:
    """(gauge, seconds on one thread, seconds with pictures prepared ahead)."""
    before = gauge()
    one = seconds(lambda: classify(classifier, pictures, ahead=False))
    two = seconds(lambda: classify(classifier, pictures, ahead=True))
    return min(before, gauge()), one, two


def classify(classifier: Classifier, pictures: list[str], *, ahead: bool) -> None:
    """Every picture, as ressq-infer does it."""
    for _, prepared in prepare_all(pictures, classifier.spec, ahead=ahead):
        if isinstance(prepared, InputError):
            raise prepared
        classifier.model.infer(prepared)


def gauge() -> float:
    """Work of two processes at once against that of one."""
    return 2 * seconds(lambda: spin(1)) / seconds(lambda: spin(2))


def spin(count: int) -> None:
    """Keeps as many processes busy for a tenth of a second or more."""
    for process in [subprocess.Popen([sys.executable, "-c", SPIN]) for _ in range(count)]:
        process.wait()


def seconds(work: Callable[[], None]) -> float:
    """What the work takes."""
    started = perf_counter()
    work()
    return perf_counter() - started


if __name__ == "__main__":
    sys.exit(main())
