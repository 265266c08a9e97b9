"""The paired comparison: what its interval holds, and how many pictures it asks for."""

from __future__ import annotations

from math import comb

import numpy as np
import pytest

from ressq_export.measurement.fidelity import Compared, Fidelity
from ressq_export.measurement.paired import Drop, drop_interval, measure_drop, rounded_up
from ressq_export.quantization.search import Attempt
from ressq_runtime.intervals import Z95


def test_only_pictures_that_one_of_both_gets_right_count() -> None:
    truths = np.array([0, 0, 0, 0, 1, 1, 1, 1])
    before = np.array([0, 0, 0, 1, 1, 1, 0, 2])
    after = np.array([0, 1, 2, 0, 1, 1, 2, 2])
    found = measure_drop(before, after, truths)
    assert (found.n, found.lost, found.gained, found.drop) == (8, 2, 1, 1 / 8)
    assert found.agreement == 4 / 8
    assert found.low < found.drop < found.high


def test_without_discordant_pictures_the_interval_is_wilsons() -> None:
    limit = Z95**2 / (341 + Z95**2)
    assert drop_interval(341, 0, 0) == pytest.approx((-limit, limit))


def test_the_interval_does_not_depend_on_which_file_comes_first() -> None:
    low, high = drop_interval(200, 9, 2)
    assert drop_interval(200, 2, 9) == pytest.approx((-high, -low))


@pytest.mark.parametrize("counts", [(10, 10, 0), (10, 0, 10), (1, 0, 0), (1, 1, 0)])
def test_the_interval_stays_within_what_can_be(counts: tuple[int, int, int]) -> None:
    low, high = drop_interval(*counts)
    assert -1 <= low <= (counts[1] - counts[2]) / counts[0] <= high <= 1


@pytest.mark.parametrize(("worse", "better"), [(0.05, 0.05), (0.08, 0.02), (0.1, 0.06)])
def test_the_interval_holds_the_true_drop_in_95_of_100(worse: float, better: float) -> None:
    """Exactly: over every outcome of 60 pictures, each with its probability."""
    n, covered = 60, 0.0
    for lost in range(25):
        for gained in range(25):
            ways = comb(n, lost) * comb(n - lost, gained)
            probability = ways * worse**lost * better**gained * (1 - worse - better) ** (n - lost - gained)
            low, high = drop_interval(n, lost, gained)
            covered += probability * (low <= worse - better <= high)
    assert 0.935 < covered < 0.985


def test_the_pictures_asked_for_are_just_enough() -> None:
    found = measure_drop(np.array([0] * 50), np.array([1] + [0] * 49), np.array([0] * 50))
    n = found.pictures_needed(0.02)
    widths = [np.diff(drop_interval(count, count / 50, 0)).item() for count in (n - 1, n)]
    assert widths[0] > 0.02 >= widths[1]
    assert found.pictures_needed(1.0) == 50, "those that are there"


def test_a_record_says_what_was_found() -> None:
    all_ = Fidelity(30, 2, 0.018, 0.21, 0.0123456789, 24.0)
    record = Attempt.of("min/max", "int8.onnx", Compared(Drop(3, 1, 0, 1 / 3, -0.2, 0.7, 2 / 3), all_), 1.234)
    found = record.to_json()
    assert found["drop"] == 0.333333
    assert (found["step"], found["file"], found["n"], found["seconds"]) == ("min/max", "int8.onnx", 3, 1.2)
    assert (found["low"], found["high"], found["agreement"]) == (-0.2, 0.7, 0.666667)
    assert (found["compared"], found["changed"], found["moved"], found["snr_db"]) == (30, 2, 0.012346, 24)


def test_a_number_of_pictures_is_told_to_two_digits() -> None:
    assert [rounded_up(number) for number in (7, 99, 1336, 1400)] == [7, 99, 1400, 1400]
