"""Where an artefact gives no answer: by the threshold in its card, or by the user's."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path
from typing import Any

import pytest

from cards import golden_card
from ressq_runtime import ArtefactError, Card, Classifier, evaluate
from ressq_runtime.artefact.container import attach_card
from ressq_runtime.artefact.zip_and_protobuf import find_zip_entry
from ressq_runtime.commands.evaluate import main as evaluate_main
from ressq_runtime.commands.infer import main
from ressq_runtime.tasks.classify import Classify

ALWAYS, NEVER = "0", "1"


@pytest.fixture
def model(artefacts: dict[str, Path]) -> str:
    return str(artefacts["int8.tflite"])


@pytest.fixture
def circle(shapes: Path) -> str:
    return str(shapes / "circle" / "00.png")


def with_card(model: str, target: Path, **changes: Any) -> Path:
    """The artefact with other keys in its card."""
    data = Path(model).read_bytes()
    found = find_zip_entry(data, "labels.txt")
    card = Classifier.load(model).card
    assert found is not None
    assert card is not None
    target.write_bytes(attach_card(data[: found[0]], {**card.data, **changes}, ".tflite"))
    return target


def test_json_without_an_answer_has_no_label_a_reason_and_all_predictions(
    model: str, circle: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([circle, "--model", model, "--json", "--abstain-below", ALWAYS]) == 0
    assert main([circle, "--model", model, "--json", "--abstain-below", NEVER]) == 0
    answered, abstained = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert answered["label"] == answered["predictions"][0]["label"] == "circle"
    assert "reason" not in answered
    assert abstained["label"] is None
    assert abstained["reason"].startswith("circle has ")
    assert abstained["reason"].endswith("%, wanted 100.00% or more")
    assert abstained["predictions"] == answered["predictions"]


def test_text_says_so_first(model: str, circle: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([circle, "--model", model, "--abstain-below", NEVER]) == 0
    first, second, *_ = capsys.readouterr().out.splitlines()
    assert first.startswith("no answer: circle has ")
    assert second.startswith("circle ")
    assert main([circle, circle, "--model", model, "--abstain-below", NEVER]) == 0
    assert all(line.startswith(f"{circle}: no answer: circle has ") for line in capsys.readouterr().out.splitlines())


def test_a_table_has_an_empty_label_and_the_reason(model: str, circle: str, tmp_path: Path) -> None:
    for threshold in (ALWAYS, NEVER):
        table = tmp_path / f"{threshold}.csv"
        assert main([circle, "--model", model, "--csv", str(table), "--abstain-below", threshold]) == 0
    answered, abstained = (
        next(csv.DictReader((tmp_path / f"{t}.csv").read_text().splitlines())) for t in (ALWAYS, NEVER)
    )
    assert (answered["label"], answered["reason"]) == ("circle", "")
    assert (abstained["label"], abstained["label_1"]) == ("", "circle")
    assert abstained["reason"].startswith("circle has ")


def test_a_table_is_not_continued_by_another_threshold(
    model: str, circle: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = str(tmp_path / "t.csv")
    assert main([circle, "--model", model, "--csv", table, "--abstain-below", ALWAYS]) == 0
    assert main([circle, "--model", model, "--csv", table, "--abstain-below", NEVER]) == 1
    assert "wanted answers from 1 on; set --abstain-below as before" in capsys.readouterr().err
    assert main([circle, "--model", model, "--csv", table, "--abstain-below", ALWAYS]) == 0


def test_the_threshold_in_the_card_decides_unless_another_is_given(
    model: str, circle: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    strict = str(with_card(model, tmp_path / "strict.tflite", abstention={"threshold": 1.0}))
    assert main([circle, "--model", strict, "--json"]) == 0
    assert main([circle, "--model", strict, "--json", "--abstain-below", ALWAYS]) == 0
    labels = [json.loads(line)["label"] for line in capsys.readouterr().out.splitlines()]
    assert labels == [None, "circle"]
    found = Classifier.load(strict).classify(circle)
    assert found.label is None
    assert "wanted 100.00% or more" in found.reason
    start = r"Predictions\(label=None, reason='circle has .*% or more', out_of_distribution=\w+, \[Prediction"
    assert re.match(start, repr(found)), "what is shown first is no label"


def test_an_older_card_and_a_foreign_model_always_answer(model: str, circle: str, tmp_path: Path) -> None:
    card = golden_card(sha256="")
    card.pop("abstention", None)
    assert Classify.read("old", Card(card, "old")).threshold == 0
    labels = Classifier.load(model).labels
    data = Path(model).read_bytes()
    found = find_zip_entry(data, "labels.txt")
    assert found is not None
    (tmp_path / "foreign.tflite").write_bytes(data[: found[0]])
    foreign = Classifier.load(tmp_path / "foreign.tflite", labels=labels)
    assert foreign.threshold == 0
    assert foreign.classify(circle).label == "circle"


@pytest.mark.parametrize("value", ["1.1", "-0.1", "nan", "often"])
def test_a_threshold_that_is_no_probability_is_wrong_usage(
    circle: str, value: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main([circle, f"--abstain-below={value}"])
    assert f"found '{value}', wanted a probability, 0 to 1" in capsys.readouterr().err


@pytest.mark.parametrize("abstention", [0.5, {}, {"threshold": "high"}, {"threshold": float("nan")}])
def test_a_card_with_a_threshold_that_is_none_is_refused(abstention: object) -> None:
    with pytest.raises(ArtefactError, match=r"in the card, wanted a (dict|number); export it again"):
        Classify.read("m", Card(golden_card(abstention=abstention), "m"))


def test_an_evaluation_tells_what_is_answered_and_how_often_that_is_right(
    model: str, shapes: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    classifier = Classifier.load(model)
    pictures = [path for shape in shapes.iterdir() for path in shape.iterdir()]
    sure = sorted((classifier.classify(path)[0].probability, path.parent.name, path) for path in pictures)
    classifier.threshold = sure[40][0]
    answered = [row for row in sure if row[0] >= classifier.threshold]
    right = sum(classifier.classify(path).label == truth for _, truth, path in answered)
    found = evaluate(classifier, shapes)
    assert found.threshold == classifier.threshold
    assert found.coverage == len(answered) / 120 < 1
    assert found.answered_top1 == right / len(answered)
    assert found.answered_top1_low is not None
    assert found.answered_top1_low < found.answered_top1
    classifier.threshold = 1.1
    assert evaluate(classifier, shapes).answered_top1 is None


def test_the_evaluation_shows_it(model: str, shapes: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    half = with_card(model, tmp_path / "half.tflite", abstention={"threshold": 0.5})
    assert evaluate_main([str(half), str(shapes)]) == 0
    assert "of them, those of probability 50.0% or more\n  top-1 " in capsys.readouterr().out
    assert evaluate_main([model, str(shapes)]) == 0
    assert "those of probability" not in capsys.readouterr().out, "18 validation pictures make no threshold"


def test_a_picture_beyond_the_limit_is_flagged_and_keeps_its_label(
    model: str, circle: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    near = str(with_card(model, tmp_path / "near.tflite", out_of_distribution={"threshold": 1e9}))
    far = str(with_card(model, tmp_path / "far.tflite", out_of_distribution={"threshold": 0.0}))
    rows = []
    for name in (near, far):
        assert main([circle, "--model", name, "--json"]) == 0
        rows.append(json.loads(capsys.readouterr().out))
    assert [(row["label"], row["out_of_distribution"], row.get("reason")) for row in rows] == [
        ("circle", False, None),
        ("circle", True, "unlike the training pictures"),
    ]
    assert main([circle, "--model", far]) == 0
    assert capsys.readouterr().out.startswith("unlike the training pictures\ncircle ")
    assert main([circle, circle, "--model", far]) == 0
    assert capsys.readouterr().out.splitlines()[0].endswith("% (unlike the training pictures)")
    assert main([circle, "--model", far, "--json", "--abstain-below", NEVER]) == 0
    assert json.loads(capsys.readouterr().out)["reason"].endswith("or more; unlike the training pictures")
    assert main([circle, "--model", far, "--csv", str(tmp_path / "t.csv")]) == 0
    assert (
        next(csv.DictReader((tmp_path / "t.csv").read_text().splitlines()))["reason"] == "unlike the training pictures"
    )


def test_a_model_without_a_limit_does_not_say_whether_a_picture_is_unlike(
    model: str, circle: str, shapes: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([circle, "--model", model, "--json"]) == 0
    assert "out_of_distribution" not in json.loads(capsys.readouterr().out)
    assert evaluate(Classifier.load(model), shapes).out_of_distribution is None


def test_an_evaluation_tells_how_many_are_flagged(
    model: str, shapes: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    classifier = Classifier.load(model)
    pictures = [path for shape in shapes.iterdir() for path in shape.iterdir()]
    distances = []
    for path in pictures:
        classifier.classify(path)
        distances.append(classifier.out_of_distribution() or 0.0)
    limit = sorted(distances)[-12]
    some = with_card(model, tmp_path / "some.tflite", out_of_distribution={"threshold": limit})
    assert evaluate(Classifier.load(some), shapes).out_of_distribution == 0.1
    assert evaluate_main([str(some), str(shapes)]) == 0
    assert "unlike the training pictures: 10.0% of them" in capsys.readouterr().out
