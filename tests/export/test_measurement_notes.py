"""What the figures do not say: classes without a right answer, files that cannot abstain."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from ressq_export.evaluation.notes import VALIDATION, tell_notes
from ressq_export.measurement.abstention import FEWEST, choose_limit, choose_threshold
from ressq_export.measurement.scores import TORCH, Scored
from ressq_export.run import Run, read_run

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def run(lively_run: Path) -> Run:
    found = read_run(lively_run)
    return replace(found, checkpoint=replace(found.checkpoint, labels=("well", "sick", "odd")))


def answers(truths: list[int], **called: list[int]) -> dict[str, Scored]:
    names = {"torch": TORCH, "tflite": "int8.tflite", "onnx": "int8.onnx"}
    scores = {names[name]: np.eye(3)[found] for name, found in called.items()}
    return {VALIDATION: Scored((), np.array(truths), scores, ())}


def test_a_class_that_no_file_or_only_some_answer_rightly_is_named(run: Run) -> None:
    truths = [0] * 30 + [1] * 8 + [2] * 2
    exact, rounded = [0] * 38 + [2] * 2, [0] * 40
    assert tell_notes(run, answers(truths, torch=truths, tflite=truths, onnx=truths)) == ()
    assert tell_notes(run, answers(truths, torch=exact, tflite=exact, onnx=rounded)) == (
        "sick: none of 8 validation pictures right",
        "odd: none of 2 validation pictures right by int8.onnx, which is too few to tell",
    )


@pytest.mark.parametrize("n", [FEWEST - 1, FEWEST])
def test_too_few_pictures_for_a_threshold_are_told_where_there_is_none(run: Run, n: int) -> None:
    truths = [number % 3 for number in range(n)]
    notes = tell_notes(run, answers(truths, torch=truths, tflite=truths, onnx=truths))
    scores = np.stack([np.linspace(0.5, 0.9, n), np.linspace(0.5, 0.1, n)], 1)
    without = not choose_threshold(scores, np.zeros(n, int)).threshold
    assert (choose_limit(np.arange(n, dtype=float)) is None) == without == bool(notes)
    if notes:
        assert notes == (
            "19 validation pictures are fewer than 20: the files always answer, and cannot tell pictures that are "
            "unlike the training pictures",
        )
