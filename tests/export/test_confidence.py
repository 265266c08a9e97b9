"""The temperature, and what reliability is."""

from __future__ import annotations

import json

import numpy as np
import pytest

from ressq_export.measurement.confidence import HIGHEST, LOWEST, fit_confidence, measure_reliability, softmax


def draw_logits(n: int, temperature: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """(logits, truths) of a classifier whose logits are `temperature` times what they should be."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 2, (n, 5))
    truths = np.array([rng.choice(5, p=row) for row in softmax(logits)])
    return logits * temperature, truths


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.5])
def test_the_temperature_is_what_the_logits_were_multiplied_by(temperature: float) -> None:
    found = fit_confidence(*draw_logits(5000, temperature))
    assert found.temperature == pytest.approx(temperature, rel=0.05)
    assert found.note == ""
    if temperature != 1:
        assert found.after.nll < found.before.nll
        assert found.after.ece < found.before.ece / 2
    assert found.after.ece < 0.02


@pytest.mark.parametrize("step", [-0.03, 0.03])
def test_no_neighbour_of_the_temperature_is_better(step: float) -> None:
    logits, truths = draw_logits(2000, 1.7)
    best = fit_confidence(logits, truths)
    assert measure_reliability(softmax(logits / (best.temperature + step)), truths).nll > best.after.nll


def test_few_pictures_that_are_all_right_do_not_make_a_network_sure_of_everything() -> None:
    logits = np.full((6, 3), 0.0)
    logits[:, 1] = 2.0
    found = fit_confidence(logits, np.ones(6, np.int64))
    assert 0.4 < found.temperature < 1


def test_a_temperature_beyond_the_bounds_is_cut_off_and_said() -> None:
    logits, truths = draw_logits(2000, 9.0)
    hot = fit_confidence(logits, truths)
    assert hot.temperature == HIGHEST
    assert hot.note == "the best temperature for these 2000 pictures lies beyond 4, which was taken"
    assert hot.note in str(hot)
    cold = fit_confidence(np.tile([0.1, 0.0], (5000, 1)), np.zeros(5000, np.int64))
    assert cold.temperature == LOWEST
    assert "beyond 0.25" in cold.note


def test_reliability_of_four_pictures_by_hand() -> None:
    scores = np.array([[0.9, 0.1], [0.2, 0.8], [0.3, 0.7], [0.65, 0.35]])
    found = measure_reliability(scores, np.array([0, 0, 1, 0]))
    assert found.nll == pytest.approx(-np.log([0.9, 0.2, 0.7, 0.65]).mean())
    # 0.65 and 0.7 share a bin, where all are right; 0.8 is wrong, 0.9 right
    assert [(b.low, b.n, b.confidence, b.accuracy) for b in found.bins if b.n] == [
        (pytest.approx(0.6), 2, pytest.approx(0.675), 1),
        (pytest.approx(0.7), 1, pytest.approx(0.8), 0),
        (pytest.approx(0.8), 1, pytest.approx(0.9), 1),
    ]
    assert found.ece == pytest.approx((2 * 0.325 + 0.8 + 0.1) / 4)


def test_a_sure_and_wrong_answer_has_a_finite_loss() -> None:
    assert np.isfinite(measure_reliability(np.array([[1.0, 0.0]]), np.array([1])).nll)


def test_it_goes_into_json() -> None:
    found = json.loads(json.dumps(fit_confidence(*draw_logits(100, 2.0)).to_json()))
    assert len(found["after"]["bins"]) == 10
    assert sum(b["n"] for b in found["after"]["bins"]) == found["after"]["n"] == 100
