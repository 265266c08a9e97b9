from __future__ import annotations

import json
import math
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ressq_runtime import Classifier, FolderError, evaluate
from ressq_runtime.commands.evaluate import main
from ressq_runtime.intervals import wilson


def test_wilson_is_the_published_interval() -> None:
    # Newcombe 1998, table I: 81 of 263 and 0 of 20, method 3.
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert wilson(0, 20) == pytest.approx((0, 0.1611), abs=5e-5)
    assert wilson(0, 0) == (0, 1)


@pytest.fixture
def few(shapes: Path, tmp_path: Path) -> Path:
    """Eight pictures of each class."""
    for path in sorted(shapes.rglob("0[0-7].png")):
        (tmp_path / "few" / path.parent.name).mkdir(parents=True, exist_ok=True)
        shutil.copy(path, tmp_path / "few" / path.parent.name)
    return tmp_path / "few"


def test_every_picture_is_counted_where_it_belongs(artefacts: dict[str, Path], few: Path, tmp_path: Path) -> None:
    # Two circles lie among the squares: exactly they are wrong.
    shutil.copytree(few, tmp_path / "mixed")
    for name in ("00.png", "01.png"):
        shutil.copy(few / "circle" / name, tmp_path / "mixed" / "square" / f"wrong-{name}")
    classifier = Classifier.load(artefacts["int8.tflite"])
    clean, mixed = evaluate(classifier, few), evaluate(classifier, tmp_path / "mixed")
    assert clean.n == 24
    assert mixed.n == 26
    assert mixed.confusion[1][0] == clean.confusion[1][0] + 2
    assert round(mixed.top1 * 26) == round(clean.top1 * 24)
    assert mixed.top1_low < mixed.top1 < mixed.top1_high
    assert mixed.recall["square"] == pytest.approx(clean.confusion[1][1] / 10)
    assert math.isclose(sum(map(sum, mixed.confusion)), 26)


def test_json_has_the_documented_keys(
    artefacts: dict[str, Path], few: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(artefacts["int8.tflite"]), str(few), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["n"] == 24
    assert 0 <= found["top1_low"] <= found["top1"] <= found["top1_high"] <= 1
    assert set(found["recall"]) == {"circle", "square", "triangle"}


def test_text_shows_the_interval_and_the_confusion(
    artefacts: dict[str, Path], few: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(artefacts["int8.onnx"]), str(few)]) == 0
    text = capsys.readouterr().out
    assert "95 % interval" in text
    assert "truth \\ answer" in text


