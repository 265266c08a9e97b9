"""The table of what is flagged: strange pictures are, usual ones are not, by the limit in each file."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
from PIL import Image

from ressq_runtime import evaluate
from ressq_runtime.artefact.container import attach_card, read_card
from ressq_runtime.artefact.zip_and_protobuf import find_zip_entry
from ressq_runtime.classifier import Classifier

LIMIT = 2.0  # training pictures lie at 1 on average
SCRIPT = Path(__file__).parents[2] / "benchmarks" / "out_of_distribution.py"


def call(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, SCRIPT, *arguments], capture_output=True, text=True, check=False)


def limit(path: Path, folder: Path) -> Path:
    """A copy of the artefact with a limit on the distance, which its few validation pictures did not give it."""
    data, card = path.read_bytes(), read_card(path)
    assert card is not None
    if path.suffix == ".onnx":
        model = onnx.load_from_string(data)
        kept = [(entry.key, entry.value) for entry in model.metadata_props if entry.key != "ressq"]
        onnx.helper.set_model_props(model, dict(kept))
        bare = model.SerializeToString()
    else:
        found = find_zip_entry(data, "labels.txt")
        assert found is not None
        bare = data[: found[0]]
    copy = folder / path.name
    copy.write_bytes(attach_card(bare, {**card.data, "out_of_distribution": {"threshold": LIMIT}}, path.suffix))
    return copy


def test_false_alarms_are_those_of_ressq_evaluate_and_strange_pictures_are_flagged(
    artefacts: dict[str, Path], shapes: Path, tmp_path: Path
) -> None:
    random_state, strange = np.random.default_rng(0), tmp_path / "strange"
    strange.mkdir()
    for index in range(8):
        Image.fromarray(random_state.integers(0, 256, (80, 80, 3), np.uint8)).save(strange / f"{index}.png")
    (strange / "broken.png").write_bytes(b"broken")
    limited = [limit(path, tmp_path) for path in artefacts.values()]
    name = str(limited[0]).removesuffix("_fp32.onnx")
    done = call(shapes, strange, name, "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    found = json.loads((tmp_path / "out/out_of_distribution.json").read_text())
    assert {row["name"] for row in found["files"]} == {path.name for path in artefacts.values()}
    for row in found["files"]:
        path = tmp_path / row["name"]
        assert row["flagged"]["as trained on"] == evaluate(Classifier.load(path), shapes).out_of_distribution
        assert row["flagged"]["strange"] == row["auroc"] == 1
        assert (row["n"]["as trained on"], row["n"]["strange"]) == (120, 8)
    assert f"Not read: {strange / 'broken.png'}: " in done.stdout
    assert "| AUROC |" in done.stdout


def test_a_file_without_a_limit_is_refused(artefacts: dict[str, Path], shapes: Path, tmp_path: Path) -> None:
    name = str(artefacts["int8.tflite"]).removesuffix("_int8.tflite")  # few validation pictures gave it none
    done = call(shapes, shapes, name, "--out", tmp_path)
    assert done.returncode == 1
    assert "found no limit on the out-of-distribution score in its card, wanted one; export it again" in done.stderr
