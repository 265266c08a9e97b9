from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from cards import FLATBUFFER
from ressq_runtime import ArtefactError, Classifier, read_card, self_test
from ressq_runtime.artefact.container import attach_card
from ressq_runtime.artefact.zip_and_protobuf import find_onnx_property, find_zip_entry
from ressq_runtime.inputs import picture as pixels
from ressq_runtime.inputs.golden_picture import golden_picture
from ressq_runtime.tasks.classify_golden import ROUNDING, check_scores

KINDS = ("fp32.onnx", "int8.onnx", "fp32.tflite", "int8.tflite")

# Of golden_picture(1, 64, 64): the same on every machine and with every version of Python and Pillow.
GOLDEN_SHA256 = "47055c4e248eff5227fcc4355fa4d9e9b2b9adc36750457d283efa6f9c578683"


def with_card(path: Path, target: Path, change: Any) -> Path:
    """A copy of an artefact with its card changed and sealed again."""
    whole = path.read_bytes()
    found = find_zip_entry(whole, "labels.txt") if path.suffix == ".tflite" else find_onnx_property(whole, "ressq")
    card = read_card(path)
    assert found is not None
    assert card is not None
    data = json.loads(json.dumps(card.data))
    change(data)
    target.write_bytes(attach_card(whole[: found[0]], data, path.suffix))
    return target


def test_golden_pictures_never_change() -> None:
    assert sha256(golden_picture(1, 64, 64).tobytes()).hexdigest() == GOLDEN_SHA256
    assert golden_picture(1, 64, 64).tobytes() != golden_picture(2, 64, 64).tobytes()


@pytest.mark.parametrize("kind", KINDS)
def test_a_fresh_artefact_passes(artefacts: dict[str, Path], kind: str) -> None:
    assert self_test(artefacts[kind]) == 3


def test_a_flipped_byte_names_the_hash(artefacts: dict[str, Path], tmp_path: Path) -> None:
    whole = bytearray(artefacts["int8.tflite"].read_bytes())
    whole[len(whole) // 2] ^= 1
    (tmp_path / "flipped.tflite").write_bytes(whole)
    with pytest.raises(ArtefactError, match="hash"):
        self_test(tmp_path / "flipped.tflite")


@pytest.mark.parametrize("kind", KINDS)
def test_swapped_labels_with_a_good_seal_name_the_scores_or_the_labels(
    artefacts: dict[str, Path], tmp_path: Path, kind: str
) -> None:
    def swap(data: dict[str, Any]) -> None:
        for case in data["self_test"]:
            case["scores"] = [case["scores"][1], case["scores"][0], *case["scores"][2:]]

    with pytest.raises(ArtefactError, match="scores differ"):
        self_test(with_card(artefacts[kind], tmp_path / f"swapped.{kind}", swap))


def test_blue_green_red_names_the_pixels(artefacts: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    to_rgb = pixels.to_pixels

    def to_bgr(source: Any, spec: Any) -> bytes:
        rgb = to_rgb(source, spec)
        return bytes(value for index in range(0, len(rgb), 3) for value in rgb[index : index + 3][::-1])

    monkeypatch.setattr(pixels, "to_pixels", to_bgr)
    with pytest.raises(ArtefactError, match="pixels differ"):
        self_test(artefacts["int8.tflite"])


def test_one_step_of_every_logit_passes_and_more_does_not(artefacts: dict[str, Path]) -> None:
    import math

    classifier = Classifier.load(artefacts["int8.tflite"])
    assert classifier.card is not None
    step, wanted = classifier._task.step, [0.2, 0.3, 0.5]
    assert step > 0

    def moved(by: float) -> list[float]:
        raised = [math.exp(math.log(wanted[0]) + by), *(math.exp(math.log(p) - by) for p in wanted[1:])]
        return [value / sum(raised) for value in raised]

    check_scores(classifier._task, "m: self-test 1", wanted, moved(step), "x")
    with pytest.raises(ArtefactError, match=r"scores differ \(found .* for circle, wanted 0.2;.*try --engine"):
        check_scores(classifier._task, "m: self-test 1", wanted, moved(3 * step + 2 * ROUNDING), "x")


def test_scores_that_are_no_numbers_fail(artefacts: dict[str, Path]) -> None:
    classifier = Classifier.load(artefacts["fp32.tflite"])
    with pytest.raises(ArtefactError, match="scores differ"):
        check_scores(classifier._task, "m: self-test 1", [0.2, 0.3, 0.5], [float("nan")] * 3, "x")


def test_an_artefact_without_a_self_test_says_so(artefacts: dict[str, Path], tmp_path: Path) -> None:
    path = with_card(artefacts["fp32.onnx"], tmp_path / "none.onnx", lambda data: data.update(self_test=[]))
    with pytest.raises(ArtefactError, match="found no self-test inside"):
        self_test(path)


def test_a_foreign_model_has_no_self_test(tmp_path: Path) -> None:
    (tmp_path / "foreign.tflite").write_bytes(FLATBUFFER)
    with pytest.raises(ArtefactError, match="found a model without a card"):
        self_test(tmp_path / "foreign.tflite")
