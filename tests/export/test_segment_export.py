"""A network that answers for each pixel, trained for seconds, through all four files to its certificate."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from PIL import Image

from browser import browsing
from mask_runs import SIDES, lay_out_scenes, train_scenes
from pixel_answers import LABELS
from ressq_export.cli import main
from ressq_export.convert import KINDS
from ressq_export.measurement.scores import INT8, TORCH
from ressq_export.measurement.verdict import Verdict, decide
from ressq_export.progress import Screen
from ressq_export.quantization.gate import Gate
from ressq_export.run import Run, read_run
from ressq_runtime.artefact.container import read_card
from ressq_runtime.engines import load_engine
from ressq_runtime.inputs.picture import to_pixels
from ressq_runtime.model import Model


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("scenes")
    return train_scenes(lay_out_scenes(root / "data"), root / "run")


@pytest.fixture(scope="module")
def out(run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The artefacts and their certificate, with the test split."""
    out = tmp_path_factory.mktemp("dist")
    data = str(run.parent / "data")
    assert main([str(run), "--out", str(out), "--name", "scenes", "--evaluate", data, "--max-drop", "50"]) == 0
    return out


@pytest.fixture(scope="module")
def certificate(out: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((out / "scenes_certificate.json").read_text(encoding="utf-8"))
    return found


def test_figures_are_those_of_the_files_asked_once_more(out: Path, run: Path, certificate: dict[str, Any]) -> None:
    """Counted here from the files' own outputs and the masks as they are stored."""
    spec = read_run(run).checkpoint.pixels
    pictures = sorted((run.parent / "data/images/val").iterdir())
    masks = [np.asarray(Image.open(run.parent / f"data/masks/val/{path.stem}.png")) for path in pictures]
    maps = {}
    for kind in KINDS:
        engine = load_engine(str(out / f"scenes_{kind}"))
        answers = (engine.run(to_pixels(path, spec))["classes"].data for path in pictures)
        maps[kind] = [np.frombuffer(found, np.int32).reshape(SIDES) for found in answers]
        engine.close()
    figures = certificate["sets"][0]["figures"]
    for kind, found in maps.items():
        shares = []
        for label in range(len(LABELS)):
            hits = sum(((one == label) & (truth == label)).sum() for one, truth in zip(found, masks, strict=True))
            either = sum(
                (((one == label) | (truth == label)) & (truth != 255)).sum()
                for one, truth in zip(found, masks, strict=True)
            )
            shares.append(hits / either)
        assert figures[kind]["miou"] == pytest.approx(np.mean(shares))
        same = [(one == exact).mean() for one, exact in zip(found, maps["fp32.onnx"], strict=True)]
        assert figures[kind]["agreement"] == pytest.approx(np.mean(same), abs=1e-4)
        assert figures[kind]["agreement_worst"] == pytest.approx(min(same), abs=3e-4)
    assert figures[TORCH]["miou"] > 0.5, "it has learned something"


def test_figures_are_those_of_ressq_evaluate(out: Path, run: Path, certificate: dict[str, Any]) -> None:
    """But for the interval, which draws otherwise."""
    model = Model.load(out / "scenes_int8.tflite", threads=1)
    found: Any = model.task.extras().evaluate(model, run.parent / "data", None, run / "split.json")
    model.close()
    kept = certificate["sets"][1]
    figures = kept["figures"]["int8.tflite"]
    assert (found.n, found.miou) == (kept["n"], pytest.approx(figures["miou"]))
    classes = {row["label"]: row for row in kept["classes"]}
    for name, shares in (("iou", found.iou), ("f1", found.f1)):
        assert {label: row[name]["int8.tflite"] for label, row in classes.items()} == pytest.approx(shares)
    assert {label: row["pixels"] for label, row in classes.items()} == found.pixels


def test_the_card_tells_task_colours_and_accuracy(out: Path, certificate: dict[str, Any]) -> None:
    for kind in KINDS:
        card = read_card(out / f"scenes_{kind}")
        assert card is not None
        found = card.data
        assert (found["task"], found["labels"], len(found["colours"])) == ("segment", list(LABELS), 3)
        assert "abstention" not in found
        assert "out_of_distribution" not in found
        accuracy, figures = found["accuracy"], certificate["sets"][0]["figures"][kind]
        assert accuracy["n"] == 14
        assert accuracy["miou"] == pytest.approx(figures["miou"], abs=1e-6)
        assert accuracy["agreement_worst"] == pytest.approx(figures["agreement_worst"], abs=1e-6)
        assert list(accuracy["iou"]) == list(LABELS)


def test_the_certificate_has_both_sets_and_only_the_first_fitted_the_temperature(certificate: dict[str, Any]) -> None:
    assert [(found["name"], found["n"]) for found in certificate["sets"]] == [
        ("validation split", 14),
        ("test split", 6),
    ]
    assert certificate["model"]["size"] == list(SIDES)
    assert certificate["quantization"]["metric"] == "mIoU"
    assert certificate["confidence"]["after"]["n"] > 14 * 50
    assert all(found["abstention"] is None for found in certificate["files"].values())


def test_the_page_opens_and_shows_the_worst_pictures(out: Path, certificate: dict[str, Any], tmp_path: Path) -> None:
    page = out / "scenes_certificate.html"
    text = page.read_text(encoding="utf-8")
    assert text.count('<figure class="worst">') == 12
    assert text.count("<img ") == 60
    assert len(text) < 1_500_000
    assert "top-1" not in text
    with browsing(tmp_path) as tab:
        for width in (1200, 400):
            tab.open(page.as_uri(), width=width)
            tab.wait_for("document.readyState === 'complete'")
            assert tab.value("[...document.images].every(image => image.naturalWidth > 0)")
            assert tab.value("document.documentElement.scrollWidth") <= width
        assert tab.faults == []
        assert tab.value("document.querySelector('h2').innerText") == certificate["verdict"]["headline"]


def test_files_that_are_there_are_evaluated_on_a_folder_of_images_and_masks(
    run: Path, out: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = lay_out_scenes(tmp_path / "data", 0, 0, 5)
    for kind in ("images", "masks"):
        for path in (folder / kind / "test").iterdir():
            path.rename(folder / kind / path.name)
        for part in (folder / kind).iterdir():
            if part.is_dir():
                part.rmdir()
    arguments = [str(run), "--out", str(out), "--name", "scenes", "--evaluate", str(folder), "--json"]
    assert main(arguments) == 0
    report = json.loads(capsys.readouterr().out)
    assert not report["exported"]
    (rows,) = report["tables"].values()
    assert [row["name"] for row in rows] == [TORCH, *KINDS]
    assert {row["n"] for row in rows} == {5}
    assert all(0 < row["miou_low"] <= row["miou"] <= row["miou_high"] <= 1 for row in rows)
    (folder / "classes.csv").write_text("index,name\n0,road\n1,grass\n2,lorry\n")
    assert main(arguments) == 1
    assert "found the class lorry" in capsys.readouterr().err


def test_without_thumbnails_neither_page_nor_json_shows_or_names_a_picture(run: Path, tmp_path: Path) -> None:
    given = ["--no-thumbnails", "--max-drop", "50", "--name", "quiet"]
    assert main([str(run), "--out", str(tmp_path), *given]) == 0
    texts = [(tmp_path / f"quiet_certificate.{kind}").read_text(encoding="utf-8") for kind in ("json", "html")]
    assert "<img" not in texts[1]
    assert not re.search(r"\d\.(jpg|png)", "".join(texts))
    assert "no picture and no file name is in this certificate" in texts[1]


def gate(found: Run) -> Gate:
    return Gate(found.task, found.pictures("val"), found.checkpoint.pixels)


def judge(run: Path, reference: Path, file: Path) -> Verdict:
    found = read_run(run)
    compared = gate(found).judge(reference, Screen(None))(dict.fromkeys(INT8, file))
    return decide(compared, 0.005, found.task.metric)


def test_the_gate_passes_the_float_file_itself(run: Path, out: Path) -> None:
    file = out / "scenes_fp32.onnx"
    verdict = judge(run, file, file)
    assert (verdict.outcome, verdict.fault) == ("kept", "")


def test_the_gate_refuses_a_file_that_swaps_two_classes(run: Path, out: Path, tmp_path: Path) -> None:
    model = onnx.load(out / "scenes_fp32.onnx")
    last = next(node for node in model.graph.node if node.output[0] == "logits")
    for tensor in model.graph.initializer:
        if tensor.name in last.input[1:]:
            stored = onnx.numpy_helper.to_array(tensor)
            tensor.CopyFrom(onnx.numpy_helper.from_array(stored[[1, 0, 2]], tensor.name))
    onnx.save(model, tmp_path / "swapped.onnx")
    verdict = judge(run, out / "scenes_fp32.onnx", tmp_path / "swapped.onnx")
    assert verdict.refused
    assert "points worse than fp32's (14 validation pictures, 95 %" in verdict.fault


def test_the_gate_refuses_a_file_that_resizes_by_corners(run: Path, out: Path, tmp_path: Path) -> None:
    """Boundaries move by up to a pixel and a half: the fault of converters that forget half a pixel."""
    model = onnx.load(out / "scenes_fp32.onnx")
    resize = [node for node in model.graph.node if node.op_type == "Resize"][-1]
    for attribute in resize.attribute:
        if attribute.name == "coordinate_transformation_mode":
            attribute.s = b"asymmetric"
    onnx.save(model, tmp_path / "moved.onnx")
    verdict = judge(run, out / "scenes_fp32.onnx", tmp_path / "moved.onnx")
    assert verdict.refused
