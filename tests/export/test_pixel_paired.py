"""What one file's class maps lose beside another's, and how faithful they are."""

from __future__ import annotations

import math
from pathlib import Path
from time import perf_counter

import numpy as np
import pytest

from pixel_answers import Map, answer, draw_scene, flip, write_truths
from ressq_export.measurement.class_map import Truth
from ressq_export.measurement.fidelity import DOUBTS, FAITHFUL, FAULTS, UNFAITHFUL
from ressq_export.measurement.pixel_counts import class_ious, count, mean_iou
from ressq_export.measurement.pixel_fidelity import measure_pixel_fidelity
from ressq_export.measurement.pixel_paired import PixelDrop, compare_counts, measure_pixel_drop

SCENES = [draw_scene(seed) for seed in range(24)]


def swap(classes: Map) -> Map:
    """Grass and car, the one called the other."""
    return np.array([0, 2, 1], np.uint8)[classes]


def judge(tmp_path: Path, before: list[Map], after: list[Map], **more: object) -> PixelDrop:
    truths = write_truths(tmp_path / "masks", SCENES)
    return measure_pixel_drop(list(map(answer, before)), list(map(answer, after)), truths, 3, **more)  # type: ignore[arg-type]


def test_equal_files_lose_nothing(tmp_path: Path) -> None:
    maps = [flip(classes, 0.1, seed) for seed, classes in enumerate(SCENES)]
    found = judge(tmp_path, maps, maps)
    assert found == PixelDrop(24, 24, 0, 0, 0, 1)
    assert not found.exceeds(0.005)
    assert not found.is_unsure(0.005)
    assert found.pictures_needed(0.01) == 24


def test_what_is_lost_is_the_difference_of_both_miou(tmp_path: Path) -> None:
    maps = [[flip(classes, share, seed) for seed, classes in enumerate(SCENES)] for share in (0.02, 0.05)]
    found = judge(tmp_path, *maps)
    both = [
        float(mean_iou(sum(count(called, truth, 3) for called, truth in zip(called_all, SCENES, strict=True))))
        for called_all in maps
    ]
    assert found.drop == pytest.approx(both[0] - both[1])
    assert 0 < found.low < found.drop < found.high
    same = np.mean([(one == other).mean() for one, other in zip(*maps, strict=True)])
    assert found.agreement == pytest.approx(same)


def test_two_classes_swapped_is_a_loss_for_sure(tmp_path: Path) -> None:
    found = judge(tmp_path, SCENES, list(map(swap, SCENES)))
    assert found.drop > 0.6
    assert found.exceeds(0.005)
    assert found.low > 0.5


def test_boundaries_moved_by_two_pixels_are_a_loss_for_sure(tmp_path: Path) -> None:
    found = judge(tmp_path, SCENES, [np.roll(classes, 2, axis=1) for classes in SCENES])
    assert found.exceeds(0.005)
    assert 0 < found.low < found.drop


def test_a_class_that_int8_alone_answers_costs_the_pixels_that_it_takes(tmp_path: Path) -> None:
    """By the two mIoU it would cost a fourth of everything: a fourth class with IoU 0."""
    truths = write_truths(tmp_path / "masks", SCENES)
    after = [classes.copy() for classes in SCENES]
    after[0][0, 0] = 3
    before = [answer(classes, labels=4) for classes in SCENES]
    found = measure_pixel_drop(before, [answer(classes, labels=4) for classes in after], truths, 4)
    lost = class_ious(sum(count(*pair, 4) for pair in zip(after, SCENES, strict=True)))
    assert found.drop == pytest.approx(float(np.mean(1 - lost[:3])))
    assert 0 < found.drop < 1e-4


def test_pictures_of_one_group_leave_it_unsure(tmp_path: Path) -> None:
    after = [np.roll(classes, 2, axis=1) for classes in SCENES]
    found = judge(tmp_path, SCENES, after, groups=[4] * 24)
    assert (found.units, found.low, found.high) == (1, -1, 1)
    assert found.is_unsure(0.005)
    assert not found.exceeds(0.005)


