"""Is one classifier enough for many threads? One thread, eight that share it, and eight with one each, in turn.

    python benchmarks/many_threads.py PHOTO... [--model FILE] [--threads 8] [--rounds 15] [--out bench]

Photos are taken as they are, and enlarged to twelve megapixels, which take long to decode. A gauge beside each round
says how much two busy processes get done against one, 2.0 on two idle cores.
"""

from __future__ import annotations

import argparse
import copy
import random
import sys
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from resource import getpagesize
from time import perf_counter
from typing import Any

from circumstances import Watch, describe_machine
from page.command import publish
from page.content import Bars, Page, Section, Table
from ressq_runtime.artefact.installed import BUILTIN
from ressq_runtime.classifier import Classifier
from spreads import ratio, show, spread
from streaming import enlarge, gauge

ALONE, SHARED, EACH = WAYS = ("one thread", "threads that share one", "threads with one each")
PICTURES_A_RUN = 64


def main(argv: list[str] | None = None) -> int:
    """Measures, writes and prints; returns the exit code."""
    parser = argparse.ArgumentParser(description="One classifier for many threads, against one each.")
    parser.add_argument("photos", nargs="+")
    parser.add_argument("--model", default=BUILTIN)
    parser.add_argument("--threads", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--out", type=Path, metavar="FOLDER", default=Path("bench"), help="default: bench")
    asked = parser.parse_args(argv)
    work = partial(measure, asked.photos, asked.model, asked.threads, asked.rounds)
    return 0 if publish("many_threads.py", work, to_page, asked.out) else 1


def measure(photos: list[str], model: str, threads: int, rounds: int) -> dict[str, Any]:
    """The report: for each kind of picture and each of WAYS the pictures a second of every round.

    Raises:
        RessqError: the model can't be loaded, or a photo can't be read.
    """
    watch = Watch()
    classifier = Classifier.load(model)
    before_mb = resident_mb()
    own = [copy.copy(classifier) for _ in range(threads)]
    for each in (classifier, *own):
        each.classify(photos[0])
    own_mb = (resident_mb() - before_mb) / threads
    with tempfile.TemporaryDirectory() as folder:
        kinds = {"twelve megapixels": enlarge(photos, Path(folder)), "as given": photos}
        found = {
            kind: take_turns(pictures_a_run(pictures), classifier, own, rounds) for kind, pictures in kinds.items()
        }
    engine = {"engine": classifier.engine.name, "interpreter_threads": classifier.engine.threads}
    return {
        "benchmark": "many_threads", "threads": threads, "pictures": PICTURES_A_RUN, "kinds": found,
        "own_mb": round(own_mb, 1), **engine, **watch.describe(),
    }  # fmt: skip


def pictures_a_run(pictures: Sequence[str]) -> list[str]:
    """As many as a run takes, again from the first where they end."""
    return [pictures[index % len(pictures)] for index in range(PICTURES_A_RUN)]


def take_turns(
    pictures: list[str], classifier: Classifier, own: list[Classifier], rounds: int
) -> dict[str, list[float]]:
    """Pictures a second of each of WAYS, and the gauge, round by round, in another order in each."""
    order, answers = random.Random(0), [str(classifier.classify(picture)) for picture in pictures]
    works: dict[str, Callable[[], list[str]]] = {
        ALONE: lambda: [str(classifier.classify(picture)) for picture in pictures],
        SHARED: lambda: spread_out(pictures, [classifier] * len(own)),
        EACH: lambda: spread_out(pictures, own),
    }
    found: dict[str, list[float]] = {way: [] for way in (*WAYS, "gauge")}
    for _ in range(rounds):
        before = gauge()
        for way in order.sample(WAYS, len(WAYS)):
            started = perf_counter()
            given = works[way]()
            found[way].append(len(pictures) / (perf_counter() - started))
            if given != answers:
                raise SystemExit(f"many_threads.py: {way}: found other answers than one thread gives")
        found["gauge"].append(min(before, gauge()))
    return found


def spread_out(pictures: list[str], classifiers: list[Classifier]) -> list[str]:
    """The answers of as many threads as there are classifiers, each of which takes the next picture."""
    free = list(classifiers)

    def answer(picture: str) -> str:
        mine = free.pop()
        try:
            return str(mine.classify(picture))
        finally:
            free.append(mine)

    with ThreadPoolExecutor(len(classifiers)) as pool:
        return list(pool.map(answer, pictures))


def resident_mb() -> float:
    """Memory of this process, in MB."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * getpagesize() / 1e6


def to_page(report: dict[str, Any]) -> Page:
    """Pictures a second of each way, by kind of picture, and the ratios."""
    rows: list[list[str]] = []
    series: dict[str, list[float | None]] = {way: [] for way in WAYS}
    for kind, found in report["kinds"].items():
        for way in WAYS:
            series[way].append(spread(found[way])[0])
        against_one, against_own = ratio(found[SHARED], found[ALONE]), ratio(found[SHARED], found[EACH])
        each = [f"{spread(found[way])[0]:.1f}" for way in WAYS]
        rows.append([kind, *each, show(against_one), show(against_own), f"{spread(found['gauge'])[0]:.2f}"])
    head = ("pictures", *(f"{way}, a second" for way in WAYS), "shared / one thread", "shared / one each", "gauge")
    text = [
        f"{report['engine']} with {report['interpreter_threads']} threads of its own, {report['threads']} of Python's, "
        f"{report['pictures']} pictures a round, {len(found['gauge'])} rounds. Every answer is that of one thread.",
        f"Each further classifier takes {report['own_mb']} MB.",
        "The gauge: work of two processes at once against that of one, 2.0 on two idle cores.",
    ]
    verdict = (
        f"{report['threads']} threads that share a classifier answer {rows[0][4].split()[0]} x as many pictures of "
        f"twelve megapixels as one thread, and {rows[0][5].split()[0]} x as many as with one each"
    )
    plot = Bars("Pictures a second", "pictures a second", list(report["kinds"]), series)
    section = Section("In turn", text, Table(head, rows), [plot])
    return Page("many_threads", "Many threads", verdict, report["warnings"], [section], [describe_machine(report)])


if __name__ == "__main__":
    sys.exit(main())
