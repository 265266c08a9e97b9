"""Calibration pictures of one class, or of something else, are told by what the network answers to them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conftest import SHAPES
from ressq_export.quantization.calibration_coverage import tell_unlike
from ressq_export.tasks.classify import Classify
from ressq_runtime import Classifier
from ressq_runtime.inputs.picture import to_pixels

if TYPE_CHECKING:
    from pathlib import Path


def test_one_answer_to_nearly_all_is_told_and_ordinary_pictures_are_not(
    artefacts: dict[str, Path], shapes: Path
) -> None:
    model, task = artefacts["fp32.onnx"], Classify(SHAPES)
    spec = Classifier.load(model).spec
    circles, *others = ([to_pixels(path, spec) for path in sorted((shapes / name).iterdir())] for name in SHAPES)
    every = [*circles, *others[0], *others[1]]
    (told,) = tell_unlike(model, circles, every, every, task)
    assert told.startswith("fp32 answers circle to ")
    assert told.endswith(" of them and to 33% of the training pictures")
    assert tell_unlike(model, every[::7], every, every, task) == ()
    assert tell_unlike(model, circles, (), (), task) == (), "these are the training pictures"
    mostly = [*circles, *others[0][:4]]  # as a line makes them, with a fault here and there
    assert tell_unlike(model, circles[::2], every, mostly, task) == (), "as they come"
    assert tell_unlike(model, every, every, mostly, task) == (), "of each class alike"
