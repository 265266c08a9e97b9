"""Warm latency: every file in every engine, a burst of each in turn, round after round."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import chain
from statistics import mean, median
from time import perf_counter, process_time, thread_time
from typing import Any

from matched_pairs.answers import Picture
from ressq_runtime.classifier import Classifier
from ressq_runtime.profiling.latency import LatencyProfile
from spreads import find_drift, ratio

# inference: from pixels to label, what the network costs; answer: from file to label, what a user waits for.
COLUMNS = ("inference", "answer")


@dataclass
class Entry:
    """A file in an engine with so many threads.

    kind        `int8.tflite`
    classifier  loaded
    pictures    what it is timed on, with the right answers
    first_ms    column -> its first call, which pays for lazy allocation
    wall_ms     column -> rounds -> calls
    cpu_ms      column -> rounds, the mean of a call's, of processors, all threads together: what others take of the
                machine disturbs it little. A system books other threads' time at its ticks, so no call's own can be had
    refused     why its times do not count; empty: they do
    """

    kind: str
    classifier: Classifier
    pictures: Sequence[Picture] = ()
    first_ms: dict[str, float] = field(default_factory=dict)
    wall_ms: dict[str, list[list[float]]] = field(default_factory=lambda: {column: [] for column in COLUMNS})
    cpu_ms: dict[str, list[float]] = field(default_factory=lambda: {column: [] for column in COLUMNS})
    refused: str = ""

    @property
    def key(self) -> tuple[str, str, int]:
        """(kind, engine, threads)."""
        return self.kind, self.classifier.engine.name, self.classifier.engine.threads

    def rounds(self, column: str) -> list[float]:
        """Median milliseconds of each round."""
        return [median(calls) for calls in self.wall_ms[column]]

    def cpu_rounds(self, column: str) -> list[float]:
        """Milliseconds of processors of each round, a call's mean."""
        return self.cpu_ms[column]


def measure(entries: Sequence[Entry], rounds: int, burst: int, seed: int = 0) -> None:
    """Fills the entries: in each round each column of each entry gets a burst of calls, in another order.

    An entry is refused, with all its times, at its first wrong label.
    """
    order = random.Random(seed)
    for _ in range(rounds):
        jobs = [(entry, column) for entry in entries for column in COLUMNS]
        order.shuffle(jobs)
        for entry, column in jobs:
            if not entry.refused:
                # An answer takes decoding, too, and says little that an inference does not: a quarter will do.
                _run_burst(entry, column, burst if column == "inference" else max(1, burst // 4))


def _run_burst(entry: Entry, column: str, burst: int) -> None:
    pictures = entry.pictures
    first_ms = _call(entry, column, pictures[0])  # another entry had the caches
    entry.first_ms.setdefault(column, first_ms)
    offset = len(entry.wall_ms[column])  # a burst shorter than the pictures shall not always see the same ones
    # One thread is the calling one. Of more, whoever they are that wait in this process is counted, too.
    clock = thread_time if entry.classifier.engine.threads == 1 else process_time
    used = clock()
    entry.wall_ms[column].append(
        [_call(entry, column, pictures[(offset + index) % len(pictures)]) for index in range(burst)]
    )
    entry.cpu_ms[column].append(1000 * (clock() - used) / burst)


def _call(entry: Entry, column: str, picture: Picture) -> float:
    """Milliseconds of one call; a wrong label refuses the entry."""
    classifier = entry.classifier
    started = perf_counter()
    if column == "inference":
        scores = classifier.scores(picture.pixels)
        label = scores.index(max(scores))
    else:
        label = classifier.labels.index(classifier.classify(picture.path, 1)[0].label)
    taken = 1000 * (perf_counter() - started)
    if label != picture.label and not entry.refused:
        names = classifier.labels
        entry.refused = f"answered {names[label]} to a picture of {names[picture.label]} that fp32 is sure of"
    return taken


def to_figures(entry: Entry) -> dict[str, Any]:
    """An entry for the report; without figures where it is refused."""
    engine = entry.classifier.engine
    found: dict[str, Any] = {
        "kind": entry.kind, "engine": engine.name, "version": engine.version, "delegate": engine.delegate,
        "threads": engine.threads,
    }  # fmt: skip
    if entry.refused:
        return {**found, "refused": entry.refused}
    for column in COLUMNS:
        calls = tuple(chain.from_iterable(entry.wall_ms[column]))
        found[column] = {
            **LatencyProfile(column, entry.first_ms[column], calls).to_json(),
            "cpu_ms": round(median(entry.cpu_rounds(column)), 4),
            "rounds_ms": [round(value, 4) for value in entry.rounds(column)],
        }
    found["answers_per_s"] = round(1000 / mean(chain.from_iterable(entry.wall_ms["answer"])), 2)
    steady = entry.cpu_rounds if engine.threads == 1 else entry.rounds  # of more threads those who wait spin, or not
    return {**found, "drift": find_drift(steady("inference"))}


def to_ratios(entries: Sequence[Entry]) -> list[dict[str, Any]]:
    """fp32's time over int8's, for each format, engine and number of threads in which both were measured."""
    by_key = {entry.key: entry for entry in entries if not entry.refused}
    found = []
    for (kind, engine, threads), int8 in by_key.items():
        precision, _, file_format = kind.partition(".")
        fp32 = by_key.get((f"fp32.{file_format}", engine, threads))
        if precision != "int8" or fp32 is None:
            continue
        row: dict[str, Any] = {"format": file_format, "engine": engine, "threads": threads}
        for column in COLUMNS:
            row[column] = ratio(fp32.rounds(column), int8.rounds(column))
            row[f"{column}_cpu"] = ratio(fp32.cpu_rounds(column), int8.cpu_rounds(column))
        found.append(row)
    return found
