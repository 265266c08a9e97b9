"""Settings that nothing was asked about."""

from __future__ import annotations

import pytest

from ressq_edge.recipe import MASK_PIXELS, RECIPES, default_epochs, default_mask_size


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


def test_few_pictures_with_masks_are_seen_more_often() -> None:
    recipe = RECIPES["segment"][0]
    few, many = default_epochs(recipe, 300), default_epochs(recipe, 100_000)
    assert few > many == recipe.epochs
