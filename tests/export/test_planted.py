"""Calibration pictures that are bad on purpose: what comes of them never passes as good, and a good export does."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image, ImageOps

from conftest import SHAPES, draw_shape
from ressq_export.cli import main

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def dark(shapes: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shapes as if nearly no light had been there."""
    folder = tmp_path_factory.mktemp("dark")
    for path in sorted(shapes.rglob("*.png")):
        with Image.open(path) as picture:
            picture.point(lambda value: value // 10).save(folder / f"{path.parent.name}-{path.name}")
    return folder


def make_negative(picture: Image.Image) -> Image.Image:
    """As bright as the picture on average: a dark shape on a light ground."""
    return ImageOps.invert(picture).point(lambda value: value // 2)


def certificate(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "shapes_certificate.json").read_text(encoding="utf-8"))
    return found


@pytest.mark.slow
def test_of_dark_pictures_no_int8_file_comes_and_the_reason_is_said(
    run: Path, dark: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = [str(run), "--out", str(tmp_path), "--name", "shapes", "--calibration", str(dark)]
    assert main([*command, "--json"]) == 1
    shown = capsys.readouterr()
    report = json.loads(shown.out)
    assert report["quantization"]["verdict"]["outcome"] == "refused"
    assert f"take {tmp_path / 'shapes_fp32.tflite'}, or leave --calibration out" in report["refused"]
    assert "note: --calibration: its pictures are unlike the training pictures: they are much darker" in shown.err
    assert len({row["step"] for row in report["quantization"]["attempts"]}) == 5, "all steps were tried"
    found = certificate(tmp_path)
    assert found["verdict"]["headline"] == "int8 is refused: take the fp32 files"
    assert any("unlike the training pictures: they are much darker" in note for note in found["notes"])
    worst = found["worst_layers"][0]
    (noise,) = (layer["snr_db"] for layer in found["layers"] if layer["tensor"] == worst)
    assert noise < 10, "measured on training pictures; on the dark ones themselves all would look well"


@pytest.mark.slow
@pytest.mark.parametrize("negatives", [0, 25])
def test_int8_that_answers_well_is_unsure_after_negatives_and_faithful_after_ordinary_pictures(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], negatives: int
) -> None:
    state, given = random.Random(1), tmp_path / "given"
    given.mkdir()
    for number in range(30):
        drawn = draw_shape(SHAPES[number % 3], state)
        (make_negative(drawn) if number < negatives else drawn).save(given / f"{number}.png")
    assert main([str(run), "--out", str(tmp_path), "--name", "shapes", "--calibration", str(given), "--json"]) == 0
    shown = capsys.readouterr()
    verdict, kept = json.loads(shown.out)["quantization"]["verdict"], certificate(tmp_path)["verdict"]
    assert (verdict["outcome"], verdict["headline"]) == (kept["outcome"], kept["headline"])
    if not negatives:
        assert verdict["outcome"] == "faithful"
        assert "note: --calibration" not in shown.err
        return
    told = "83% of them look more like negatives of those; give ordinary ones, or leave --calibration out"
    assert verdict["outcome"] == "unsure"
    assert verdict["headline"] == f"int8 was calibrated on pictures unlike the training pictures: {told}"
    assert f"note: --calibration: its pictures are unlike the training pictures: {told}" in shown.err
    assert verdict["headline"] in (tmp_path / "shapes_certificate.html").read_text(encoding="utf-8")


@pytest.mark.slow
def test_a_good_export_passes_as_good_on_every_picture(artefacts: dict[str, Path]) -> None:
    found = certificate(artefacts["int8.tflite"].parent)
    assert found["verdict"]["outcome"] == "faithful"
    assert found["verdict"]["headline"].startswith("int8 answers as fp32 does on ")
    assert set(found["files"]) == set(artefacts)
    for row in found["quantization"]["attempts"]:
        assert row["compared"] == 102, "18 validation and 84 training pictures"
        assert row["changed"] <= 1
        assert row["snr_db"] > 20
