"""Intervals hold what they promise where pictures hang together, and are Wilson's where they don't."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ressq_edge.findings.intervals import grouped_interval, share_interval, t_quantile
from ressq_runtime.intervals import wilson

GROUPS = {
    "8 of 40": [40] * 8,
    "20 of 25": [25] * 20,
    "unequal": [5, 10, 10, 20, 20, 30, 40, 60, 80, 120],
    "steeply unequal": [1, 2, 4, 8, 16, 32, 64, 128],
    "4": [10, 20, 40, 80],
}


def cover(sizes: list[int], alpha: float, beta: float, trials: int = 1500) -> tuple[float, float]:
    """How often the interval over groups, and Wilson's, holds the truth where a group's accuracy is Beta's."""
    draw, truth = np.random.default_rng(7), alpha / (alpha + beta)
    over = plain = 0
    for _ in range(trials):
        hits = draw.binomial(sizes, draw.beta(alpha, beta, len(sizes))).tolist()
        low, high = grouped_interval(hits, sizes)
        over += low <= truth <= high
        low, high = wilson(sum(hits), sum(sizes))
        plain += low <= truth <= high
    return over / trials, plain / trials


@pytest.mark.parametrize("kind", GROUPS)
@pytest.mark.parametrize("accuracy", [(4, 1), (19, 1), (2, 2)])
def test_of_patients_that_differ_it_holds_the_truth_nearly_as_often_as_it_says(
    kind: str, accuracy: tuple[int, int]
) -> None:
    over, plain = cover(GROUPS[kind], *accuracy)
    print(f"{kind}, Beta{accuracy}: {over:.1%} over groups, {plain:.1%} by pictures")
    assert over >= 0.9
    if accuracy == (4, 1):
        assert plain < 0.75, "as if pictures of one patient were independent"


def test_of_groups_that_do_not_differ_it_is_little_wider_than_wilsons() -> None:
    sizes = [5] * 60
    assert cover(sizes, 8e6, 2e6)[0] <= 0.98
    assert grouped_interval([4] * 60, sizes) == pytest.approx(wilson(240, 300), abs=0.002)


@given(st.lists(st.booleans(), min_size=2, max_size=60))
def test_where_each_group_is_one_picture_it_is_wilsons(right: list[bool]) -> None:
    found = share_interval(right, list(range(len(right))))
    assert found == pytest.approx(wilson(sum(right), len(right)))
    assert share_interval(right) == wilson(sum(right), len(right))


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 5)), min_size=1, max_size=60))
def test_it_holds_the_share_and_stays_inside(pictures: list[tuple[bool, int]]) -> None:
    right, groups = zip(*pictures, strict=True)
    low, high = share_interval(right, groups)
    assert 0 <= low <= sum(right) / len(right) + 1e-12
    assert sum(right) / len(right) - 1e-12 <= high <= 1


def test_where_all_or_none_are_right_each_group_counts_once() -> None:
    assert grouped_interval([40] * 8, [40] * 8) == pytest.approx(wilson(8, 8))
    assert grouped_interval([0] * 8, [40] * 8) == pytest.approx(wilson(0, 8))


def test_one_group_tells_of_no_other() -> None:
    assert share_interval([True, False, True], [4, 4, 4]) == (0, 1)


@pytest.mark.parametrize(("freedom", "published"), [
    (0.3, 12.706), (1, 12.706), (2, 4.303), (3, 3.182), (4, 2.776), (5, 2.571), (10, 2.228), (30, 2.042), (120, 1.980),
])  # fmt: skip
def test_the_quantile_is_the_published_one(freedom: float, published: float) -> None:
    assert t_quantile(freedom) == pytest.approx(published, rel=0.002)
