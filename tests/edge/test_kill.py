"""kill -9 at any moment, again and again, changes no bit of what a run ends with."""

from __future__ import annotations

import itertools
import multiprocessing
import os
import random
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ressq_edge.request import Request
from ressq_edge.screen import Screen
from runs import assert_equal_runs

KILLS = 10
EPOCHS = 8  # of three steps: no ten kills after one or two of them end it


class KillingScreen(Screen):
    """A screen that kills its process -9 some milliseconds after a step: within the next one, or while saving."""

    def __init__(self, steps: int, delay_s: float) -> None:
        super().__init__()
        self.steps = steps
        self.delay_s = delay_s

    @contextmanager
    def bar(self, title: str, total: int, done: int = 0) -> Iterator[Callable[[int], None]]:
        steps = itertools.count(1)

        def advance(_count: int) -> None:
            if title == "training" and next(steps) == self.steps:
                threading.Timer(self.delay_s, os.kill, (os.getpid(), signal.SIGKILL)).start()

        yield advance


def work(data: Path, run: Path, steps: int, delay_s: float, save_every_s: float) -> None:
    """Begin the run or go on with it, in a process of its own; steps = 0 for one that lives."""
    from ressq_edge.run import train_folder
    from ressq_edge.training import train

    train.SAVE_EVERY_S = save_every_s
    resume = (run / "config.json").exists()
    new = {} if resume else {"init": "none", "size": 64, "threads": 1, "epochs": EPOCHS}
    train_folder(Request(data, run, resume=resume, **new), KillingScreen(steps, delay_s))  # type: ignore[arg-type]


@pytest.mark.slow
def test_ten_kills_at_random_steps_change_no_bit(few: Path, tmp_path: Path) -> None:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["ressq_edge.run"])  # torch is imported once, not eleven times
    rng = random.Random(0)

    def finish(run: Path, *how: float) -> int | None:
        process = context.Process(target=work, args=(few, run, *how))
        process.start()
        process.join()
        return process.exitcode

    assert finish(tmp_path / "whole", 0, 0, 60) == 0
    for _ in range(KILLS):
        how = (rng.choice((1, 2)), rng.uniform(0, 0.05), rng.choice((0, 60)))  # 0: a state is saved at each step
        assert finish(tmp_path / "killed", *how) == -signal.SIGKILL
    assert not (tmp_path / "killed/summary.md").exists()
    assert finish(tmp_path / "killed", 0, 0, 60) == 0
    assert_equal_runs(tmp_path / "killed", tmp_path / "whole")
