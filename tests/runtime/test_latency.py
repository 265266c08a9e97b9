"""Figures of latency samples; tests/fuzz holds them against numpy's."""

from __future__ import annotations

import pytest

from ressq_runtime.profiling.latency import FEWEST_FOR_P99, LatencyProfile, percentile


def test_the_first_call_is_in_no_figure_but_its_own() -> None:
    found = LatencyProfile("decode", 1000.0, (1.0, 2.0, 3.0)).to_json()
    assert found["warmup_first_ms"] == 1000.0
    assert (found["num_runs"], found["avg_ms"], found["min_ms"], found["max_ms"]) == (3, 2.0, 1.0, 3.0)
    assert (found["median_ms"], found["std_ms"]) == (2.0, 1.0)


@pytest.mark.parametrize(("count", "told"), [(FEWEST_FOR_P99 - 1, False), (FEWEST_FOR_P99, True)])
def test_p99_needs_a_thousand_samples(count: int, told: bool) -> None:
    found = LatencyProfile("decode", 1.0, tuple(float(sample) for sample in range(count))).to_json()
    assert (found["p99_ms"] is not None) == told
    assert found["p90_ms"] == pytest.approx(0.9 * (count - 1))


def test_samples_keep_the_order_taken() -> None:
    profile = LatencyProfile("decode", 1.0, (3.0, 1.0, 2.0))
    profile.to_json()
    assert profile.samples_ms == (3.0, 1.0, 2.0)


@pytest.mark.parametrize(("values", "percent"), [([], 50), ([1.0], -1), ([1.0], 101)])
def test_a_percentile_of_nothing_is_refused(values: list[float], percent: float) -> None:
    with pytest.raises(ValueError, match="wanted one or more and 0 to 100"):
        percentile(values, percent)
