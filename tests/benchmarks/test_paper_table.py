"""The paper's table and the growth of cost: real artefacts, in the short form, and a planted cheat."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

import paper_table
import tiny_tflite
import train_paper_rows
from artefacts import open_target
from conftest import SHAPE_SIZE, SHAPES
from growth.page import to_page
from page.markdown import to_markdown
from paper.page import PAPER
from paper.rows import read_start
from ressq_runtime import read_card
from ressq_runtime.artefact.container import attach_card


@pytest.mark.slow
def test_rows_are_measured_side_by_side_and_missing_ones_are_named(
    artefacts: dict[str, Path], shapes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest, cheat, out = tmp_path / "honest", tmp_path / "cheat", tmp_path / "out"
    for folder in (honest, cheat):
        folder.mkdir()
        for kind in ("fp32.tflite", "int8.tflite"):
            shutil.copy(artefacts[kind], folder / f"shapes_{kind}")
    monkeypatch.setattr(tiny_tflite, "SIZE", SHAPE_SIZE)
    monkeypatch.setattr(tiny_tflite, "CLASSES", len(SHAPES))
    card = read_card(artefacts["int8.tflite"])
    assert card
    (cheat / "shapes_int8.tflite").write_bytes(attach_card(tiny_tflite.tiny_model(), card.data, ".tflite"))
    command = [str(honest), str(cheat), str(tmp_path), "--data", str(shapes), "--quick", "--out", str(out)]
    with pytest.raises(SystemExit, match=r"found no NAME_int8\.tflite"):
        paper_table.main(command)
    command.remove(str(tmp_path))
    assert paper_table.main(command) == 0
    found = json.loads((out / "paper_table.json").read_text())
    first, second = found["rows"]
    assert first["accuracy"]["fp32.tflite"]["n"] == 120
    assert first["test_set"]["fp32.tflite"]["cpu_s"] > 0
    assert first["input_px"] == SHAPE_SIZE
    assert first["ratios"][0]["inference_cpu"][0] > 0
    assert first["test_set"] != second["test_set"], "both are called shapes"
    assert second["entries"]["int8.tflite"]["refused"].endswith("that fp32 is sure of")
    assert second["ratios"] == []
    assert "ResNet: no run of resnet18" in found["missing"]
    assert not any(line.startswith("Res-SqueezeNet") for line in found["missing"])
    said = (out / "paper_table.md").read_text()
    assert said.startswith("# The paper's table\n\n**Of 2 networks Res-SqueezeNet (ressqueezenet1_1, gated; shapes)")
    assert "* ShuffleNet: no run of shufflenet_v2_x1_0" in said


def test_rows_that_are_there_are_not_made_again_and_one_that_fails_is_named(
    run: Path, artefacts: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: Any
) -> None:
    made = tmp_path / "runs" / "scratch-ressqueezenet1_1"
    shutil.copytree(run, made)
    (made / "dist").mkdir()
    for kind, path in artefacts.items():
        shutil.copy(path, made / "dist" / f"{made.name}_{kind}")
    rows = {"scratch-odd": ["--arch", "odd"], made.name: []}
    monkeypatch.setattr(train_paper_rows, "plan_rows", lambda *_: rows)
    photos = tmp_path / "photos"
    assert train_paper_rows.main([str(photos), "--out", str(tmp_path / "runs")]) == 1
    said = capfd.readouterr()
    assert said.out == f"python benchmarks/paper_table.py {made} --data {photos / 'test'}\n"
    assert "invalid choice: 'odd'" in said.err
    assert f"error: {tmp_path / 'runs' / 'scratch-odd'}: found no artefacts after it, wanted four" in said.err
    assert open_target(made) == made / "dist", "what was exported already is measured"
    (made / "best.safetensors").write_bytes(b"other weights")
    monkeypatch.setattr("artefacts.EXPORTS", tmp_path / "exports")
    with pytest.raises(SystemExit, match="ressq-export ended with exit code 1"):
        open_target(made)


def test_the_rows_are_the_papers_and_of_one_size() -> None:
    rows = train_paper_rows.plan_rows(Path("w.pth"), 112, 24, ["--threads", "1"])
    given = {name: dict(zip(flags[::2], flags[1::2], strict=True)) for name, flags in rows.items()}
    assert {flags["--arch"] for flags in given.values()} == {archs[0] for archs in PAPER.values()}
    assert {(flags["--size"], flags["--threads"]) for flags in given.values()} == {("112", "1")}
    weights = [flags["--arch"] for flags in given.values() if flags["--init"] == "w.pth"]
    assert weights == ["squeezenet1_1", "ressqueezenet1_1"]
    assert len(train_paper_rows.plan_rows(None, 112, 24, [])) == len(PAPER)


def test_where_the_weights_came_from_is_read_from_the_config(tmp_path: Path) -> None:
    for init, words in (("none", "from scratch"), ("/home/me/alex.pth", "pretrained (alex.pth)")):
        (tmp_path / "config.json").write_text(json.dumps({"settings": {"init": init}}))
        assert read_start(tmp_path) == words
    assert read_start(None) == read_start(tmp_path / "none") == ""


def test_growth_is_held_against_what_was_expected() -> None:
    axis: dict[str, Any] = {"lines": {"int8": [[2, 1.0], [1000, 3.0]]}, "expected": {"int8": [[2, 1.0], [1000, 4.0]]}}
    pictures = {
        "lines": {"ressq-infer": [[0.2, 5.0], [12, 20.0]], "full decoding": [[0.2, 6.0], [12, 200.0]]},
        "expected": {},
    }
    machine = {"model": "a board", "cores": 4, "os": "OS", "python": "3", "governor": None, "temperature_c": None}
    about = {
        "machine": machine,
        "command": [],
        "load_before": 0.0,
        "others_cores": 0.0,
        "date": "today",
        "warnings": [],
    }
    said = to_markdown(to_page({"axes": {"picture": pictures, "classes": axis}, **about}))
    assert "| Number of classes, int8 | 2 | 1000 | 3.00 x | 4.00 x |" in said
    assert "A picture 60 times as large costs 4.0 times as much" in said
