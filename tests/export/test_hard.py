"""A network made hard on purpose: min/max ruins it, the search does not, and the card says by what."""

from __future__ import annotations

import random
import shutil
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from conftest import SHAPES, draw_shape
from export_networks import harden
from ressq_edge.data.split import read_split, write_split
from ressq_edge.network.checkpoint import load_checkpoint, save_checkpoint
from ressq_export.exporter import export
from ressq_export.progress import Screen
from ressq_export.request import Request
from ressq_runtime.artefact.container import read_card

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def hard_run(run: Path, shapes: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The run on the shapes with its channels up to 64 times apart, and its pictures: 40 a class more to validate."""
    data = tmp_path_factory.mktemp("hard") / "data"
    shutil.copytree(shapes, data)
    state, added = random.Random(7), []
    for label, shape in enumerate(SHAPES):
        for index in range(40):
            draw_shape(shape, state).save(data / shape / f"val-{index}.png")
            added.append((f"{shape}/val-{index}.png", label))
    folder = data.parent / "shapes"
    shutil.copytree(run, folder)
    split = read_split(run)
    write_split(folder, replace(split, val=(*split.val, *added)))
    checkpoint = load_checkpoint(run / "best.safetensors")
    model = checkpoint.build()
    harden(model)
    save_checkpoint(folder / "best.safetensors", replace(checkpoint, weights=dict(model.state_dict())))
    return folder, data


@pytest.mark.slow
def test_the_search_brings_a_hard_network_back_and_the_card_names_the_step(
    hard_run: tuple[Path, Path], tmp_path: Path
) -> None:
    folder, data = hard_run
    report = export(Request(folder, tmp_path, "hard", data=data, max_drop=1.0), Screen(None))
    assert report.quantization is not None
    first = [row.drop for row in report.quantization.attempts if row.step == "min/max"]
    last = [row.drop for row in report.quantization.attempts if row.step == report.quantization.step]
    assert max(first) > 0.05
    assert max(last) <= 0.01
    assert report.quantization.step != "min/max"
    for kind in ("int8.tflite", "int8.onnx"):
        card = read_card(tmp_path / f"hard_{kind}")
        assert card is not None
        quantization = card.data["quantization"]
        assert isinstance(quantization, dict)
        assert quantization["step"] == report.quantization.step
