"""Objects are filled as COCO's own code fills them on the whole picture, though only a window is drawn."""

from __future__ import annotations

import numpy as np
import pytest
from pycocotools import mask as coco_mask

from ressq_edge.data.exports.annotated import Outline, Runs, to_ellipse
from ressq_edge.data.exports.draw import fill
from ressq_edge.data.exports.runs import fill_runs, unpack_counts

WIDTH, HEIGHT = 61, 43


@pytest.mark.parametrize("pieces", [1, 2, 5])
def test_a_window_holds_what_the_whole_picture_would(pieces: int) -> None:
    random_state = np.random.default_rng(pieces)
    for _ in range(100):
        low, high = (0, 1) if random_state.random() < 0.7 else (-0.3, 1.3)
        corners = random_state.uniform(low, high, (pieces, random_state.integers(3, 9), 2)) * (WIDTH, HEIGHT)
        rings = tuple(tuple(map(float, piece.ravel())) for piece in corners)
        whole = np.zeros((HEIGHT, WIDTH), bool)
        for piece in coco_mask.frPyObjects([list(ring) for ring in rings], HEIGHT, WIDTH):
            whole |= fill_runs(unpack_counts(piece["counts"].decode()), WIDTH, HEIGHT, by_columns=True)
        (left, top), inside = fill(Outline("a", rings), (WIDTH, HEIGHT))
        drawn = np.zeros_like(whole)
        drawn[top : top + inside.shape[0], left : left + inside.shape[1]] = inside
        assert np.array_equal(drawn, whole), rings


@pytest.mark.parametrize("x", [-70.0, -0.4, 60.9, 61.0, 90.0])
def test_what_lies_beside_the_picture_covers_no_more_than_its_border(x: float) -> None:
    ring = (x, 5.0, x + 0.3, 5.0, x + 0.3, 9.0)
    if x == -70:
        with pytest.raises(ValueError, match="a polygon far outside 61x43"):
            fill(Outline("a", (ring,)), (WIDTH, HEIGHT))
    else:
        assert fill(Outline("a", (ring,)), (WIDTH, HEIGHT))[1].sum() <= 4


def test_an_ellipse_has_its_area() -> None:
    (_, inside) = fill(Outline("a", (to_ellipse(30, 20, 15, 10, degrees=30),)), (WIDTH, HEIGHT))
    assert inside.sum() == pytest.approx(np.pi * 150, rel=0.02)


def test_runs_are_counted_by_rows_or_by_columns() -> None:
    for by_columns, wanted in ((False, [[0, 1, 1], [1, 0, 0]]), (True, [[0, 1, 0], [1, 1, 0]])):
        (left, top), inside = fill(Runs("a", (2, 3, 3, 2), (1, 3, 2), by_columns), (WIDTH, HEIGHT))
        assert (left, top) == (2, 3)
        assert inside.astype(int).tolist() == wanted
