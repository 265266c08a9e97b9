"""Losses and figures of class maps: what is ignored, what is rare, and what is absent."""

from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F  # noqa: N812

from ressq_edge.findings.iou import IGNORED, class_f1s, class_ious, count_pixels, mean_iou, mean_iou_interval
from ressq_edge.tasks.pixel_loss import dice_loss, pixel_loss, pixel_weights
from ressq_edge.tasks.segment_rows import PixelRows, reduce_pixels


def masks_of(*rows: list[int]) -> torch.Tensor:
    return torch.tensor([list(rows)], dtype=torch.int64)


def certain(masks: torch.Tensor, classes: int) -> torch.Tensor:
    """Logits (N, classes, H, W) that are sure of these classes."""
    return 50.0 * F.one_hot(masks, classes).permute(0, 3, 1, 2)


def dice(logits: torch.Tensor, masks: torch.Tensor) -> torch.Tensor:
    known = masks != IGNORED
    return dice_loss(logits.softmax(1), masks.where(known, 0), known)


def test_the_loss_is_cross_entropy_where_dice_counts_nothing() -> None:
    logits = torch.randn(2, 3, 4, 5, generator=torch.Generator().manual_seed(0))
    masks = torch.arange(40).view(2, 4, 5) % 3
    weights = torch.tensor([1.0, 2.0, 0.5])
    torch.testing.assert_close(pixel_loss(logits, masks, weights, 0), F.cross_entropy(logits, masks, weights))
    both = pixel_loss(logits, masks, weights, 0.5)
    torch.testing.assert_close(both, F.cross_entropy(logits, masks, weights) + 0.5 * dice(logits, masks))


def test_logits_are_resized_to_the_masks() -> None:
    logits = torch.randn(1, 2, 3, 3, generator=torch.Generator().manual_seed(0))
    masks = torch.ones(1, 7, 9, dtype=torch.int64)
    large = F.interpolate(logits, (7, 9), mode="bilinear", align_corners=False)
    torch.testing.assert_close(pixel_loss(logits, masks, torch.ones(2), 0), F.cross_entropy(large, masks))


def test_what_is_answered_at_ignored_pixels_changes_no_loss() -> None:
    masks = masks_of([0, 1, 255], [1, 255, 0])
    logits = torch.randn(1, 2, 2, 3, generator=torch.Generator().manual_seed(0))
    changed = logits + 9 * (masks == 255).unsqueeze(1) * torch.tensor([1.0, -1.0]).view(1, 2, 1, 1)
    assert torch.equal(pixel_loss(logits, masks, torch.ones(2), 1), pixel_loss(changed, masks, torch.ones(2), 1))


def test_masks_that_are_all_ignored_give_no_loss_and_no_gradient() -> None:
    logits = torch.randn(1, 2, 2, 2, requires_grad=True)
    loss = pixel_loss(logits, masks_of([255, 255], [255, 255]), torch.ones(2), 1)
    loss.backward()
    assert loss.item() == 0
    assert logits.grad is not None
    assert not logits.grad.any()


def test_dice_is_0_for_a_perfect_answer_and_1_where_nothing_overlaps() -> None:
    masks = masks_of([0, 1], [1, 0])
    assert dice(certain(masks, 3), masks).item() == pytest.approx(0, abs=1e-6)
    assert dice(certain(1 - masks, 3), masks).item() == pytest.approx(1, abs=1e-6)


def test_dice_weighs_a_class_of_one_pixel_as_one_of_a_thousand() -> None:
    masks = torch.zeros(1, 32, 32, dtype=torch.int64)
    masks[0, 5, 5] = 1
    blind = certain(torch.zeros_like(masks), 2)  # the rare class is never answered
    assert dice(blind, masks).item() == pytest.approx(0.5, abs=1e-3)
    assert (blind.argmax(1) == masks).double().mean() > 0.999


def test_pixels_weigh_1_on_average_and_an_absent_class_nothing() -> None:
    counts = [900, 0, 100]
    for power in (0.0, 0.5, 1.0):
        weights = pixel_weights(counts, power)
        assert weights[1] == 0
        assert (weights * torch.tensor(counts)).sum().item() == pytest.approx(1000)
    assert pixel_weights(counts, 0.5)[2] / pixel_weights(counts, 0.5)[0] == pytest.approx(3)


def test_a_class_that_is_absent_from_truth_and_answer_is_left_out_of_the_mean() -> None:
    masks, answers = masks_of([0, 0, 1, 1]), masks_of([0, 0, 1, 0])
    confusion = count_pixels(answers, masks, 4)
    ious = class_ious(confusion)
    assert ious[:2].tolist() == pytest.approx([2 / 3, 1 / 2])
    assert ious[2:].isnan().all()
    assert mean_iou(confusion) == pytest.approx((2 / 3 + 1 / 2) / 2)
    assert class_f1s(confusion)[:2].tolist() == pytest.approx([4 / 5, 2 / 3])


def test_a_class_that_is_answered_where_it_is_not_has_an_iou_of_0() -> None:
    confusion = count_pixels(masks_of([0, 2]), masks_of([0, 0]), 3)
    assert class_ious(confusion).tolist()[0::2] == [0.5, 0.0]
    assert mean_iou(confusion) == 0.25


def test_ignored_pixels_count_for_nothing_and_matrices_add_up() -> None:
    masks, answers = masks_of([0, 1, 255], [1, 1, 255]), masks_of([0, 0, 1], [1, 1, 0])
    confusion = count_pixels(answers.to(torch.uint8), masks, 2)
    assert confusion.tolist() == [[1, 0], [1, 2]]
    halves = [count_pixels(answers[:, row], masks[:, row], 2) for row in (0, 1)]
    assert torch.equal(confusion, sum(halves))
    assert math.isnan(mean_iou(count_pixels(answers, masks.fill_(255), 2)))


@pytest.mark.parametrize("dice_weight", [0.0, 0.5])
def test_rows_of_pictures_give_the_loss_and_the_confusion_of_all_of_them_at_once(dice_weight: float) -> None:
    generator = torch.Generator().manual_seed(0)
    logits, masks = torch.randn(3, 4, 5, 6, generator=generator), torch.randint(0, 4, (3, 9, 11), generator=generator)
    masks[0, :4] = 255
    weights = torch.tensor([1.0, 2.0, 0.5, 3.0])
    rows = torch.cat([reduce_pixels(logits[some], masks[some], weights) for some in (slice(0, 2), slice(2, 3))])
    found = PixelRows(rows, 4)
    assert found.loss(dice_weight) == pytest.approx(pixel_loss(logits, masks, weights, dice_weight).item(), rel=1e-5)
    large = F.interpolate(logits, (9, 11), mode="bilinear", align_corners=False)
    assert torch.equal(found.confusions.sum(0), count_pixels(large.argmax(1), masks, 4))


def test_the_interval_holds_the_figure_and_is_wider_over_few_groups() -> None:
    random = torch.Generator().manual_seed(0)
    right = torch.randint(0, 100, (40,), generator=random)
    confusions = torch.stack([torch.tensor([[50, 0], [100 - int(n), int(n)]]) for n in right.sort().values])
    low, high = mean_iou_interval(confusions)
    assert low < mean_iou(confusions.sum(0)) < high
    grouped = mean_iou_interval(confusions, [number // 8 for number in range(40)])
    assert grouped[1] - grouped[0] > 1.5 * (high - low)
