"""Calibration pictures of one class, or of something else, are told by what the network answers to them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conftest import SHAPES
from ressq_export.quantization.calibration_coverage import tell_one_sided
from ressq_export.tasks.classify import Classify
from ressq_runtime import Classifier
from ressq_runtime.inputs.picture import to_pixels

if TYPE_CHECKING:
    from pathlib import Path


def test_one_answer_to_nearly_all_is_told_and_ordinary_pictures_are_not(
    artefacts: dict[str, Path], shapes: Path
) -> None:
    model = artefacts["fp32.onnx"]
    spec = Classifier.load(model).spec
    circles, *others = ([to_pixels(path, spec) for path in sorted((shapes / name).iterdir())] for name in SHAPES)
    every = [*circles, *others[0], *others[1]]
    (note,) = tell_one_sided(model, circles, every, Classify(SHAPES))
    assert note.startswith("--calibration: fp32 answers circle to ")
    assert " of these pictures and to 33% of the training pictures: they are of one class, or " in note
    assert tell_one_sided(model, every[::7], every, Classify(SHAPES)) == ()
    assert tell_one_sided(model, circles, (), Classify(SHAPES)) == (), "these are the training pictures"
