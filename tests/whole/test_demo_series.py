"""`make demo-series`: a watch's recordings, read without running what their file asks for, and streamed."""

from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tools.demo_series import stream
from tools.watch_set import write_watch_set

SCRIPT = Path(__file__).parents[2] / "tools" / "watch_set.py"


def save(path: Path, content: dict[str, Any]) -> Path:
    """Written as old Pythons did, like the package's own file."""
    with path.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, {"descr": "|O", "fortran_order": False, "shape": ()})
        pickle.dump(np.array(content, dtype=object), file, protocol=2)
    return path


def watch_set() -> dict[str, Any]:
    return {
        "X": [np.full((3, 2), value) for value in (0.5, 2.0)],
        "X_labels": ["ax", "ay"],
        "y": np.array([0, 1]),
        "y_labels": ["PEN", "ROW"],
        "subject": np.array([7, 10]),
        "side": np.array([1.0, 0.0]),
    }


def test_the_watch_set_becomes_a_folder_of_classes_by_a_process_of_its_own(tmp_path: Path) -> None:
    source = save(tmp_path / "watch.npy", watch_set())
    command = [sys.executable, "-I", str(SCRIPT), str(source), str(tmp_path / "watch")]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert said == f"{tmp_path / 'watch'}: 2 recordings of 2 people, 50 samples a second\n"
    found = {str(path.relative_to(tmp_path / "watch")): path.read_text() for path in tmp_path.rglob("*.csv")}
    assert found == {
        "val/pendulum/p07_r.csv": "time,ax,ay\n0.00,0.5,0.5\n0.02,0.5,0.5\n0.04,0.5,0.5\n",
        "test/upright-row/p10_l.csv": "time,ax,ay\n0.00,2,2\n0.02,2,2\n0.04,2,2\n",
    }


class Runs:
    """What a pickle can do to its reader."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.path,)


def test_a_file_that_asks_for_more_than_arrays_is_refused_and_nothing_of_it_runs(tmp_path: Path) -> None:
    source = save(tmp_path / "watch.npy", watch_set() | {"extra": Runs(tmp_path / "ran")})
    with pytest.raises(pickle.UnpicklingError, match=r"found .*, wanted arrays of numpy alone"):
        write_watch_set(source, tmp_path / "watch")
    assert not (tmp_path / "ran").exists()
    assert not (tmp_path / "watch").exists()


def test_a_recording_is_handed_to_a_command_on_stdin(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    recording = tmp_path / "walk.csv"
    recording.write_text("time,ax\n0.00,1\n")
    with pytest.raises(subprocess.CalledProcessError):  # so far as to say that there is no such model
        stream(recording, ["ressq-watch", "-", "--model", str(tmp_path / "none.tflite")])
    said = capfd.readouterr()
    assert said.out == f"\n$ ressq-watch - --model {tmp_path / 'none.tflite'} < {recording}\n"
    assert "none.tflite" in said.err
