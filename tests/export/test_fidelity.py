"""What every picture says of an int8 file: what is measured, and which findings are proof of something."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from ressq_export.measurement.fidelity import DOUBTFUL, DOUBTS, FAITHFUL, FAULTS, UNFAITHFUL, Fidelity, measure_fidelity
from ressq_runtime.intervals import wilson


def found(n: int, changed: int = 0, moved: float = 0.001, snr_db: float = 30.0, usual: float | None = None) -> Fidelity:
    return Fidelity(n, changed, *wilson(changed, n), moved, snr_db, usual)


def test_what_is_measured_is_counted_here_once_more() -> None:
    generator = np.random.default_rng(0)
    logits = generator.normal(0, 3, (50, 4))
    noise = generator.normal(0, 0.3, (50, 4))
    before, after = (np.exp(rows) / np.exp(rows).sum(1, keepdims=True) for rows in (logits, logits + noise))
    measured = measure_fidelity(before, after)
    assert measured.n == 50
    assert measured.changed == sum(int(a.argmax() != b.argmax()) for a, b in zip(before, after, strict=True)) > 0
    assert (measured.low, measured.high) == wilson(measured.changed, 50)
    gains = [sum(max(0.0, b - a) for a, b in zip(*rows, strict=True)) for rows in zip(before, after, strict=True)]
    assert measured.moved == pytest.approx(sum(gains) / 50)
    centred, off = (rows - rows.mean(1, keepdims=True) for rows in (logits, noise))
    signal = centred - centred.mean(0)
    assert measured.snr_db == pytest.approx(10 * math.log10((signal**2).sum() / (off**2).sum()))


def test_files_that_answer_the_same_are_faithful() -> None:
    scores = np.array([[0.9, 0.1], [0.2, 0.8]])
    measured = measure_fidelity(scores, scores)
    assert (measured.changed, measured.moved, measured.snr_db) == (0, 0.0, 200.0)
    assert measured.grade == FAITHFUL


@pytest.mark.parametrize(
    ("n", "changed", "grade"),
    [
        (27, 1, FAITHFUL),  # no proof of anything
        (153, 5, FAITHFUL),
        (153, 15, UNFAITHFUL),  # one of ten of all pictures is
        (51, 5, DOUBTFUL),
        (1000, 20, FAITHFUL),
        (1000, 35, DOUBTFUL),
        (1000, 70, UNFAITHFUL),
    ],
)
def test_changed_answers_are_proof_where_they_are_surely_many(n: int, changed: int, grade: int) -> None:
    assert found(n, changed).grade == grade


@pytest.mark.parametrize(
    ("moved", "usual", "grade"),
    [
        (0.08, None, FAITHFUL),  # a network that is unsure of everything: nothing to compare it with
        (0.012, 0.01, FAITHFUL),
        (0.004, 0.0004, FAITHFUL),  # ten times nothing
        (0.009, 0.0005, DOUBTFUL),
        (0.021, 0.01, DOUBTFUL),
        (0.011, 0.003, UNFAITHFUL),
        (0.031, 0.01, UNFAITHFUL),
    ],
)
def test_probabilities_are_compared_with_what_training_pictures_give(
    moved: float, usual: float | None, grade: int
) -> None:
    assert found(153, moved=moved, usual=usual).grade == grade


@pytest.mark.parametrize(("snr_db", "grade"), [(21.0, FAITHFUL), (15.0, DOUBTFUL), (9.0, UNFAITHFUL)])
def test_noisy_logits_are_no_faithful_ones(snr_db: float, grade: int) -> None:
    assert found(51, snr_db=snr_db).grade == grade


def test_scores_that_are_not_numbers_are_no_faithful_ones() -> None:
    scores = np.array([[0.9, 0.1], [0.8, 0.2]])
    measured = measure_fidelity(scores, scores * np.nan)
    assert measured.changed == 0
    assert measured.grade == UNFAITHFUL


def test_each_finding_is_told_with_what_was_wanted() -> None:
    worst = found(153, 15, 0.04, 8.0, 0.01)
    assert worst.exceeded(FAULTS) == (
        "15 of 153 answers changed, wanted at most 5%",
        "probabilities 4.0 points off on average, wanted at most 3.0 (with ranges from training pictures: 1.0)",
        "logits 8 dB above the noise of rounding, wanted 10",
    )
    assert len(replace(worst, changed=0, low=0.0).exceeded(FAULTS)) == 2
    assert found(153).exceeded(DOUBTS) == ()
