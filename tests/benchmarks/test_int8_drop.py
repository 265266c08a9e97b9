"""The table of what int8 costs counts what the files answer, and sees a file that answers something else."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

from ressq_runtime import evaluate
from ressq_runtime.classifier import Classifier

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "int8_drop.py"


def call(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, SCRIPT, *arguments], capture_output=True, text=True, check=False)


def test_the_figures_are_those_of_ressq_evaluate(artefacts: dict[str, Path], shapes: Path, tmp_path: Path) -> None:
    name = str(artefacts["fp32.onnx"]).removesuffix("_fp32.onnx")
    done = call(shapes, name, "--json", tmp_path / "out.json", "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    (found,) = json.loads((tmp_path / "out.json").read_text())["runs"]
    for kind, path in artefacts.items():
        assert found["top1"][kind] == evaluate(Classifier.load(path), shapes).top1
    assert found["tflite"]["n"] == 120
    assert found["faults"] == []
    assert "| mean |" in done.stdout
    assert (tmp_path / "out/int8_drop.json").read_text() == (tmp_path / "out.json").read_text()
    assert f"{found['top1']['fp32.tflite']:.1%}" in (tmp_path / "out/int8_drop.html").read_text()


def test_a_picture_that_cannot_be_read_is_named(artefacts: dict[str, Path], shapes: Path, tmp_path: Path) -> None:
    shutil.copytree(shapes, tmp_path / "shapes")
    (tmp_path / "shapes/circle/broken.png").write_bytes(b"broken")
    done = call(tmp_path / "shapes", str(artefacts["fp32.onnx"]).removesuffix("_fp32.onnx"), "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    assert f"Not read: {tmp_path / 'shapes/circle/broken.png'}: " in done.stdout


def test_wrong_names_show_as_lost_accuracy(artefacts: dict[str, Path], shapes: Path, tmp_path: Path) -> None:
    for kind, path in artefacts.items():
        shutil.copy(path, tmp_path / f"odd_{kind}")
    turned = tmp_path / "turned"  # the pictures of each class under the next one's name
    names = sorted(path.name for path in shapes.iterdir())
    for name, other in zip(names, [*names[1:], names[0]], strict=True):
        shutil.copytree(shapes / name, turned / other)
    done = call(turned, tmp_path / "odd", "--json", tmp_path / "out.json", "--out", tmp_path / "out")
    (found,) = json.loads((tmp_path / "out.json").read_text())["runs"]
    assert found["top1"]["int8.tflite"] < 0.5
    assert found["both"] > 0.9, done.stdout  # both answer the same wrong way


def test_a_folder_of_other_classes_is_refused(artefacts: dict[str, Path], tmp_path: Path) -> None:
    (tmp_path / "whale").mkdir()
    (tmp_path / "whale" / "x.png").touch()
    done = call(tmp_path, str(artefacts["fp32.onnx"]).removesuffix("_fp32.onnx"))
    assert done.returncode == 1
    assert "found the class whale, wanted one of" in done.stderr
