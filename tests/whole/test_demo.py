"""The pictures that `make demo` shows: chosen by what they truly show, and called by what became of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ressq_runtime import Classifier
from tools.demo import choose

LABELS = ["circle", "square", "triangle"]


@pytest.fixture
def split(shapes: Path, tmp_path: Path) -> Path:
    """Five pictures of each shape; a circle among them is called a square, and one is broken."""
    pictures = [[f"{label}/{number:02}.png", index] for index, label in enumerate(LABELS) for number in range(5)]
    pictures[0][1] = 1
    path = tmp_path / "split.json"
    path.write_text(json.dumps({"labels": LABELS, "val": pictures[:3], "test": [*pictures, ["none.png", 0]]}))
    return path


def test_a_right_and_a_wrong_answer_are_shown_with_the_truth(
    artefacts: dict[str, Path], shapes: Path, split: Path
) -> None:
    with Classifier.load(artefacts["int8.tflite"]) as classifier:
        classifier.threshold = 0
        (right, _), (wrong, picture) = choose(classifier, shapes, split)
        assert right.startswith("answered rightly: 14 of 16 test pictures. One of them, which truly shows ")
        assert wrong == "answered wrongly: 1 of 16 test pictures. One of them, which truly shows square:"
        assert picture == str(shapes / "circle" / "00.png")


def test_where_an_answer_is_withheld_it_is_shown_in_place_of_the_wrong_one(
    artefacts: dict[str, Path], shapes: Path, split: Path
) -> None:
    with Classifier.load(artefacts["int8.tflite"]) as classifier:
        sure = sorted(classifier.classify(shapes / label / "01.png")[0].probability for label in LABELS)
        classifier.threshold = sure[-1]
        (right, best), (withheld, picture) = choose(classifier, shapes, split)
        assert right.startswith("answered rightly: ")
        assert withheld.startswith("not answered, as the model is too unsure: ")
        assert classifier.classify(best).label == Path(best).parent.name
        assert classifier.classify(picture).label is None


def test_without_test_pictures_those_of_validation_are_shown(
    artefacts: dict[str, Path], shapes: Path, split: Path
) -> None:
    split.write_text(json.dumps(json.loads(split.read_text()) | {"test": []}))
    with Classifier.load(artefacts["int8.tflite"]) as classifier:
        classifier.threshold = 0
        assert "of 3 val pictures" in choose(classifier, shapes, split)[0][0]
