"""Starting, answering one photo and ending, against the imports of a plain script: a fresh process each, in turn.

In processor time, which a busy machine bends less than the wall clock. The figure to quote comes from
benchmarks/cold_start.py on a quiet machine.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import cold_start

PAIRS = 5


def cpu_ratio(command: list[str]) -> float:
    found = cold_start.summarise(cold_start.measure(command, cold_start.import_command(), PAIRS))
    return float(found["cpu_ratio"][0])


@pytest.mark.slow
def test_an_answer_starts_no_slower_than_the_imports_alone(tmp_path: Path) -> None:
    photo = cold_start.draw_photo(tmp_path / "photo.jpg")
    assert cpu_ratio(cold_start.answer_command(photo)) <= cold_start.ASKED


@pytest.mark.slow
def test_an_import_too_many_is_seen() -> None:
    assert cpu_ratio([sys.executable, "-c", cold_start.IMPORTS + ", matplotlib.pyplot"]) > cold_start.ASKED


def test_a_process_that_fails_has_no_time(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"(?s)exit code 1: .*No such file"):
        cold_start.run(cold_start.answer_command(tmp_path / "none.jpg"))


def test_ratios_are_taken_pair_by_pair() -> None:
    # The machine slows down by three between the pairs: medians apart from each other would show another ratio.
    costs = [cold_start.Cost(wall, wall) for wall in (1.0, 2.0, 3.0, 6.0, 3.0, 6.0)]
    pairs = list(zip(costs[::2], costs[1::2], strict=True))
    found = cold_start.summarise(pairs)
    assert found["wall_ratio"] == pytest.approx([0.5, 0.5, 0.5])
    assert (found["wall_ours_ms"], found["wall_imports_ms"]) == (3000, 6000)


@pytest.mark.slow
def test_the_command_prints_both_clocks_and_writes_a_page(tmp_path: Path) -> None:
    command = [sys.executable, cold_start.__file__, "--rounds", "2", "--out", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode in (0, 1), done.stderr
    assert done.stdout.startswith("wall: ressq-infer ")
    assert "\ncpu: ressq-infer " in done.stdout
    assert "| by the clock | " in (tmp_path / "cold_start.md").read_text()
    assert (tmp_path / "cold_start.html").is_file()
