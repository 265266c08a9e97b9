"""Unsure cells weigh what Deitsch et al. gave them, and no cell is in two parts of a draw."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import solar_cells
from page.markdown import to_markdown

GRADES = np.array([0, 0, 33, 33, 67, 100])
RIGHT = np.array([False, False, False, False, True, True])


@pytest.mark.parametrize(
    ("called", "expected"),
    [
        (RIGHT, (1, 1 - 2 / 3 / (4 + 1 / 3), 1)),
        (~RIGHT, (0, 2 / 3 / (4 + 1 / 3), 0)),
        (GRADES > 0, (1 - 2 / 3 / (4 + 1 / 3), 1, 4 / 6)),
        (GRADES == 100, (1 - 2 / 3 / (4 + 1 / 3), 3 / (4 + 1 / 3), 5 / 6)),
    ],
)
def test_a_cell_weighs_its_grade(called: np.ndarray, expected: tuple[float, ...]) -> None:
    found = [solar_cells.score(GRADES, called, *how)[0] for how in solar_cells.SCORES.values()]
    assert found == pytest.approx(expected)


def test_a_quarter_weighs_what_the_published_figures_tell() -> None:
    assert f"{100 * solar_cells.VGG19:.10f}" == "88.4228187919"
    cells = {0: 377, 33: 73, 67: 26, 100: 178}  # a draw's
    weight = sum(count * (grade / 100 if grade else 1) for grade, count in cells.items())
    assert weight == pytest.approx(1788 / 3, abs=2)


def test_the_interval_is_that_of_a_share_where_all_weigh_alike() -> None:
    called = np.array([True] * 400)
    found, low, high = solar_cells.score(np.array([100] * 300 + [0] * 100), called, True, "functional")
    assert found == 0.75
    assert (high - low) / 2 == pytest.approx(1.96 * (0.75 * 0.25 / 400) ** 0.5, rel=1e-4)


def test_a_draw_has_every_cell_once_and_its_grade_is_read_from_its_name(tmp_path: Path) -> None:
    for seed in (0, 1):
        solar_cells.lay_out(tmp_path / str(seed), seed)
    parts = {
        seed: {
            part: {path.name for path in (tmp_path / seed / part).rglob("*.png")} for part in ("train", "val", "test")
        }
        for seed in ("0", "1")
    }
    for drawn in parts.values():
        assert {part: len(names) for part, names in drawn.items()} == {"train": 1675, "val": 295, "test": 654}
        assert len(set.union(*drawn.values())) == 2624
    assert parts["0"]["test"] != parts["1"]["test"]
    test = tmp_path / "0/test"
    right = [0] * len(list((test / "defective").iterdir())) + [1] * len(list((test / "functional").iterdir()))
    found = solar_cells.score_draw(test, dict.fromkeys(solar_cells.KINDS, right))
    cells = {grade: of["cells"] for grade, of in found["grades"].items()}
    assert cells == {"0": 377, "33": 73, "67": 26, "100": 178}
    assert found["grades"]["33"]["int8.tflite"] == 0
    assert found["grades"]["67"]["int8.tflite"] == 26
    first, second, third = (found["top1"]["int8.tflite"][name][0] for name in solar_cells.SCORES)
    assert first == third == 1
    assert second == pytest.approx(1 - 73 / 3 / (377 + 73 / 3 + 26 * 2 / 3 + 178))
    page = to_markdown(solar_cells.to_page({"draws": [found, found], "command": ["benchmarks/solar_cells.py"]}))
    assert "| 33 % | 146 | 0.0 |" in page
    assert "right about 100.0 % of the cells, mean of 2 draws" in page
