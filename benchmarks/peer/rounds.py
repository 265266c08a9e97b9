"""Resident workers, asked in turn: many short rounds, so that what disturbs the machine disturbs all alike."""

from __future__ import annotations

import json
import os
import random
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from threading import Timer
from typing import Any, NamedTuple

from peer.pictures import Picture
from peer.registry import CannotRun

RUNTIME = Path(__file__).parents[2] / "runtime"
TIMEOUT_S = 120


class Cell(NamedTuple):
    """What is timed: a column of the protocol on pictures of one size, each so many times a round."""

    column: str
    size: str
    repeats: int


CELLS = (
    Cell("network", "400x441", 5),
    Cell("file", "400x441", 2),
    Cell("decoder", "400x441", 2),
    Cell("file", "12 MP", 1),
    Cell("decoder", "12 MP", 1),
)


class Worker:
    """A peer's process with its model loaded.

    Raises:
        CannotRun: it can't load the model, or ended.
    """

    def __init__(self, python: Path, script: Path, settings: dict[str, Any]) -> None:
        environment = {**os.environ, "PYTHONPATH": str(RUNTIME), "OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}
        self._said = tempfile.TemporaryFile("w+")  # noqa: SIM115 - for life; a pipe that nobody reads fills up
        # Replies have a pipe of their own: libraries print to stdout, some of them when they are imported.
        receive, send = os.pipe()
        self._process = subprocess.Popen(
            [str(python), str(script), json.dumps(settings), str(send)],
            env=environment, stdin=subprocess.PIPE, stdout=self._said, stderr=self._said, pass_fds=[send], text=True,
        )  # fmt: skip
        os.close(send)
        self._replies = os.fdopen(receive)
        try:
            self.versions: dict[str, str] = self._read()["versions"]
        except CannotRun:
            self.close()
            raise

    def ask(self, cell: Cell, pictures: list[Picture]) -> dict[str, Any]:
        """`answers`: label, milliseconds and milliseconds of the core, in the order of the pictures."""
        assert self._process.stdin
        paths = [picture.path for picture in pictures]
        request = {"column": cell.column, "pictures": paths, "repeats": cell.repeats}
        with suppress(BrokenPipeError):  # it ended; _read says why
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()
        return self._read()

    def close(self) -> None:
        """Ends the process."""
        self._process.kill()
        self._process.wait()
        for opened in (self._process.stdin, self._replies, self._said):
            if opened:
                with suppress(BrokenPipeError):  # what an ended process did not read
                    opened.close()

    def _read(self) -> dict[str, Any]:
        timer = Timer(TIMEOUT_S, self._process.kill)
        timer.start()
        line = self._replies.readline()
        if not line:
            self._process.wait()  # its last words may come after the pipe's end
            self._said.seek(0)
            said = self._said.read().strip().splitlines()
            timer.cancel()
            raise CannotRun(f"its process ended: {said[-1] if said else f'no answer in {TIMEOUT_S} s'}")
        timer.cancel()
        found: dict[str, Any] = json.loads(line)
        if "error" in found:
            raise CannotRun(found["error"])
        return found


@dataclass
class Line:
    """A peer in the contest: its worker, and per cell a median of milliseconds a round, by the wall clock and of the
    core, or why its time does not count."""

    name: str
    worker: Worker
    times: dict[Cell, list[float]] = field(default_factory=dict)
    cpu_times: dict[Cell, list[float]] = field(default_factory=dict)
    refused: dict[Cell, str] = field(default_factory=dict)


def measure(lines: list[Line], pictures: dict[str, list[Picture]], rounds: int, seed: int = 0) -> None:
    """Fills the lines. In each round every cell of every line is asked once, in another order.

    A cell is refused, for good and with all its times, at its first wrong label: answers are checked each time,
    not only before.
    """
    order = random.Random(seed)
    for _ in range(rounds):
        jobs = [(line, cell) for line in lines for cell in CELLS if cell not in line.refused]
        order.shuffle(jobs)
        for line, cell in jobs:
            _ask(line, cell, pictures[cell.size])


def _ask(line: Line, cell: Cell, pictures: list[Picture]) -> None:
    try:
        answers = line.worker.ask(cell, pictures)["answers"]
        wrong = find_wrong([label for label, *_ in answers], pictures * cell.repeats)
    except CannotRun as reason:
        wrong = str(reason)
    if wrong:
        line.refused[cell] = wrong
        line.times.pop(cell, None)
        line.cpu_times.pop(cell, None)
        return
    line.times.setdefault(cell, []).append(median(ms for _, ms, _ in answers))
    line.cpu_times.setdefault(cell, []).append(median(ms for _, _, ms in answers))


def find_wrong(labels: list[str], pictures: list[Picture]) -> str:
    """What is wrong with the answers; empty where nothing is."""
    if len(labels) != len(pictures):
        return f"gave {len(labels)} answers to {len(pictures)} pictures"
    wrong = [(label, picture) for label, picture in zip(labels, pictures, strict=True) if label != picture.label]
    if not wrong:
        return ""
    label, picture = wrong[0]
    return f"{len(wrong)} of {len(labels)} answers are wrong, the first: {label}, not {picture.label}"


@contextmanager
def one_core(core: int | None = None) -> Iterator[int | None]:
    """This process and its children on one core, by default the last it may use; gives its number, None where the
    system can't."""
    if not hasattr(os, "sched_setaffinity"):
        yield None
        return
    before = os.sched_getaffinity(0)
    chosen = max(before) if core is None else core
    os.sched_setaffinity(0, {chosen})
    try:
        yield chosen
    finally:
        os.sched_setaffinity(0, before)
