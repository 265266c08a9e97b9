"""The gate: a good quantiser passes, a broken one does not, and what it says of too few pictures."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import onnx
import pytest
from onnx import numpy_helper

from ressq_edge.pages.words import worse
from ressq_export import onnx_int8
from ressq_export.bench import Candidate
from ressq_export.cli import main
from ressq_export.errors import GateError
from ressq_export.gate import Gate
from ressq_export.ladder import Climbed, Remedies, Tried
from ressq_export.paired import Drop, drop_interval
from ressq_runtime.artefact import read_card
from ressq_runtime.pixels import PixelSpec

if TYPE_CHECKING:
    from pathlib import Path


def drop_of(n: int, lost: int, gained: int = 0) -> Drop:
    return Drop(n, lost, gained, (lost - gained) / n, *drop_interval(n, lost, gained), 1 - (lost + gained) / n)


def climbed(tflite: Drop, onnx: Drop) -> Climbed:
    drops = {"int8.tflite": tflite, "int8.onnx": onnx}
    tried = [Tried.of("min/max", kind, drop_of(1000, 80), 3) for kind in drops]
    tried += [Tried.of("least square error", kind, found, 3) for kind, found in drops.items()]
    return Climbed("least square error", {}, Candidate({}, {}), drops, tuple(tried))


def gate(**changed: Any) -> Gate:
    return Gate((), PixelSpec.for_size(64), **changed)


def test_a_file_that_loses_more_than_it_may_fails_with_what_was_tried_and_what_to_do() -> None:
    with pytest.raises(GateError) as caught:
        gate().check(climbed(drop_of(1000, 3), drop_of(1000, 6)))
    message = str(caught.value)
    assert message.startswith(
        "int8.onnx: found top-1 0.60 points worse than fp32's (1000 validation pictures, 95 %: 0.2"
    )
    assert "wanted at most 0.5; tried min/max (8.00 points worse), least square error (0.60 points worse);" in message
    assert "--allow-drop" in message


def test_a_drop_that_may_be_chance_passes_with_the_note_and_a_sure_one_does_not() -> None:
    note = gate().check(climbed(drop_of(341, 4, 2), drop_of(341, 1, 1)))  # two pictures: 0.59 points
    assert note.startswith("too few pictures to tell: with 341 validation pictures")
    with pytest.raises(GateError, match=r"^int8.tflite: found top-1 2.35 points worse"):
        gate().check(climbed(drop_of(341, 9, 1), drop_of(341, 1, 1)))
    with pytest.raises(
        GateError, match=r"^int8.onnx: found top-1 0.60 points worse"
    ):  # enough pictures: the estimate decides
        gate().check(climbed(drop_of(20000, 10, 5), drop_of(20000, 130, 10)))


def test_what_is_allowed_passes() -> None:
    assert gate(allow=True).check(climbed(drop_of(9000, 3), drop_of(9000, 90))) == ""
    assert gate(max_drop=0.02).check(climbed(drop_of(9000, 3), drop_of(9000, 90))) == ""


def test_either_file_is_held() -> None:
    with pytest.raises(GateError, match=r"^int8.tflite: found top-1 0.60 points worse"):
        gate().check(climbed(drop_of(1000, 6), drop_of(1000, 0)))


def test_enough_pictures_need_no_note() -> None:
    assert gate().check(climbed(drop_of(9000, 10, 5), drop_of(9000, 5, 10))) == ""


def test_too_few_pictures_are_said_to_be_too_few_and_how_many_are_needed() -> None:
    note = gate(photos=2273).check(climbed(drop_of(341, 0), drop_of(341, 1)))
    assert note.startswith("too few pictures to tell: with 341 validation pictures int8 may be 1.6 points worse (95 %)")
    validation, photos = re.findall(r"about ([0-9,]+) validation pictures, ([0-9,]+) photos in all", note)[0]
    needed = int(validation.replace(",", ""))
    low, high = drop_interval(needed, needed / 341, 0)
    assert 0.009 < high - low <= 0.01
    assert int(photos.replace(",", "")) / needed == pytest.approx(2273 / 341, rel=0.1)
    assert "in all" not in gate().check(climbed(drop_of(341, 0), drop_of(341, 1))), "how many photos there are is open"


@pytest.mark.parametrize(
    ("lost", "gained", "said"), [(1, 5, "better (95 %: "), (3, 1, "worse (95 %: "), (1, 1, "as good (")]
)
def test_the_terminal_and_the_page_say_the_same_of_a_difference(lost: int, gained: int, said: str) -> None:
    found = drop_of(341, lost, gained)
    record = tuple(Tried.of("min/max", kind, found, 3) for kind in ("int8.tflite", "int8.onnx"))
    told = str(Remedies("min/max", 0.005, record, ""))
    assert said in told
    assert f"int8.tflite {worse(found.drop, 2)} (95 %" in told
    assert not re.search(" [-+\N{MINUS SIGN}][0-9]", told)


def break_quantiser(monkeypatch: pytest.MonkeyPatch) -> None:
    """A planted fault: one scale in the ONNX file is 64 times what it should be."""
    quantise = onnx_int8.quantise_onnx

    def quantise_wrongly(source: Path, ranges: Any, target: Path, log: Any) -> None:
        quantise(source, ranges, target, log)
        model = onnx.load(target)
        for constant in model.graph.initializer:
            if constant.name.startswith("fire5.squeeze_scale"):
                constant.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(constant) * 64, constant.name))
        onnx.save(model, target)

    monkeypatch.setattr(onnx_int8, "quantise_onnx", quantise_wrongly)


@pytest.mark.slow
def test_a_broken_quantiser_fails_and_leaves_no_file(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    break_quantiser(monkeypatch)
    assert main([str(run), "--out", str(tmp_path), "--name", "shapes"]) == 1
    message = capsys.readouterr().err
    assert "int8.onnx: found top-1 " in message
    assert "points worse than fp32's" in message
    for name in ("min/max", "least square error", "cross-layer equalisation", "bias correction", "fine-tuning"):
        assert name in message
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_good_quantiser_passes_and_the_card_names_the_rung(artefacts: dict[str, Path]) -> None:
    for kind in ("int8.tflite", "int8.onnx"):
        card = read_card(artefacts[kind])
        assert card is not None
        precision = card.data["precision"]
        assert isinstance(precision, dict)
        assert precision["max_drop"] == 0.005
        (tried,) = precision["tried"]
        assert (tried["rung"], tried["file"]) == (precision["rung"], kind)
        assert tried["drop"] <= 0.005
        assert tried["low"] < tried["drop"] < tried["high"]


def test_the_json_report_has_the_records_of_both_files_and_the_note(
    lively_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(lively_run), "--out", str(tmp_path), "--max-drop", "20", "--allow-drop", "--json"]) == 0
    remedies = json.loads(capsys.readouterr().out)["remedies"]
    assert {row["file"] for row in remedies["tried"]} == {"int8.tflite", "int8.onnx"}
    assert remedies["note"].startswith("too few pictures to tell: with 12 validation pictures")


@pytest.mark.parametrize("points", ["0", "-1", "101", "nan", "half"])
def test_a_drop_that_is_no_share_of_pictures_is_wrong_usage(points: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["run", "--out", "dist", "--max-drop", points])
    assert f"found '{points}', wanted percentage points above 0 and up to 100" in capsys.readouterr().err