def test_text_and_json_tell_what_other_thresholds_would_do(
    artefacts: dict[str, Path], few: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    classifier = Classifier.load(artefacts["int8.tflite"])
    answers = [(classifier.classify(path), path.parent.name) for path in few.rglob("*.png")]
    sure = [(best[0].probability, best[0].label == truth) for best, truth in answers]
    classifier.threshold = 0.875  # between two of the common ones
    points = {point.threshold: point for point in evaluate(classifier, few).thresholds}
    assert list(points) == [0.0, 0.5, 0.6, 0.7, 0.8, 0.875, 0.9, 0.95, 0.99]
    for threshold, point in points.items():
        right = [hit for probability, hit in sure if probability >= threshold]
        assert (point.answered, point.coverage) == (len(right), len(right) / len(sure))
        assert point.top1 == (sum(right) / len(right) if right else None)
        assert (point.top1_low, point.top1_high) == (wilson(sum(right), len(right)) if right else (None, None))
    assert main([str(artefacts["int8.tflite"]), str(few)]) == 0
    lines = capsys.readouterr().out.splitlines()
    at = lines.index("threshold  answered  right of those  95 % interval")
    assert lines[at + 1].startswith("     none     100.0% ")
    assert lines[at + 9] == "to take another: ressq-infer --abstain-below 0.8", "few validation pictures, no own one"


def test_a_threshold_that_none_reaches_has_no_share_and_the_own_one_a_star(
    artefacts: dict[str, Path], few: Path
) -> None:
    classifier = Classifier.load(artefacts["int8.tflite"])
    classifier.threshold = 1.1
    text = evaluate(classifier, few).to_text()
    assert "\n    1.100*      0.0%               -\n* the file's own; to take another: " in text


def test_a_broken_picture_is_named_and_left_out_of_n(
    artefacts: dict[str, Path], few: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(few / "circle", tmp_path / "set" / "circle")
    (tmp_path / "set" / "circle" / "broken.jpg").write_bytes(b"?")
    assert main([str(artefacts["int8.tflite"]), str(tmp_path / "set"), "--json"]) == 1
    captured = capsys.readouterr()
    assert json.loads(captured.out)["n"] == 8
    assert "broken.jpg: found no known kind of picture" in captured.err


def test_a_folder_that_is_no_label_is_refused(artefacts: dict[str, Path], shapes: Path, tmp_path: Path) -> None:
    shutil.copytree(shapes / "circle", tmp_path / "ring")
    with pytest.raises(FolderError, match="found the class ring, wanted one of circle, square, triangle"):
        evaluate(Classifier.load(artefacts["int8.tflite"]), tmp_path)


def test_a_folder_of_broken_pictures_is_an_error(artefacts: dict[str, Path], tmp_path: Path) -> None:
    (tmp_path / "circle").mkdir()
    (tmp_path / "circle" / "a.png").touch()
    with pytest.raises(FolderError, match=r"found no picture that can be read among 1; the first: .*empty file"):
        evaluate(Classifier.load(artefacts["int8.tflite"]), tmp_path)


def test_a_reader_that_has_enough_ends_it_without_a_traceback(artefacts: dict[str, Path], few: Path) -> None:
    code = "import sys; from ressq_runtime.commands.evaluate import main; sys.exit(main())"
    command = [sys.executable, "-c", code, str(artefacts["int8.tflite"]), str(few)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        child.stdout.close()
        _, said = child.communicate()
    assert child.returncode == 1
    assert "Traceback" not in said
    assert "Exception" not in said


def write_split(folder: Path, **other: object) -> Path:
    """A split.json whose test part are two circles and a triangle; `other` replaces parts of it."""
    path = folder / "split.json"
    pictures = [["circle/00.png", 0], ["circle/01.png", 0], ["triangle/02.png", 2]]
    found = {"format": 1, "labels": ["circle", "square", "triangle"], "train": [["square/00.png", 1]], "test": pictures}
    path.write_text(json.dumps({**found, **other}))
    return path


def test_of_a_split_the_test_part_alone_is_measured(
    artefacts: dict[str, Path], few: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    split = write_split(tmp_path)
    assert main([str(artefacts["int8.tflite"]), str(few), "--split", str(split), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["n"], found["folder"]) == (3, str(few))
    assert [sum(row) for row in found["confusion"]] == [2, 0, 1]
    assert found["recall"]["square"] is None


def test_that_a_split_has_groups_is_told_beside_its_intervals(
    artefacts: dict[str, Path], few: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for groups, told in (([], False), ([["circle/00.png", 0], ["circle/01.png", 0]], True)):
        split = write_split(tmp_path, groups=groups)
        assert main([str(artefacts["int8.tflite"]), str(few), "--split", str(split)]) == 0
        assert ("take pictures of one group for independent" in capsys.readouterr().err) == told


def test_the_truth_of_a_split_goes_by_its_own_labels(artefacts: dict[str, Path], few: Path, tmp_path: Path) -> None:
    split = write_split(tmp_path, labels=["triangle", "square", "circle"], test=[["circle/00.png", 2]])
    found = evaluate(Classifier.load(artefacts["int8.tflite"]), few, split=split)
    assert [sum(row) for row in found.confusion] == [1, 0, 0]


def test_a_missing_picture_of_a_split_is_named(
    artefacts: dict[str, Path], few: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (few / "circle" / "01.png").unlink()
    assert main([str(artefacts["int8.tflite"]), str(few), "--split", str(write_split(tmp_path)), "--json"]) == 1
    captured = capsys.readouterr()
    assert json.loads(captured.out)["n"] == 2
    assert f"{few / 'circle' / '01.png'}: No such file or directory; check the path" in captured.err


OUTSIDE = "found picture 1 of its test part outside the folder or without a class, wanted "


@pytest.mark.parametrize(
    ("other", "words"),
    [
        ({"format": 2}, "found no split of format 1, wanted labels and a test part; give the split.json of the run"),
        ({"labels": None}, "found no split of format 1"),
        ({"labels": [1, 2, 3]}, "found no split of format 1"),
        ({"test": {}}, "found no split of format 1"),
        ({"labels": ["circle", "ring", "square", "triangle"]}, "found the class ring, which the model lacks, wanted"),
        ({"labels": ["circle", "square"]}, "found the class triangle, which only the model has, wanted the model's"),
        ({"test": []}, "found no picture in its test part, wanted one or more; give a folder of pictures"),
        ({"test": [["circle/00.png", 0]] * 2}, "found a picture twice in its test part, wanted each once"),
        *(({"test": [picture]}, OUTSIDE) for picture in (
            ["/etc/passwd", 0], ["../a.png", 0], ["circle/../../a.png", 0], ["circle//a.png", 0], ["", 0], [".", 0],
            ["circle/a\0.png", 0], [5, 0], ["circle/00.png"], ["circle/00.png", 3], ["circle/00.png", -1],
            ["circle/00.png", True], ["circle/00.png", "circle"], "circle/00.png", None,
        )),
    ],
)  # fmt: skip
def test_a_split_that_is_none_of_this_model_is_refused(
    artefacts: dict[str, Path], few: Path, tmp_path: Path, other: dict[str, object], words: str
) -> None:
    path = write_split(tmp_path, **other)
    with pytest.raises(FolderError, match=re.escape(f"{path}: {words}")):
        evaluate(Classifier.load(artefacts["int8.tflite"]), few, split=path)


NO_SPLIT = [b"", b"{", b"\xff\xfe", b"[" * 100_000, b"1" * 5000, b"[]", b"null", b'"a"']


@pytest.mark.parametrize("content", NO_SPLIT, ids=lambda content: repr(content[:4]))
def test_a_file_that_is_no_split_is_refused(
    artefacts: dict[str, Path], few: Path, tmp_path: Path, content: bytes
) -> None:
    (tmp_path / "a.json").write_bytes(content)
    with pytest.raises(FolderError, match=r"a\.json: found no (JSON|split)"):
        evaluate(Classifier.load(artefacts["int8.tflite"]), few, split=tmp_path / "a.json")


def test_a_split_that_is_not_there_or_too_large_is_refused(
    artefacts: dict[str, Path], few: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    classifier = Classifier.load(artefacts["int8.tflite"])
    for path in tmp_path / "missing.json", tmp_path:
        with pytest.raises(FolderError, match=r"found no such file; give the split\.json of the run"):
            evaluate(classifier, few, split=path)
    monkeypatch.setattr("ressq_runtime.inputs.test_split.MOST_BYTES", 100)
    with pytest.raises(FolderError, match="found more than 0 MB, wanted a split"):
        evaluate(classifier, few, split=write_split(tmp_path))
