"""What an exported artefact says of itself, and that the runtime finds it true."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import onnx
import pytest

from export_networks import LABELS, SIZE
from ressq_export.convert import KINDS
from ressq_runtime import evaluate
from ressq_runtime.artefact.container import read_card
from ressq_runtime.classifier import Classifier
from ressq_runtime.selftest import self_test

if TYPE_CHECKING:
    from pathlib import Path


def card_of(path: Path) -> dict[str, Any]:
    card = read_card(path)
    assert card is not None
    return dict(card.data)


@pytest.mark.parametrize("kind", KINDS)
def test_an_artefact_describes_itself(exported: dict[str, Path], kind: str) -> None:
    card = card_of(exported[kind])
    assert (card["name"], card["about"], card["task"]) == ("café", "Drawn shapes.", "classify")
    assert tuple(card["labels"]) == LABELS
    assert card["input"]["size"] == SIZE
    assert (card["model"]["arch"], card["model"]["bypass"]) == ("ressqueezenet1_1", "gated")
    int8 = kind.startswith("int8")
    assert card["precision"]["scheme"] == ("int8 static per-channel" if int8 else "fp32")
    assert (card["calibration"] is not None) == int8 == (card["output"]["step"] > 0)
    assert len({case["seed"] for case in card["self_test"]}) == 3
    assert "torch" in card["versions"]


@pytest.mark.parametrize("kind", KINDS)
def test_an_artefact_passes_its_own_self_test(exported: dict[str, Path], kind: str) -> None:
    assert self_test(exported[kind]) == 3


@pytest.mark.parametrize("kind", KINDS)
def test_the_accuracy_in_the_card_is_what_the_runtime_measures(
    exported: dict[str, Path], lively_run: Path, kind: str
) -> None:
    found = evaluate(Classifier.load(exported[kind]), lively_run.parent / "data" / "val")
    card = card_of(exported[kind])["accuracy"]
    assert (card["n"], card["split"]) == (found.n, "val") == (12, "val")
    for key in ("top1", "top1_low", "top1_high"):
        assert card[key] == pytest.approx(getattr(found, key), abs=1e-6)


def test_float_files_agree_with_torch_on_every_picture(exported: dict[str, Path]) -> None:
    assert [card_of(exported[kind])["accuracy"]["agreement_fp32"] for kind in ("fp32.onnx", "fp32.tflite")] == [1, 1]


def test_calibration_is_recorded(exported: dict[str, Path]) -> None:
    found = card_of(exported["int8.tflite"])["calibration"]
    assert (found["count"], found["seed"], found["split"]) == (24, 0, "train")
    assert found == card_of(exported["int8.onnx"])["calibration"]


def test_labels_in_other_alphabets_arrive(exported: dict[str, Path]) -> None:
    for path in exported.values():
        assert tuple(Classifier.load(path).labels) == LABELS
    properties = {entry.key: entry.value for entry in onnx.load(exported["fp32.onnx"]).metadata_props}
    assert properties["names"] == str(dict(enumerate(LABELS)))
    assert (properties["imgsz"], properties["task"]) == ("[64, 64]", "classify")


def test_nothing_is_left_beside_the_artefacts_and_their_certificate(exported: dict[str, Path]) -> None:
    one = exported["fp32.onnx"]
    name = one.name.removesuffix("_fp32.onnx")
    certificate = [one.with_name(f"{name}_certificate.{suffix}") for suffix in ("html", "json")]
    assert sorted(one.parent.iterdir()) == sorted([*exported.values(), *certificate])


def test_no_artefact_names_a_picture_or_a_folder(exported: dict[str, Path], lively_run: Path) -> None:
    for path in exported.values():
        content = path.read_bytes()
        assert str(lively_run.parent).encode() not in content
        assert b".png" not in content


def test_golden_seeds_are_the_same_in_all_files(exported: dict[str, Path]) -> None:
    seeds = {tuple(case["seed"] for case in card_of(path)["self_test"]) for path in exported.values()}
    assert len(seeds) == 1
