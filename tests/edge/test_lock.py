"""A run folder belongs to one ressq-train at a time, and a dead one holds nothing."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ressq_edge.cli import main
from runs import assert_equal_runs, refused, rows

SETTINGS = ["--init", "none", "--size", "32", "--threads", "1"]
# Loads what takes seconds, says so, and begins when it is told to.
AT_A_WORD = """
import sys
import ressq_edge.run
from ressq_edge.cli import main
print("ready", flush=True)
sys.stdin.readline()
sys.exit(main())
"""


@pytest.mark.skipif(sys.platform == "win32", reason="another lock")
def test_a_file_system_without_locks_is_told_as_such(
    few: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def flock(*_: object) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr("fcntl.flock", flock)
    assert "found a file system without locks, wanted one" in refused(capsys, few, "--out", tmp_path / "run", *SETTINGS)


def begin(few: Path, run: Path, *arguments: str) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", AT_A_WORD, str(few), "--out", str(run), *SETTINGS, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def go(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("go\n")
    process.stdin.flush()


def test_of_two_that_begin_at_once_one_trains_and_one_says_why_not(few: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    both = [begin(few, run, "--epochs", "2") for _ in range(2)]
    for process in both:
        go(process)
    said = [process.communicate()[1] for process in both]
    assert sorted(process.returncode for process in both) == [0, 1], said
    refusal = said[0] if both[0].returncode else said[1]
    assert refusal == (
        f"ressq-train: error: {run}: found another ressq-train working in it, wanted its end; "
        f"wait for it (`fuser -v {run}/.lock` shows the process), or choose another --out\n"
    )
    assert main([str(few), "--out", str(tmp_path / "alone"), "--epochs", "2", *SETTINGS]) == 0
    assert_equal_runs(run, tmp_path / "alone")


def test_a_run_at_work_is_not_resumed_and_a_killed_one_is(
    few: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    process = begin(few, run, "--epochs", "40")
    go(process)
    try:
        while not (run / "metrics.csv").exists():
            assert process.poll() is None, process.communicate()[1]
            time.sleep(0.01)
        assert main([str(few), "--out", str(run), "--resume"]) == 1
        assert "found another ressq-train working in it" in capsys.readouterr().err
    finally:
        process.kill()
        process.communicate()
    assert not (run / "summary.md").exists()
    assert (run / ".lock").exists()
    assert main([str(few), "--out", str(run), "--resume"]) == 0
    assert [row["epoch"] for row in rows(run)] == [str(number) for number in range(1, len(rows(run)) + 1)]


def test_a_run_that_is_refused_leaves_no_folder(few: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(few / "nowhere"), "--out", str(tmp_path / "run"), *SETTINGS]) == 1
    assert "found no such folder" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_a_lock_that_nobody_holds_is_no_run(few: Path, tmp_path: Path) -> None:
    (tmp_path / ".lock").touch()
    assert main([str(few), "--out", str(tmp_path), "--epochs", "1", *SETTINGS]) == 0
