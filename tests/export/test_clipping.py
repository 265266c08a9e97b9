from __future__ import annotations

import numpy as np
import pytest

from ressq_export.quantization.clipping import STEPS, least_error_range


def error(values: np.ndarray, low: float, high: float) -> float:
    scale = (high - low) / STEPS
    return float(np.mean((np.clip(np.round(values / scale), low / scale, high / scale) * scale - values) ** 2))


def test_values_that_fill_the_range_keep_it() -> None:
    values = np.linspace(0, 6, 10_000, dtype=np.float32)
    assert least_error_range(values, 0.0, 6.0) == (0.0, 6.0)


def test_one_odd_value_among_many_small_ones_is_clipped() -> None:
    values = np.append(np.linspace(0, 1, 1_000_000, dtype=np.float32), np.float32(3))
    low, high = least_error_range(values, 0.0, 3.0)
    assert low == 0
    assert 0.9 <= high < 2
    assert error(values, low, high) < error(values, 0.0, 3.0)


def test_both_ends_shrink_by_one_share() -> None:
    values = np.random.default_rng(0).laplace(size=100_000).astype(np.float32)
    low, high = least_error_range(values, -20.0, 10.0)
    assert low / -20 == pytest.approx(high / 10)
    assert high < 10
