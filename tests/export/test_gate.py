"""The gate: a good quantiser passes, a broken one does not, and what it says of too few pictures."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import onnx
import pytest
from onnx import numpy_helper

from ressq_edge.pages.words import worse
from ressq_export.cli import main
from ressq_export.convert import FLOATS, KINDS
from ressq_export.formats import onnx_int8
from ressq_export.measurement.fidelity import Compared, Fidelity
from ressq_export.measurement.paired import Drop, drop_interval
from ressq_export.measurement.scores import TORCH
from ressq_export.measurement.verdict import Verdict
from ressq_export.quantization.gate import Gate
from ressq_export.quantization.quantizer import Candidate
from ressq_export.quantization.search import Attempt, SearchResult
from ressq_export.tasks.classify import Classify
from ressq_runtime.artefact.container import read_card
from ressq_runtime.inputs.picture_spec import PixelSpec
from ressq_runtime.intervals import wilson
from ressq_runtime.selftest import self_test


def drop_of(n: int, lost: int, gained: int = 0) -> Drop:
    return Drop(n, lost, gained, (lost - gained) / n, *drop_interval(n, lost, gained), 1 - (lost + gained) / n)


def compared(drop: Drop, **changed: Any) -> Compared:
    """With nothing against it but what the labels say, unless that is given."""
    return Compared(drop, replace(Fidelity(drop.n, 0, *wilson(0, drop.n), 0.001, 30.0), **changed))


def searched(tflite: Drop, onnx: Drop) -> SearchResult:
    found = {"int8.tflite": compared(tflite), "int8.onnx": compared(onnx)}
    attempts = [Attempt.of("min/max", kind, compared(drop_of(1000, 80)), 3) for kind in found]
    attempts += [Attempt.of("least square error", kind, one, 3) for kind, one in found.items()]
    return SearchResult("least square error", {}, Candidate({}, {}), found, tuple(attempts))


def gate(**changed: Any) -> Gate:
    return Gate(Classify(()), (), PixelSpec.for_size(64), **changed)


def verdict(tflite: Drop, onnx: Drop, **changed: Any) -> Verdict:
    return gate(**changed).check(searched(tflite, onnx)).verdict


def test_a_file_that_loses_more_than_it_may_is_refused_with_what_was_tried() -> None:
    found = gate().check(searched(drop_of(1000, 3), drop_of(1000, 6)))
    message = found.verdict.fault
    assert message.startswith(
        "int8.onnx: found top-1 0.60 points worse than fp32's (1000 validation pictures, 95 %: 0.2"
    )
    assert message.endswith("wanted at most 0.5")
    assert found.summary() == (
        "min/max (8.00 points worse, 0 of 1,000 answers changed), "
        "least square error (0.60 points worse, 0 of 1,000 answers changed)"
    )


def test_a_drop_that_may_be_chance_passes_with_the_note_and_a_sure_one_does_not() -> None:
    found = verdict(drop_of(341, 4, 2), drop_of(341, 1, 1))  # two pictures: 0.59 points
    assert (found.outcome, found.fault) == ("faithful", "")
    assert found.note.startswith("to tell 0.5 points takes about ")
    sure = verdict(drop_of(341, 9, 1), drop_of(341, 1, 1)).fault
    assert sure.startswith("int8.tflite: found top-1 2.35 points worse")
    enough = verdict(drop_of(20000, 10, 5), drop_of(20000, 130, 10)).fault  # enough: the estimate decides
    assert enough.startswith("int8.onnx: found top-1 0.60 points worse")


def test_what_is_allowed_passes_and_is_said_to_lose() -> None:
    found = verdict(drop_of(9000, 3), drop_of(9000, 90), allow=True)
    assert (found.outcome, found.headline, found.note) == ("lost", "int8 loses accuracy", "")
    assert found.fault.startswith("int8.onnx: found top-1 1.00 points worse")
    assert verdict(drop_of(9000, 3), drop_of(9000, 90), max_drop=0.02).outcome == "kept"


def test_either_file_is_held() -> None:
    assert verdict(drop_of(1000, 6), drop_of(1000, 0)).fault.startswith("int8.tflite: found top-1 0.60 points worse")


def test_enough_pictures_need_no_note() -> None:
    found = verdict(drop_of(9000, 10, 5), drop_of(9000, 5, 10))
    assert (found.outcome, found.headline, found.note) == ("kept", "int8 keeps the accuracy", "")


def test_too_few_pictures_are_said_to_be_too_few_and_how_many_are_needed() -> None:
    note = verdict(drop_of(341, 0), drop_of(341, 1), photos=2273).note
    validation, photos = re.findall(r"about ([0-9,]+) validation pictures, ([0-9,]+) photos in all", note)[0]
    needed = int(validation.replace(",", ""))
    low, high = drop_interval(needed, needed / 341, 0)
    assert 0.009 < high - low <= 0.01
    assert int(photos.replace(",", "")) / needed == pytest.approx(2273 / 341, rel=0.1)
    assert "in all" not in verdict(drop_of(341, 0), drop_of(341, 1)).note, "how many photos there are is open"


@pytest.mark.parametrize(
    ("lost", "gained", "said"), [(1, 5, "better (95 %: "), (3, 1, "worse (95 %: "), (1, 1, "as good (")]
)
def test_the_terminal_and_the_page_say_the_same_of_a_difference(lost: int, gained: int, said: str) -> None:
    found = gate().check(searched(drop_of(341, lost, gained), drop_of(341, lost, gained)))
    told = str(found)
    assert said in told
    assert f"int8.tflite top-1 {worse(drop_of(341, lost, gained).drop, 2)} (95 %" in told
    assert not re.search(" [-+\N{MINUS SIGN}][0-9]", told)
    assert told.endswith(f"\n{found.verdict.headline}; {found.verdict.note}")


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
def test_of_a_broken_quantiser_the_fp32_pair_is_left_and_the_message_names_the_file_to_take(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    break_quantiser(monkeypatch)
    assert main([str(run), "--out", str(tmp_path), "--name", "shapes"]) == 1
    message = capsys.readouterr().err
    assert "int8.onnx: found top-1 " in message
    assert "points worse than fp32's" in message
    for name in ("min/max", "least square error", "cross-layer equalisation", "bias correction", "fine-tuning"):
        assert name in message
    assert f"no int8 file was written: take {tmp_path / 'shapes_fp32.tflite'}" in message
    assert {path.name for path in tmp_path.iterdir()} == FP32_PAIR


FP32_PAIR = {f"shapes_{end}" for end in ("fp32.onnx", "fp32.tflite", "certificate.json", "certificate.html")}


def test_where_int8_is_refused_the_fp32_pair_and_a_certificate_are_written_and_old_int8_files_go(
    lively_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    break_quantiser(monkeypatch)
    for kind in KINDS:
        (tmp_path / f"shapes_{kind}").write_text("of another run")
    (tmp_path / "other_int8.tflite").touch()
    command = [str(lively_run), "--out", str(tmp_path), "--name", "shapes"]
    assert main([*command, "--force", "--json"]) == 1
    shown = capsys.readouterr()
    report = json.loads(shown.out)
    assert f"ressq-export: error: {report['refused']}\n" in shown.err
    assert f"no int8 file was written: take {tmp_path / 'shapes_fp32.tflite'}, or " in report["refused"]
    assert {path.name for path in tmp_path.iterdir()} == {*FP32_PAIR, "other_int8.tflite"}
    assert {Path(path).name for path in report["files"]} == FP32_PAIR
    (rows,) = report["tables"].values()
    assert [row["name"] for row in rows if row["size_bytes"] is None] == [TORCH, "int8.onnx", "int8.tflite"]
    for kind in FLOATS:
        assert self_test(tmp_path / f"shapes_{kind}")
    document = json.loads((tmp_path / "shapes_certificate.json").read_text(encoding="utf-8"))
    assert document["verdict"]["outcome"] == "refused"
    assert set(document["files"]) == set(FLOATS)
    capsys.readouterr()
    test = lively_run.parent / "data" / "test"
    assert main([*command, "--evaluate", str(test)]) == 0, "what is there can be evaluated"
    shown = capsys.readouterr()
    assert "int8.tflite" not in shown.out
    assert "fp32.tflite" in shown.out


@pytest.mark.slow
def test_a_good_quantiser_passes_and_the_card_names_the_step(artefacts: dict[str, Path]) -> None:
    for kind in ("int8.tflite", "int8.onnx"):
        card = read_card(artefacts[kind])
        assert card is not None
        quantization = card.data["quantization"]
        assert isinstance(quantization, dict)
        assert quantization["max_drop"] == 0.005
        (attempt,) = quantization["attempts"]
        assert (attempt["step"], attempt["file"]) == (quantization["step"], kind)
        assert attempt["drop"] <= 0.005
        assert attempt["low"] < attempt["drop"] < attempt["high"]


def test_the_json_report_has_the_records_of_both_files_and_the_verdict(
    lively_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(lively_run), "--out", str(tmp_path), "--max-drop", "20", "--allow-drop", "--json"]) == 0
    recipe = json.loads(capsys.readouterr().out)["quantization"]
    assert {row["file"] for row in recipe["attempts"]} == {"int8.tflite", "int8.onnx"}
    assert {(row["n"], row["compared"]) for row in recipe["attempts"]} == {(12, 36)}, "training pictures as well"
    assert set(recipe["verdict"]) == {"outcome", "headline", "note", "fault"}
    assert recipe["verdict"]["note"].startswith("to tell 20 points takes about ")


@pytest.mark.parametrize("points", ["0", "-1", "101", "nan", "half"])
def test_a_drop_that_is_no_share_of_pictures_is_wrong_usage(points: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["run", "--out", "dist", "--max-drop", points])
    assert f"found '{points}', wanted percentage points above 0 and up to 100" in capsys.readouterr().err
