from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import ressq_runtime
from ressq_runtime import Classifier, EngineError
from ressq_runtime.model import default_threads

KINDS = ("fp32.onnx", "int8.onnx", "fp32.tflite", "int8.tflite")


@pytest.fixture(params=KINDS)
def classifier(request: pytest.FixtureRequest, artefacts: dict[str, Path]) -> Classifier:
    return Classifier.load(artefacts[request.param], threads=1)


def test_the_public_surface_is_pinned() -> None:
    assert ressq_runtime.__all__ == [
        "ArtefactError", "Card", "Classifier", "EngineError", "Evaluation", "FolderError", "Model", "OutputError",
        "PictureError", "PixelSpec", "Prediction", "RessqError", "evaluate", "profile", "read_card",
        "self_test", "to_pixels",
    ]  # fmt: skip
    for name in ressq_runtime.__all__:
        assert getattr(ressq_runtime, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'classify_all'"):
        ressq_runtime.classify_all  # noqa: B018


def test_predictions_are_sorted_probabilities_with_labels(classifier: Classifier, shapes: Path) -> None:
    predictions = classifier.classify(shapes / "triangle" / "01.png")
    assert predictions[0].label == "triangle"
    probabilities = [prediction.probability for prediction in predictions]
    assert probabilities == sorted(probabilities, reverse=True)
    assert sum(probabilities) == pytest.approx(1, abs=1e-3)
    assert [p.label for p in classifier.classify(shapes / "triangle" / "01.png", top_k=1)] == ["triangle"]


def test_path_image_and_array_are_answered_alike(classifier: Classifier, shapes: Path) -> None:
    path = shapes / "square" / "02.png"
    image = Image.open(path)
    answers = [classifier.classify(source) for source in (path, str(path), image, np.asarray(image))]
    assert len({str(answer) for answer in answers}) == 1


def test_pixels_of_another_length_are_refused(classifier: Classifier) -> None:
    with pytest.raises(EngineError, match=r"pixels: found 3 bytes, wanted 12288 \(uint8 RGB\); use to_pixels"):
        classifier.scores(b"abc")


def test_the_four_artefacts_agree(artefacts: dict[str, Path], shapes: Path) -> None:
    four = [Classifier.load(artefacts[kind], threads=1) for kind in KINDS]
    for path in sorted(shapes.rglob("*.png"))[::30]:
        assert len({classifier.classify(path)[0].label for classifier in four}) == 1


def test_equal_scores_keep_the_order_of_the_labels(artefacts: dict[str, Path]) -> None:
    classifier = Classifier.load(artefacts["fp32.tflite"])
    assert [p.label for p in classifier.rank([0.25, 0.5, 0.25])] == ["square", "circle", "triangle"]


@pytest.mark.parametrize("top_k", [0, -1])
def test_no_answers_are_not_asked_for(classifier: Classifier, shapes: Path, top_k: int) -> None:
    with pytest.raises(ValueError, match=f"top_k: found {top_k}, wanted at least 1"):
        classifier.classify(shapes / "triangle" / "01.png", top_k)


def test_threads_are_at_most_four() -> None:
    assert 1 <= default_threads() <= 4
