"""The comparison of scaled with full decoding compares just these two, and sees a difference."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from conftest import draw_shape
from ressq_runtime import PixelSpec
from ressq_runtime.artefact.installed import BUILTIN
from ressq_runtime.classifier import Classifier

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
sys.path.insert(0, str(BENCHMARKS))

import scaled_decoding  # noqa: E402 - benchmarks are scripts, not a package


@pytest.fixture
def drawn(tmp_path: Path) -> Path:
    """Two JPEGs of 900x1200 pixels in a class of the built-in model: decoded at a half."""
    folder = tmp_path / "dress"
    folder.mkdir()
    for index, shape in enumerate(("circle", "square")):
        picture = draw_shape(shape, random.Random(index)).resize((900, 1200), Image.Resampling.LANCZOS)
        picture.save(folder / f"{shape}.jpg", quality=95)
    return tmp_path


def test_each_picture_is_decoded_both_ways(drawn: Path) -> None:
    classifier = Classifier.load(BUILTIN)
    labelled = scaled_decoding.label_pictures(drawn, classifier.labels)
    found = scaled_decoding.compare(classifier, labelled, "as they are", Path.read_bytes)
    assert (found.n, found.scaled) == (2, 2)
    assert 0 < found.pixels <= found.largest < 5
    small = Image.open(labelled[0][0]).resize((300, 400))
    small.save(labelled[0][0])
    found = scaled_decoding.compare(classifier, labelled, "as they are", Path.read_bytes)
    assert (found.n, found.scaled) == (2, 1)


def test_a_wrong_scaled_decoding_shows(drawn: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    classifier = Classifier.load(BUILTIN)
    real = PixelSpec.prepare
    monkeypatch.setattr(
        PixelSpec, "prepare", lambda spec, data: (bytes(255 - value for value in real(spec, data)[0]), 0.0, 0.0)
    )
    labelled = scaled_decoding.label_pictures(drawn, classifier.labels)
    assert scaled_decoding.compare(classifier, labelled, "as they are", Path.read_bytes).pixels > 50


def test_a_picture_is_enlarged_to_12_megapixels(drawn: Path) -> None:
    enlarged = scaled_decoding.decode(scaled_decoding.enlarge(drawn / "dress" / "circle.jpg"))
    assert enlarged.size == (3000, 4000)


def test_a_class_that_is_no_label_is_named(drawn: Path) -> None:
    (drawn / "dress").rename(drawn / "circles")
    command = [sys.executable, str(BENCHMARKS / "scaled_decoding.py"), BUILTIN, str(drawn)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert f"scaled_decoding.py: error: {drawn}: found the class circles, wanted one of" in done.stderr


def test_real_photos_are_answered_alike(photos: Path, tmp_path: Path) -> None:
    for folder in sorted((photos / "test").iterdir())[:3]:
        if folder.is_dir():
            (tmp_path / "few" / folder.name).mkdir(parents=True)
            for path in sorted(folder.glob("*.jpg"))[:2]:
                (tmp_path / "few" / folder.name / path.name).write_bytes(path.read_bytes())
    command = [sys.executable, str(BENCHMARKS / "scaled_decoding.py"), BUILTIN, str(tmp_path / "few")]
    done = subprocess.run(
        [*command, "--json", str(tmp_path / "found.json"), "--out", str(tmp_path / "out")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    plain, large = json.loads((tmp_path / "found.json").read_text())["comparisons"]
    assert plain["n"] == large["n"] == large["scaled"] == 6
    assert large["drop"]["agreement"] >= 5 / 6
    assert large["pixels"] < 5
    assert "| at 12 megapixels | 6 | 6 |" in done.stdout
    assert (tmp_path / "out/scaled_decoding-pictures-answered-wrong.svg").is_file()