def test_groups_widen_the_interval(tmp_path: Path) -> None:
    """Pictures of a group that lose alike tell as much as one of them."""
    after = [flip(classes, 0.02 * (seed // 4), seed) for seed, classes in enumerate(SCENES)]
    alone = judge(tmp_path, SCENES, after)
    grouped = judge(tmp_path, SCENES, after, groups=[seed // 4 for seed in range(24)])
    assert (alone.units, grouped.units) == (24, 6)
    assert grouped.drop == alone.drop
    assert grouped.high - grouped.low > 1.5 * (alone.high - alone.low)


def test_pictures_that_are_ignored_throughout_tell_of_no_loss(tmp_path: Path) -> None:
    ignored = [np.full_like(classes, 255) for classes in SCENES]
    truths = write_truths(tmp_path / "masks", ignored)
    found = measure_pixel_drop(list(map(answer, SCENES)), [answer(swap(one)) for one in SCENES], truths, 3)
    assert (found.drop, found.low, found.high) == (0, -1, 1)
    assert found.is_unsure(0.005)
    some = write_truths(tmp_path / "some", [*ignored[:1], *SCENES[1:]])
    found = measure_pixel_drop(list(map(answer, SCENES)), list(map(answer, SCENES)), some, 3)
    assert found == PixelDrop(24, 24, 0, 0, 0, 1)


def test_four_times_the_pictures_halve_the_interval() -> None:
    found = PixelDrop(100, 100, 0.0, -0.01, 0.01, 0.99)
    assert found.is_unsure(0.005)
    assert found.pictures_needed(0.01) == 400
    assert PixelDrop(1, 1, 0.0, -1.0, 1.0, 1.0).pictures_needed(1e-9) == 10**9


@pytest.mark.parametrize("pictures", [8, 30])
def test_the_interval_of_the_difference_holds_it_about_as_often_as_it_says(pictures: int) -> None:
    generator = np.random.default_rng(2)
    pixels = generator.integers(20, 400, (4000, 3))
    wrong = generator.beta(1.5, 8, (4000, 3))
    worse = np.clip(wrong + generator.normal(0.01, 0.02, wrong.shape), 0, 1)

    def count_all(shares: np.ndarray) -> np.ndarray:
        lost = (shares * pixels).astype(np.int64)
        return np.stack([pixels - lost, pixels, pixels - lost + np.roll(lost, 1, axis=1)], axis=1)

    before, after = count_all(wrong), count_all(worse)
    truth = float(mean_iou(before.sum(0)) - mean_iou(after.sum(0)))
    held = 0
    for _ in range(300):
        drawn = generator.choice(4000, pictures)
        found = compare_counts(before[drawn], after[drawn], 1.0)
        held += found.low <= truth <= found.high
    assert 0.9 <= held / 300 <= 0.99


def test_fidelity_needs_no_truth_and_names_the_worst_picture() -> None:
    exact = [answer(classes) for classes in SCENES]
    found = [answer(flip(classes, 0.3 if seed == 5 else 0.001, seed)) for seed, classes in enumerate(SCENES)]
    fidelity = measure_pixel_fidelity(exact, found)
    share = fidelity.changed / fidelity.n
    assert (fidelity.pictures, fidelity.n) == (24, 24 * 48 * 64)
    assert fidelity.worst == pytest.approx(0.7, abs=0.02)
    assert fidelity.low <= share <= fidelity.high
    assert fidelity.high - fidelity.low > 10 * 1.96 * math.sqrt(share / fidelity.n)  # pixels hang together
    assert any(
        "of the pixels of the worst of 24 pictures with fp32's class" in said for said in fidelity.exceeded(DOUBTS)
    )


def test_files_that_answer_the_same_are_faithful_and_swapped_classes_are_a_fault() -> None:
    exact = [answer(classes) for classes in SCENES]
    assert measure_pixel_fidelity(exact, exact).grade == FAITHFUL
    swapped = measure_pixel_fidelity(exact, [answer(swap(classes)) for classes in SCENES])
    assert swapped.grade == UNFAITHFUL
    assert "answers changed, wanted at most 5%" in swapped.exceeded(FAULTS)[0]


def test_hundreds_of_pictures_are_judged_in_seconds(tmp_path: Path) -> None:
    scene = draw_scene(0, (241, 321))
    truths = write_truths(tmp_path / "masks", [scene]) * 300
    before, after = [answer(scene)] * 300, [answer(flip(scene, 0.01, seed % 5)) for seed in range(300)]
    started = perf_counter()
    measure_pixel_drop(before, after, truths, 11)
    measure_pixel_fidelity(before, after)
    assert perf_counter() - started < 20


def test_a_picture_is_kept_in_a_few_kilobytes() -> None:
    kept = answer(draw_scene(0, (241, 321)))
    assert kept.classes.nbytes + kept.cells.nbytes + kept.places.nbytes < 6000
    assert (kept.classes.unpack() == draw_scene(0, (241, 321))).all()
    wide = answer(draw_scene(0, (241, 321)), labels=150)
    assert wide.cells.nbytes <= 4096


def test_masks_of_other_classes_are_read_as_the_networks(tmp_path: Path) -> None:
    truth = write_truths(tmp_path, SCENES[:1])[0]
    moved = Truth(truth.path, truth._classes, SCENES[0].shape, (2, 255, 0))
    assert (moved.unpack() == np.array([2, 255, 0], np.uint8)[SCENES[0]]).all()
