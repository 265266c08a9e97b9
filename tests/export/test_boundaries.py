"""Where classes meet, and how well that is met."""

from __future__ import annotations

import numpy as np
import pytest

from pixel_answers import draw_scene, flip
from ressq_export.measurement.boundaries import REACH, boundary_fs, count_changed, find_boundary, reach


def halves(at: int, size: tuple[int, int] = (20, 40)) -> np.ndarray:
    found = np.zeros(size, np.uint8)
    found[:, at:] = 1
    return found


def test_boundary_pixels_are_those_beside_another_class() -> None:
    assert np.flatnonzero(find_boundary(halves(20)).all(0)).tolist() == [19, 20]
    assert find_boundary(halves(20)).sum() == 40
    assert not find_boundary(np.full((9, 9), 3, np.uint8)).any()


def test_what_is_ignored_has_no_boundary() -> None:
    classes = halves(20)
    classes[:, 20:] = 255
    assert not find_boundary(classes).any()


def test_what_lies_within_three_pixels_is_counted_here_once_more() -> None:
    generator = np.random.default_rng(0)
    marks = (generator.random((17, 23)) < 0.02).astype(np.uint64) << generator.integers(0, 64, (17, 23)).astype(
        np.uint64
    )
    wanted = np.zeros_like(marks)
    for y, x in zip(*np.nonzero(marks), strict=True):
        for row in range(17):
            for column in range(23):
                if (row - y) ** 2 + (column - x) ** 2 <= REACH**2:
                    wanted[row, column] |= marks[y, x]
    assert (reach(marks) == wanted).all()


@pytest.mark.parametrize(("moved", "wanted"), [(0, 1), (2, 1), (3, 1), (4, 0), (9, 0)])
def test_a_boundary_counts_as_met_within_three_pixels(moved: int, wanted: float) -> None:
    found = boundary_fs(halves(20 + moved), halves(20), 2)
    assert found.tolist() == pytest.approx([wanted] * 2)


def test_boundary_f_is_the_definition_counted_slowly() -> None:
    truth, called = draw_scene(3), np.roll(flip(draw_scene(3), 0.01, 3), 2, axis=1)
    truth[40:, 5:9] = 255
    shown = np.where(truth == 255, 255, called).astype(np.uint8)
    for label, found in enumerate(boundary_fs(called, truth, 3)):
        edges = [np.argwhere(find_boundary(classes) & (classes == label)) for classes in (shown, truth)]
        near = [
            np.mean([(np.square(other - point).sum(1) <= REACH**2).any() for point in one])
            for one, other in (edges, edges[::-1])
        ]
        assert found == pytest.approx(2 * near[0] * near[1] / (near[0] + near[1]))


def test_a_class_without_a_boundary_in_either_has_none_and_one_that_is_missed_has_0() -> None:
    found = boundary_fs(np.zeros((20, 40), np.uint8), halves(20), 3)
    assert found[:2].tolist() == [0, 0]
    assert np.isnan(found[2])
    assert np.isnan(boundary_fs(halves(20), np.full((20, 40), 255, np.uint8), 3)).all()


def test_classes_beyond_the_sixty_fourth_are_met_as_others() -> None:
    classes = np.where(halves(20) == 1, 200, 64).astype(np.uint8)
    found = boundary_fs(np.roll(classes, 0), classes, 201)
    assert (found[64], found[200]) == (1, 1)
    assert np.isnan(np.delete(found, [64, 200])).all()


def test_changed_pixels_are_told_by_where_they_lie() -> None:
    before, after = halves(20), halves(21)
    assert count_changed(before, after, before).tolist() == [20, 20, 8 * 20]
    after = before.copy()
    after[10, 2] = 1
    assert count_changed(before, after, before).tolist() == [1, 0, 8 * 20]
