"""Where the search ends, given what each step reaches. What steps do is in test_quantization_steps.py."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import pytest

from ressq_export.measurement.fidelity import Compared, Fidelity
from ressq_export.measurement.paired import Drop, drop_interval
from ressq_export.progress import Screen
from ressq_export.quantization.search import search_steps
from ressq_export.quantization.steps.step import QuantizationStep
from ressq_runtime.intervals import wilson

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

N = 1000


class Quantizer:
    """Stands for the quantisers: what a step reaches is given here, as (lost, gained) pictures of 1,000, and dB."""

    original = None

    def quantise(self, candidate: Any) -> Mapping[str, Path]:
        return cast("Mapping[str, Path]", {"int8.tflite": candidate, "int8.onnx": candidate})


def judge(paths: Mapping[str, Any]) -> dict[str, Compared]:
    return {
        kind: Compared(
            Drop(N, lost, gained, (lost - gained) / N, *drop_interval(N, lost, gained), 1 - (lost + gained) / N),
            Fidelity(N, lost + gained, *wilson(lost + gained, N), 0.001, *(snr or (30.0,))),
        )
        for kind, (lost, gained, *snr) in paths.items()
    }


def reach(*results: tuple[float, ...]) -> tuple[str, list[str]]:
    """(the step that is taken, those that were tried) where the steps a, b, c, ... reach these results."""
    steps = [QuantizationStep("abcdef"[i], lambda _c, _b, r=result: r) for i, result in enumerate(results)]  # type: ignore[misc]
    found = search_steps(cast("Any", Quantizer()), judge, 0.005, Screen(None), steps)
    return found.step, list(dict.fromkeys(row.step for row in found.attempts))


@pytest.mark.parametrize(
    ("results", "taken", "tried"),
    [
        (((5, 0), (0, 0)), "a", ["a"]),  # at the limit is enough
        (((6, 0), (3, 0), (0, 0)), "b", ["a", "b"]),
        (((9, 0), (6, 0), (7, 0)), "b", ["a", "b", "c"]),  # none is: the one that loses least
        (((30, 30), (2, 0)), "b", ["a", "b"]),  # nothing lost in sum, by luck
        (((12, 10), (30, 30), (40, 40)), "a", ["a", "b", "c"]),  # of those that lose no more the one that agrees most
        (((6, 0), (30, 30)), "b", ["a", "b"]),  # what loses too much is not taken, however well it agrees
        (((9, 3), (30, 30)), "a", ["a", "b"]),  # 6 of 1,000 may be chance: the one that agrees
        (((9, 3), (4, 0)), "b", ["a", "b"]),  # but what loses less goes before it
        (((0, 0, 12.0), (1, 0)), "b", ["a", "b"]),  # nothing lost, but noisy: further
        (((0, 0, 8.0), (3, 3, 12.0), (1, 0, 9.0)), "b", ["a", "b", "c"]),  # the least noisy grade goes first
    ],
)
def test_the_search_ends_where_both_files_lose_no_more_and_agree(
    results: tuple[tuple[float, ...], ...], taken: str, tried: list[str]
) -> None:
    assert reach(*results) == (taken, tried)


def test_what_is_weighed_is_tried_where_the_one_before_suffices_and_the_better_one_is_taken() -> None:
    for results, taken in (
        (((2, 0), (1, 0), (3, 0)), "b"),
        (((0, 0), (1, 0), (1, 0)), "a"),
        (((9, 0), (8, 0), (1, 0)), "c"),
    ):
        steps = [
            QuantizationStep("abc"[i], lambda _c, _b, r=result: r, weighed=lambda _b, i=i: i == 1)  # type: ignore[misc]
            for i, result in enumerate(results)
        ]
        found = search_steps(cast("Any", Quantizer()), judge, 0.005, Screen(None), steps)
        assert found.step == taken
        assert len(found.attempts) == (6 if taken == "c" else 4)
