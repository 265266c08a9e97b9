"""A network that has not learned its classes is no evidence, on however well trained a backbone it stands."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from torch import nn

from export_networks import LABELS, SIZE, checkpoint_of, colours
from ressq_edge.network.arch import head_name
from ressq_edge.network.scratch import HEAD_STD
from ressq_export.errors import ParityError
from ressq_export.float_files import convert_floats
from ressq_export.measurement.learned import FEWEST, check_learned
from ressq_export.progress import Screen
from ressq_export.quantization.bypasses import Bare
from ressq_export.quantization.gate import Gate
from ressq_export.tasks.classify import Classify
from ressq_runtime.inputs.picture_spec import PixelSpec
from segmentation_networks import place_pixels, segmenter

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from ressq_edge.choices import Head
    from ressq_edge.network.checkpoint import Checkpoint
    from ressq_export.formats.converter_log import Log

REFUSED = r"fp32: found answers that fit the truth no better than with the classes' names exchanged \(\d+% of"


def confusion(classes: int, right: float, turn: int = 0) -> NDArray[np.int64]:
    """100 of each class, a share of them right; the rest is spread. turn: by how many places names are exchanged."""
    found = np.full((classes, classes), 100 * (1 - right) / (classes - 1))
    np.fill_diagonal(found, 100 * right)
    return np.roll(found, turn, 1).astype(np.int64)


@pytest.mark.parametrize("classes", [2, 3, 5, 11, 1000])
def test_answers_that_fit_pass_and_under_exchanged_names_they_do_not(classes: int) -> None:
    check_learned(confusion(classes, 0.6), 100, "answers")
    with pytest.raises(ParityError, match=REFUSED):
        check_learned(confusion(classes, 0.6, turn=1), 100, "answers")


def test_answers_that_have_nothing_to_do_with_the_truth_do_not_pass() -> None:
    with pytest.raises(ParityError, match=r"100% of 119 exchanges do as well\), wanted at most 1%; .* train it first"):
        check_learned(np.full((5, 5), 20), 100, "answers")


def test_a_rare_class_and_one_without_truth_are_no_reason() -> None:
    found = np.diag([10_000, 20, 0]) + np.array([[0, 60, 1], [5, 0, 0], [0, 0, 0]])
    check_learned(found, 100, "pixels")


def test_few_pictures_tell_nothing() -> None:
    check_learned(np.full((5, 5), 1), FEWEST - 1, "answers")


def begin_anew(checkpoint: Checkpoint) -> Checkpoint:
    """Its last layer is as training begins with it; what lies before stays trained."""
    last = head_name(checkpoint.build())
    nn.init.normal_(checkpoint.weights[f"{last}.weight"], std=10 * HEAD_STD)
    nn.init.zeros_(checkpoint.weights[f"{last}.bias"])
    return checkpoint


@pytest.mark.parametrize("head", [None, "deeplabv3plus", "unet"])
def test_an_untrained_head_on_a_trained_backbone_is_no_evidence(
    head: Head | None, pixels: list[bytes], log: Log, tmp_path: Path
) -> None:
    checkpoint = begin_anew(checkpoint_of() if head is None else segmenter(head))
    seen = pixels if head is None else place_pixels(4)
    with pytest.raises(ParityError, match=r"torch: found a bias of 0 for all \d classes in classifier\S*, wanted one"):
        convert_floats(checkpoint, Bare(checkpoint.build(), {}), 1.0, seen, tmp_path, log, Screen(None))


def test_a_gate_refuses_a_network_whose_answers_do_not_fit(paths: dict[str, Path], tmp_path: Path) -> None:
    pictures = []
    for number in range(FEWEST):
        colours(number).save(tmp_path / f"{number}.png")
        pictures.append((tmp_path / f"{number}.png", number % len(LABELS)))
    with pytest.raises(ParityError, match=REFUSED):
        Gate(Classify(LABELS), pictures, PixelSpec.for_size(SIZE)).judge(paths["fp32.onnx"], Screen(None))
