"""Pictures with their masks in the cache: the same bytes as from the files, and never stale ones."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mask_folders import draw_index, lay_out, save_mask, save_picture
from ressq_edge.data import cache, pictures
from ressq_edge.data.cache import fill_cache, open_store
from ressq_edge.data.masks.layout import find_masks
from ressq_edge.data.masks.parts import split_pairs
from ressq_edge.data.masks.reading import read_target
from ressq_edge.data.masks.scan import refuse_complaints, scan_masks
from ressq_edge.data.pictures import training_pixels
from ressq_edge.data.split import Split
from ressq_edge.errors import MaskError
from ressq_runtime.inputs.picture import to_pixels
from ressq_runtime.inputs.picture_spec import PixelSpec

SPEC = PixelSpec.stretched(32, 48)  # kept up to 48 x 72


def split(root: Path) -> Split:
    folder = find_masks(root)
    assert folder is not None
    scan = scan_masks(root, folder, 2)
    return split_pairs(root, folder.pairs, scan, refuse_complaints(root, scan), 0, None, {}, ())


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Twelve pairs of three sizes: smaller than what is kept, wider, and larger; one of each turned by EXIF."""
    for number in range(12):
        side = (40, 60, 400)[number % 3]
        index = np.zeros((side, 2 * side), np.uint8)
        index[: side // 3, number : side + number] = 1 + number % 2
        index[-side // 4 :, -side:] = 255
        turned = 6 if number < 3 else 1
        save_picture(tmp_path / f"data/images/{number}.jpg", np.rot90(index) if turned == 6 else index, turned)
        save_mask(tmp_path / f"data/masks/{number}.png", index)
    return tmp_path / "data"


def fill(folder: Path, root: Path, found: Split) -> tuple[dict[str, str], int]:
    ticks: list[None] = []
    reasons = fill_cache(folder, found, root, SPEC, 2, lambda: ticks.append(None))
    return reasons, len(ticks)


def test_evaluation_samples_are_the_devices_pixels_and_the_mask_by_nearest_neighbour(
    root: Path, tmp_path: Path
) -> None:
    found = split(root)
    assert fill(tmp_path / "cache", root, found) == ({}, 12)
    store = open_store(tmp_path / "cache", found, root, SPEC, "val")
    assert None not in store.places
    assert len(store.targets) == len(store) == len(found.val)
    for number, (picture, mask) in enumerate(found.val):
        assert store[number].tobytes() == to_pixels(root / picture, SPEC)
        wanted = np.asarray(Image.open(root / mask).resize((48, 32), Image.Resampling.NEAREST))
        assert np.array_equal(store.targets[number], wanted)


def test_training_samples_are_kept_large_enough_for_crops_and_no_larger(root: Path, tmp_path: Path) -> None:
    found = split(root)
    fill(tmp_path / "cache", root, found)
    store = open_store(tmp_path / "cache", found, root, SPEC, "train")
    shapes = {(40, 80): (40, 72), (60, 120): (48, 72), (400, 800): (48, 72)}
    for number, (picture, mask) in enumerate(found.train):
        assert found.masks is not None
        whole = read_target(root / mask, found.masks)
        assert store[number].shape[:2] == store.targets[number].shape == shapes[whole.shape[0], whole.shape[1]], picture
        assert np.array_equal(store.targets[number], read_target(root / mask, found.masks, store[number].shape[:2]))
        assert np.array_equal(store[number], training_pixels(root / picture, SPEC))


def test_samples_are_equal_with_and_without_cache(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = split(root)
    monkeypatch.setattr(cache, "LIMIT_BYTES", 40_000)
    fill(tmp_path / "cache", root, found)
    for part in ("train", "val"):
        kept, fresh = (open_store(tmp_path / name, found, root, SPEC, part) for name in ("cache", "nothing"))
        assert {place is None for place in fresh.places} == {True}
        for number in range(len(kept)):
            assert np.array_equal(kept[number], fresh[number])
            assert np.array_equal(kept.targets[number], fresh.targets[number])
    assert {place is None for place in open_store(tmp_path / "cache", found, root, SPEC, "train").places} == {
        True,
        False,
    }
    assert sum(file.stat().st_size for file in (tmp_path / "cache").glob("*.u8")) <= 40_000


def test_a_cache_is_used_again_until_a_mask_or_what_it_means_changes(root: Path, tmp_path: Path) -> None:
    found = split(root)
    fill(tmp_path / "cache", root, found)
    assert fill(tmp_path / "cache", root, found) == ({}, 0)
    os.utime(root / found.train[0][1], ns=(1, 1))
    assert fill(tmp_path / "cache", root, found) == ({}, 12)
    assert found.masks is not None
    other = replace(found, masks=replace(found.masks, targets=((0, 1), (1, 0), (2, 2), (255, 255))))
    assert fill(tmp_path / "cache", root, other) == ({}, 12)


def test_a_mask_that_cannot_be_read_is_named_by_its_picture(root: Path, tmp_path: Path) -> None:
    found = split(root)
    picture, mask = found.train[0]
    (root / mask).write_bytes((root / mask).read_bytes()[:60])
    reasons, _ = fill(tmp_path / "cache", root, found)
    assert list(reasons) == [picture]
    assert str(root / mask) in reasons[picture]


def test_a_mask_that_changed_since_the_scan_ends_the_run(root: Path, tmp_path: Path) -> None:
    found = split(root)
    path = root / found.train[0][1]
    save_mask(path, draw_index(1, side=30))
    with pytest.raises(MaskError, match=r"found another size than that of .*jpg, which it had when it was scanned"):
        fill(tmp_path / "cache", root, found)
    assert not (tmp_path / "cache/index.json").exists()


def test_a_slice_of_the_targets_are_targets(root: Path, tmp_path: Path) -> None:
    found = split(root)
    fill(tmp_path / "cache", root, found)
    targets = open_store(tmp_path / "cache", found, root, SPEC, "train").targets
    assert np.array_equal(targets[2:5][1], targets[3])
    assert len(list(targets)) == len(found.train)


def test_a_sample_without_a_mask_has_no_target_to_read(tmp_path: Path) -> None:
    lay_out(tmp_path, 1)
    reader, files = cache.READERS["val"], cache.SampleFiles(tmp_path / "images/0.jpg")
    assert len(reader.read(files, SPEC)) == 1
    with pytest.raises(TypeError, match=r"0\.jpg has no mask"):
        reader.target(files, SPEC)


def test_of_large_samples_fewer_are_decoded_ahead() -> None:
    waiting = [
        pictures._count_waiting(spec, 4) for spec in (SPEC, PixelSpec.stretched(2048, 2048), PixelSpec(1024, 1024))
    ]
    assert waiting == [64, 7, 21]
    assert pictures._count_waiting(PixelSpec.stretched(2048, 2048), 16) == 16, "a sample for each thread"
