"""IoU, F1, mIoU and their bootstrap."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from pixel_answers import draw_scene, flip
from ressq_edge.findings import iou as trained
from ressq_export.measurement.pixel_counts import (
    class_f1s,
    class_ious,
    count,
    mean_iou,
    mean_iou_interval,
    sum_groups,
)


def test_the_figures_are_those_of_the_trainer() -> None:
    truth, called = draw_scene(0), flip(draw_scene(0), 0.2, 1)
    truth[:3] = 255
    counts = count(called, truth, 3)
    confusion = trained.count_pixels(torch.from_numpy(called), torch.from_numpy(truth), 3)
    assert class_ious(counts) == pytest.approx(trained.class_ious(confusion).numpy())
    assert class_f1s(counts) == pytest.approx(trained.class_f1s(confusion).numpy())
    assert float(mean_iou(counts)) == pytest.approx(trained.mean_iou(confusion))


def test_a_class_that_neither_holds_has_no_figure_and_counts_in_no_mean() -> None:
    truth = np.array([[0, 0], [1, 1]], np.uint8)
    counts = count(truth, truth, 3)
    assert class_ious(counts)[:2].tolist() == [1, 1]
    assert math.isnan(class_ious(counts)[2])
    assert mean_iou(counts) == 1


def test_a_picture_that_is_ignored_throughout_counts_for_nothing() -> None:
    ignored = np.full((4, 4), 255, np.uint8)
    assert not count(np.zeros((4, 4), np.uint8), ignored, 3).any()
    assert math.isnan(mean_iou(count(np.zeros((4, 4), np.uint8), ignored, 3)))
    seen = count(draw_scene(0), draw_scene(0), 3)
    assert mean_iou(np.stack([seen, np.zeros_like(seen)]).sum(0)) == 1
    assert mean_iou_interval(np.zeros((5, 3, 3), np.int64)) == (0, 1)


def test_pictures_of_one_group_are_added_up() -> None:
    counts = np.arange(4 * 3 * 2).reshape(4, 3, 2)
    assert sum_groups(counts, [7, 3, 7, 3]).tolist() == [
        (counts[1] + counts[3]).tolist(),
        (counts[0] + counts[2]).tolist(),
    ]


def test_one_picture_and_one_group_have_no_interval() -> None:
    counts = np.stack([count(flip(draw_scene(seed), 0.1, seed), draw_scene(seed), 3) for seed in range(4)])
    assert mean_iou_interval(counts[:1]) == (0, 1)
    assert mean_iou_interval(counts, [5] * 4) == (0, 1)


def test_copies_in_groups_make_no_figure_surer() -> None:
    counts = np.stack([count(flip(draw_scene(seed), 0.02 * seed, seed), draw_scene(seed), 3) for seed in range(12)])
    copies = np.repeat(counts, 5, axis=0)
    alone, grouped = mean_iou_interval(counts), mean_iou_interval(copies, np.repeat(np.arange(12), 5).tolist())
    assert grouped == pytest.approx(alone)
    naive = mean_iou_interval(copies)
    assert naive[1] - naive[0] < 0.6 * (grouped[1] - grouped[0])


@pytest.mark.parametrize(("pictures", "least"), [(5, 0.88), (12, 0.9), (40, 0.92)])
def test_the_interval_holds_the_truth_about_as_often_as_it_says(pictures: int, least: float) -> None:
    """Pictures that differ: 400 sets of them, drawn from 4,000 whose mIoU is known."""
    generator = np.random.default_rng(1)
    size = 400
    wrong = generator.beta(1.5, 8, (4000, 3))  # share of each class that goes to the next
    pixels = generator.integers(50, size, (4000, 3))
    lost = (wrong * pixels).astype(np.int64)
    population = np.stack([pixels - lost, pixels, pixels - lost + np.roll(lost, 1, axis=1)], axis=1)
    truth = float(mean_iou(population.sum(0)))
    held = 0
    for _ in range(400):
        low, high = mean_iou_interval(population[generator.choice(4000, pictures)])
        held += low <= truth <= high
    assert least <= held / 400 <= 0.99
