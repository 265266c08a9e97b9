"""Faults that many pictures share: one line, with their number and an example."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from PIL import Image

from ressq_runtime.commands.evaluate import main as evaluate
from ressq_runtime.commands.infer import main as infer
from ressq_runtime.faults import MOST_NAMED, Faults

MODEL = Path(__file__).parents[2] / "runtime/ressq_runtime/builtin/clothing_int8.tflite"
ADVICE = "wanted at least 32x32; use the picture it was made from, or enlarge each 2 times, on the device too"


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Two pictures of a class, eight of 28x28 pixels, as of MNIST, and one that is empty."""
    for number in range(8):
        (tmp_path / "photos" / "hat").mkdir(parents=True, exist_ok=True)
        Image.new("L", (28, 28), 10 * number).save(tmp_path / f"photos/hat/small{number}.png")
    for number in range(2):
        Image.effect_noise((64, 64), 40 + number).save(tmp_path / f"photos/hat/{number}.png")
    (tmp_path / "photos/hat/empty.png").touch()
    return tmp_path / "photos"


def errors(said: str) -> list[str]:
    return [line.partition("error: ")[2] for line in said.splitlines() if "error: " in line]


def test_few_of_a_kind_are_named_each_and_many_once() -> None:
    few = [f"{number}.png: found 28x28 pixels, wanted more" for number in range(MOST_NAMED)]
    other = ["a: b.png: No such file or directory; check the path"]
    assert Faults(few + other).lines() == few + other
    many = [f"{number}.png: found {number}x28 pixels, wanted more" for number in range(60_000)]
    assert Faults([*many, *other]).lines() == [
        "60,000 pictures such as 0.png: found 0x28 pixels, wanted more",
        *other,
    ]
    assert Faults().lines() == []


@pytest.mark.parametrize("options", [[], ["--json"], ["--csv", "t.csv"]])
def test_a_folder_of_small_pictures_is_one_line_and_a_row_each(
    photos: Path, options: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(photos.parent)
    assert infer([str(photos), "--model", str(MODEL), *options]) == 1
    captured = capsys.readouterr()
    small, empty = sorted(errors(captured.err))
    if small.startswith(str(photos)):
        small, empty = empty, small
    assert small == f"8 pictures such as {photos}/hat/small0.png: found 28x28 pixels, {ADVICE}"
    assert empty.startswith(f"{photos}/hat/empty.png: found an empty file")
    assert captured.err.endswith("could not be read" + ("\n" if options else "; --json names each\n"))
    assert "2 answered, 9 could not be read" in captured.err
    if "--json" in options:
        assert sum("error" in json.loads(line) for line in captured.out.splitlines()) == 9
    if "--csv" in options:
        with (photos.parent / "t.csv").open(encoding="utf-8") as table:
            assert sum(bool(row["error"]) for row in csv.DictReader(table)) == 9


def test_an_evaluation_tells_them_once(photos: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert evaluate([str(MODEL), str(photos), "--json"]) == 1
    captured = capsys.readouterr()
    assert len(errors(captured.err)) == 2
    assert len(json.loads(captured.out)["faults"]) == 9


@pytest.mark.parametrize(
    ("side", "advice"), [(28, ", or enlarge each 2 times"), (8, ", or enlarge each 4 times"), (1, "")]
)
def test_a_picture_that_shows_something_may_be_enlarged(
    tmp_path: Path, side: int, advice: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Image.new("L", (side, 40)).save(tmp_path / "small.png")
    assert infer([str(tmp_path / "small.png"), "--model", str(MODEL)]) == 1
    assert (
        f"found {side}x40 pixels, wanted at least 32x32; use the picture it was made from{advice}"
        in errors(capsys.readouterr().err)[0]
    )
