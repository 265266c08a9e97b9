"""The threshold below which an artefact gives no answer."""

from __future__ import annotations

import numpy as np
import pytest

from ressq_export.measurement.abstention import COVERAGE, choose_threshold


def draw_scores(n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """(scores, truths) of a classifier whose probabilities are true."""
    rng = np.random.default_rng(seed)
    scores = rng.dirichlet(np.full(4, 0.4), n)
    return scores, np.array([rng.choice(4, p=row) for row in scores])


@pytest.mark.parametrize("n", [20, 99, 100, 341])
def test_it_answers_as_many_as_asked_and_not_many_more(n: int) -> None:
    scores, truths = draw_scores(n)
    found = choose_threshold(scores, truths)
    assert COVERAGE <= found.coverage < COVERAGE + 1 / n
    assert found.coverage == (scores.max(1) >= found.threshold).mean()
    assert found.n == n


def test_what_is_answered_is_right_more_often_than_all() -> None:
    scores, truths = draw_scores(2000)
    found = choose_threshold(scores, truths)
    answered = scores.max(1) >= found.threshold
    assert found.top1 == (scores.argmax(1) == truths)[answered].mean()
    assert found.top1 > (scores.argmax(1) == truths).mean()


def test_fewer_than_twenty_pictures_leave_none_to_give_up() -> None:
    found = choose_threshold(*draw_scores(19))
    assert (found.threshold, found.coverage) == (0, 1)


def test_of_equal_probabilities_all_are_answered_or_none_whichever_is_nearer() -> None:
    def coverage(lowest: int) -> float:
        """Of 100 pictures, so many as sure as each other and less than the others."""
        sure = np.r_[np.full(lowest, 0.6), np.linspace(0.7, 0.9, 100 - lowest)]
        sure[:lowest] += np.linspace(0, 1e-7, lowest)  # of another CPU
        return choose_threshold(np.c_[sure, 1 - sure], np.zeros(100, np.int64)).coverage

    assert coverage(3) == 0.95
    assert coverage(9) == 0.91  # not 1
    assert coverage(10) == 1  # as near, and answers
    assert coverage(30) == 1


def test_where_all_are_equally_sure_all_are_answered() -> None:
    scores = np.tile([0.7000001, 0.2999999], (100, 1))
    found = choose_threshold(scores, np.zeros(100, np.int64))
    assert (found.threshold, found.coverage) == (0, 1)
