"""`make bench` ends in its time, and names what it has no figures of."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

import run_all
from page.content import Page
from run_all import PARTS, Part

TWENTY_MINUTES_S = 1200


def test_the_parts_have_twenty_minutes_between_them() -> None:
    assert sum(part.seconds for part in PARTS) <= TWENTY_MINUTES_S
    assert len({part.report for part in PARTS}) == len(PARTS)


@pytest.mark.slow
def test_a_benchmark_that_can_not_run_is_named_on_the_page(tmp_path: Path) -> None:
    (tmp_path / "fp32_vs_int8.json").write_text("{}")  # an old report must not pass for today's
    parts = (Part("fp32_vs_int8.py", (str(tmp_path / "nothing"),), "fp32_vs_int8", 60),)
    pages, missing = run_all.run_parts(parts, tmp_path)
    assert pages == []
    assert missing[0].startswith("fp32_vs_int8.py: ")
    assert "found no NAME_int8.tflite" in missing[0]
    page = run_all.with_missing(Page("a", "a", "a", [], [], []), missing)
    assert page.sections[-1].text == [f"* {missing[0]}"]


def test_a_benchmark_that_ended_with_a_fault_is_not_quoted(tmp_path: Path) -> None:
    kept = Path(run_all.__file__).with_name("results") / "fp32_vs_int8.json"
    script = tmp_path / "part.py"
    script.write_text(f"import shutil, sys; shutil.copy({str(kept)!r}, sys.argv[-1]); sys.exit('it was refused')")
    ((page,), missing) = run_all.run_parts((Part(str(script), (), "fp32_vs_int8", 60),), tmp_path)
    assert missing == []
    assert page.alarms[-1].endswith("part.py ended with exit code 1: it was refused")


def test_what_is_not_done_in_time_is_ended_with_all_that_it_started(tmp_path: Path) -> None:
    started = tmp_path / "pid"
    child = f"import os, time; open({str(started)!r}, 'w').write(str(os.getpid())); time.sleep(60)"
    command = [sys.executable, "-c", f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"]
    before = time.monotonic()
    assert run_all.run(command, 5.0) == (1, "not done in 5 s")
    assert time.monotonic() - before < 30
    pid, until = int(started.read_text()), time.monotonic() + 10
    while is_there(pid) and time.monotonic() < until:  # its new parent has to take note of its end
        time.sleep(0.05)
    assert not is_there(pid)
    assert run_all.run([sys.executable, "-c", "import sys; sys.exit('a.py: no')"], 60.0) == (1, "a.py: no")


def is_there(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
