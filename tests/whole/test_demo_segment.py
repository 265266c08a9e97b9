"""`make demo-segment`: its pictures are what its README says, and the picture that it shows tells most."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from ressq_edge.data.masks.layout import find_masks
from ressq_edge.data.masks.scan import refuse_complaints, scan_masks
from tools.demo_segment import CELLS, count_values


def test_the_solar_cells_are_masks_that_can_be_trained_on() -> None:
    folder = find_masks(CELLS)
    assert folder is not None
    found = scan_masks(CELLS, folder, threads=1)
    assert refuse_complaints(CELLS, found).labels == ("background", "dark", "cross", "crack", "busbar")
    assert (found.pixels.sum(0)[:5] > 0).all()


def test_cells_of_a_module_are_in_one_part_and_as_many_as_the_readme_says() -> None:
    pictures = sorted((CELLS / "images").rglob("*.jpg"))
    parts = {(path.stem.rpartition("_")[0], path.parent.name) for path in pictures}
    assert len({module for module, _ in parts}) == len(parts)
    counts, text = Counter(path.parent.name for path in pictures), (CELLS / "README.md").read_text()
    told = f"{counts['train']} to train on, {counts['val']} to validate, {counts['test']} to test"
    assert told in text
    assert f"{len(pictures)} electroluminescence pictures" in text


def test_the_solar_cells_and_their_notice_stay_small_enough_for_a_repository() -> None:
    files = [path for path in CELLS.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 3_000_000
    assert "Copyright (c) 2020-2021, DuraMAT" in (CELLS / "LICENSE").read_text()


def test_a_masks_values_are_counted_not_its_colours() -> None:
    masks = sorted((CELLS / "masks" / "test").glob("*.png"))
    assert {count_values(Path(mask)) for mask in masks} == {2, 3, 4, 5}
