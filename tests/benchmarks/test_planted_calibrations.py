"""Planted calibrations: nothing is trained on that measures, a plant is what it says, and the page counts rightly."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

import planted_calibrations
from planted.cases import PLANTS, list_cases, plant_pictures
from planted.export import read_row
from ressq_runtime.errors import FolderError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Four classes of 90 photos in two parts; the fifth is too small."""
    state = np.random.default_rng(0)
    for name, count in (("a", 90), ("b", 90), ("c", 90), ("d", 90), ("few", 70)):
        for number in range(count):
            path = tmp_path / "photos" / ("train" if number % 3 else "test") / name / f"{name}{number}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(state.integers(100, 156, (40, 30, 3), dtype=np.uint8)).save(path)
    return tmp_path / "photos"


def test_what_is_kept_back_is_not_trained_on_and_a_second_call_draws_the_same(photos: Path) -> None:
    cases, again = (list_cases(photos, (60, 90)) for _ in range(2))
    assert cases == again
    assert [(case.count, case.plant) for case in cases] == [(size, plant) for size in (60, 90) for plant in PLANTS]
    for case in cases:
        assert len(case.photos) == 3
        for name, paths in case.photos.items():
            assert not set(paths) & set(case.held[name])
            assert {path.parent.name for path in (*paths, *case.held[name])} == {name}
            assert len(case.held[name]) >= 60
            assert name != "few"


def test_too_few_pictures_are_refused(photos: Path) -> None:
    with pytest.raises(FolderError, match="found 0 classes of 120 pictures or more, wanted 3; give a folder with more"):
        list_cases(photos)


def test_each_plant_is_what_it_says(photos: Path, tmp_path: Path) -> None:
    pictures = [(path, label) for label, name in enumerate("ab") for path in sorted(photos.glob(f"*/{name}/*"))[:20]]
    found = {}
    for plant in PLANTS:
        plant_pictures(plant, pictures, tmp_path / plant, 0)
        files = sorted((tmp_path / plant).iterdir())
        assert len(files) == (40 if plant == "one class" else 80), "each mirrored as well"
        found[plant] = np.stack([np.asarray(Image.open(path).resize((16, 16), Image.Resampling.BOX)) for path in files])
    assert found["dark"].max() < 156 / 20
    assert 100 <= found["inverted"].min() <= found["inverted"].max() <= 156
    assert np.asarray(Image.open(tmp_path / "noise" / "000.png")).std() > 60


def certificate(outcome: str, fault: str, low: float) -> dict[str, Any]:
    attempts = [
        {"step": step, "file": file, "compared": 153, "changed": changed, "moved": moved}
        for step, changed, moved in (("min/max", 1, 0.01), ("bias correction", 9, 0.02))
        for file in ("int8.tflite", "int8.onnx")
    ]
    true = {"n": 900, "drop": low + 0.01, "low": low, "high": low + 0.02, "lost": 0, "gained": 0, "agreement": 1.0}
    return {
        "verdict": {"outcome": outcome, "fault": fault, "headline": "int8 answers as fp32 does"},
        "quantization": {"step": "min/max", "attempts": attempts},
        "sets": [{}, {"paired": {"int8.tflite": true, "int8.onnx": {**true, "drop": 0.0, "low": -0.01}}}],
    }


def test_the_page_counts_what_passes_and_is_worse(photos: Path) -> None:
    cases = list_cases(photos, (60,))
    found = [
        (cases[0], certificate("lost", "int8.tflite: found much", 0.002), cases[0].plant),
        (cases[1], certificate("unsure", "", 0.002), cases[1].plant),
        (cases[2], certificate("faithful", "", 0.002), cases[2].plant),
        (cases[3], certificate("faithful", "", -0.001), cases[3].plant),
        (cases[0], certificate("faithful", "", -0.001), "none"),
        (cases[1], certificate("lost", "int8.onnx: found much", -0.001), "none"),
    ]
    rows = [read_row(*one) for one in found]
    page = planted_calibrations.to_page({"rows": rows, "command": ["x"], "date": "", "versions": {}, "commit": ""})
    assert page.verdict == (
        "2 of 4 planted calibrations are refused or called doubtful; of the 2 that pass 1 really lose anything; "
        "of 2 good exports 1 fail"
    )
    planted, good = (section.table for section in page.sections)
    assert planted is not None
    assert good is not None
    assert [row[3] for row in planted.rows] == ["refused", "unsure", "faithful", "faithful"]
    assert planted.rows[0][4:8] == ["1 of 153", "1.0 points", "1.2 [0.2, 2.2] of 900", "0.0 [-1.0, 2.2] of 900"]
    assert [row[-1] for row in good.rows] == ["int8 answers as fp32 does", "int8.onnx: found much"]
