"""Is decoding on a second core worth its thread? Twelve-megapixel photos, with and without, in turn.

    python benchmarks/streaming.py PHOTO... [--model FILE] [--rounds 30]

A gauge beside each pair says how much two busy processes get done against one, 2.0 on two idle cores: where it
is near 1, others have the second core, and there is nothing to gain.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import perf_counter

from PIL import Image

from ressq_runtime.answer import infer
from ressq_runtime.classify import Classifier
from ressq_runtime.errors import PictureError
from ressq_runtime.models import BUILTIN
from ressq_runtime.streaming.ahead import prepare_all

TWELVE_MEGAPIXELS = (4000, 3000)
PICTURES_A_RUN = 8
SPIN = "sum(range(10_000_000))"


def main() -> int:
    """Measures, prints, and returns the exit code."""
    parser = argparse.ArgumentParser(description="Pipelining against one thread, side by side.")
    parser.add_argument("photos", nargs="+")
    parser.add_argument("--model", default=BUILTIN)
    parser.add_argument("--rounds", type=int, default=30)
    arguments = parser.parse_args()
    classifier = Classifier.load(arguments.model)
    with tempfile.TemporaryDirectory() as folder:
        pictures = enlarge(arguments.photos, Path(folder))
        classify(classifier, pictures, ahead=True)
        rows = [measure(classifier, pictures) for _ in range(arguments.rounds)]
    print(f"{os.cpu_count()} cores, {classifier.engine.name} with {classifier.engine.threads} threads")
    for low, high in ((1.6, 9.0), (1.3, 1.6), (0.0, 1.3)):
        kept = [row for row in rows if low <= row[0] < high]
        if kept:
            one, two = (1000 * median(row[index] for row in kept) / PICTURES_A_RUN for index in (1, 2))
            gain = median(row[1] / row[2] for row in kept)
            won = sum(row[1] > row[2] for row in kept)
            print(
                f"gauge {low}-{high}: {len(kept)} pairs, one thread {one:.1f} ms a picture, ahead {two:.1f}, "
                f"{gain:.2f} x as fast (median of pairs), faster in {won}"
            )
    return 0


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
        if isinstance(prepared, PictureError):
            raise prepared
        infer(classifier, prepared, 5)


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
