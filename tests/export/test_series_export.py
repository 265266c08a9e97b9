"""`ressq-export` of a run on recordings: a small network of random weights, through all of it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from ressq_edge.data.split import Split, write_split
from ressq_edge.network.checkpoint import save_checkpoint
from ressq_export.errors import CalibrationError
from ressq_export.exporter import export
from ressq_export.progress import Screen
from ressq_export.report import Report
from ressq_export.request import Request
from ressq_runtime.model import Model
from ressq_runtime.selftest import self_test
from series_networks import LABELS, LENGTH, series_checkpoint, series_spec, windows

WINDOWS = 5  # of a recording


def write_recordings(data: Path) -> dict[str, list[tuple[str, int]]]:
    """Two recordings of each class to train on, one to validate, one to test."""
    parts: dict[str, list[tuple[str, int]]] = {"train": [], "val": [], "test": []}
    rows = [np.frombuffer(window, "<f4").reshape(LENGTH, -1) for window in windows(4 * 2 * len(LABELS))]
    for label, name in enumerate(LABELS):
        for number, part in enumerate(("train", "train", "val", "test")):
            values = np.concatenate([rows.pop(), rows.pop()])
            lines = [f"{row / 50:.2f},{','.join(f'{value:.4f}' for value in one)}" for row, one in enumerate(values)]
            path = data / name / f"{number}.csv"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("\n".join(["time,ax,ay,wx", *lines]) + "\n", encoding="utf-8")
            parts[part].append((f"{name}/{number}.csv", label))
    return parts


@dataclass
class Exported:
    """A run, and what came of it."""

    request: Request
    report: Report


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Exported:
    folder = tmp_path_factory.mktemp("series")
    data, run = folder / "data", folder / "gym"
    parts = write_recordings(data)
    run.mkdir()
    save_checkpoint(run / "best.safetensors", series_checkpoint())
    counts = tuple((name, WINDOWS) for samples in parts.values() for name, _ in samples)
    split = Split("seeded", 0, LABELS, *(tuple(found) for found in parts.values()), windows=counts)
    write_split(run, split)
    (run / "config.json").write_text(json.dumps({"format": 1, "data": str(data)}))
    (run / "summary.md").touch()
    request = Request(run=run, out=folder / "out", name="gym", evaluate=data, allow_drop=True, force=True)
    return Exported(request, export(request, Screen(None)))


@pytest.mark.slow
def test_a_run_on_recordings_becomes_four_files_that_answer_a_recording(exported: Exported) -> None:
    data = exported.request.evaluate
    assert data is not None
    for path in exported.request.targets.values():
        assert self_test(path) == 3
        model = Model.load(path)
        assert model.card is not None
        assert model.card.data["input"] == series_spec().to_json()
        assert model.card.data["model"]["depth"] == 8
        assert model.answer(str(data / LABELS[0] / "0.csv"))
        model.close()


@pytest.mark.slow
def test_a_run_on_recordings_says_that_its_files_have_no_out_of_distribution_score(exported: Exported) -> None:
    assert any("have no out-of-distribution score" in note for note in exported.report.notes)


@pytest.mark.slow
def test_windows_are_counted_of_the_validation_and_of_the_test_recordings(exported: Exported) -> None:
    counts = {title: {row.measured.n for row in rows} for title, rows in exported.report.tables.items()}
    assert counts == {"validation split": {15}, "test split": {15}}


@pytest.mark.slow
def test_the_certificate_names_windows_and_their_groups(exported: Exported) -> None:
    found = json.loads((exported.request.out / "gym_certificate.json").read_text(encoding="utf-8"))
    assert found["model"]["size"] == [LENGTH, 3]
    assert found["model"]["unit"] == "samples and channels"
    assert [one["groups"] for one in found["sets"]] == [3, 3]


def test_a_model_of_recordings_is_calibrated_on_its_own_alone(exported: Exported, tmp_path: Path) -> None:
    from dataclasses import replace

    with pytest.raises(CalibrationError, match=r"--calibration: found .*, wanted none: .* leave it out"):
        export(replace(exported.request, calibration=tmp_path), Screen(None))
