"""Settings that nothing was asked about."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from ressq_edge.network.init import InitWeights
from ressq_edge.recipe import MASK_PIXELS, RECIPES, default_epochs, default_mask_size
from ressq_edge.request import Request, model_spec
from ressq_edge.tasks.segment import Segment


@pytest.mark.parametrize(
    ("pictures", "wanted"),
    [
        ((360, 480), (241, 321)),
        ((1080, 1920), (209, 369)),
        ((400, 400), (273, 273)),
        ((4000, 3000), (321, 241)),
        ((72, 96), (65, 97)),
        ((40, 30), (33, 33)),
    ],
)
def test_the_input_for_masks_has_the_form_of_the_pictures_and_whole_stages(
    pictures: tuple[int, int], wanted: tuple[int, int]
) -> None:
    height, width = found = default_mask_size([pictures, pictures, (50, 500)])
    assert found == wanted
    assert height % 16 == width % 16 == 1
    assert height * width < 1.05 * MASK_PIXELS


def test_pictures_that_cannot_be_read_leave_the_usual_input() -> None:
    assert default_mask_size([]) == (241, 321)


def test_of_masks_the_epoch_of_the_best_figure_is_kept_though_the_loss_rises_before() -> None:
    epochs = [{"val_miou": 0.61, "val_loss": 0.43}, {"val_miou": 0.62, "val_loss": 0.45}]
    assert Segment.metric.choose(epochs) is epochs[1]
    assert Segment.metric.choose([]) is None


def test_weights_of_a_run_bring_their_head_unless_another_is_asked_for() -> None:
    request, init = Request(Path("data"), Path("run"), task="segment"), InitWeights("file", head="unet")
    assert model_spec(request, init, 3).head == "unet"
    assert model_spec(replace(request, head="pspnet"), init, 3).head == "pspnet"
    assert model_spec(request, InitWeights("none"), 3).head == "deeplabv3plus"
    assert model_spec(replace(request, task="classify"), init, 3).head is None


def test_few_pictures_with_masks_are_seen_more_often() -> None:
    recipe = RECIPES["segment"][0]
    few, many = default_epochs(recipe, 300), default_epochs(recipe, 100_000)
    assert few > many == recipe.epochs
