"""Decoded pictures: the same bytes from the cache as from the file, and never stale ones."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ressq_edge.cli import main
from ressq_edge.data import cache
from ressq_edge.data.cache import clear_cache, fill_cache, open_store
from ressq_edge.data.folder import split_folder
from ressq_edge.data.pictures import evaluation_pixels, training_pixels
from ressq_edge.data.split import PARTS, Split
from ressq_edge.errors import Interrupted
from ressq_edge.inputs import picture
from ressq_runtime.errors import OutputError
from ressq_runtime.inputs.picture import to_pixels
from ressq_runtime.inputs.picture_spec import PixelSpec
from runs import QUICK

SPEC = PixelSpec.for_size(48)


@pytest.fixture
def photos_of_odd_sizes(tmp_path: Path) -> Path:
    """Two classes of pictures, JPEG and PNG, upright, lying and long."""
    root = tmp_path / "data"
    random = np.random.default_rng(0)
    for label in ("a", "b"):
        (root / label).mkdir(parents=True)
        for index, (height, width) in enumerate([(70, 91), (211, 80), (33, 400), (640, 479)]):
            noise = Image.fromarray(random.integers(0, 256, (9, 9, 3), dtype=np.uint8))
            noise.resize((width, height)).save(root / label / f"{index}.{'png' if index % 2 else 'jpg'}")
    return root


def fill(folder: Path, root: Path, split: Split | None = None) -> tuple[Split, dict[str, str], int]:
    ticks: list[None] = []
    split = split or split_folder(root, 0)
    reasons = fill_cache(folder, split, root, SPEC, 2, lambda: ticks.append(None))
    return split, reasons, len(ticks)


def test_evaluation_pixels_are_the_devices_byte_for_byte(photos_of_odd_sizes: Path, tmp_path: Path) -> None:
    split, reasons, ticks = fill(tmp_path / "cache", photos_of_odd_sizes)
    assert reasons == {}
    assert ticks == 8
    store = open_store(tmp_path / "cache", split, photos_of_odd_sizes, SPEC, "val")
    assert all(place is not None for place in store.places)
    paths = [files.picture for files in store.files]
    for path, pixels in zip(paths, (store[i] for i in range(len(store))), strict=True):
        assert pixels.shape == (48, 48, 3)
        assert pixels.tobytes() == to_pixels(path, SPEC) == evaluation_pixels(path, SPEC).tobytes()


def test_training_pixels_are_equal_with_and_without_cache(photos_of_odd_sizes: Path, tmp_path: Path) -> None:
    split, _, _ = fill(tmp_path / "cache", photos_of_odd_sizes)
    kept = open_store(tmp_path / "cache", split, photos_of_odd_sizes, SPEC, "train")
    fresh = open_store(tmp_path / "nothing", split, photos_of_odd_sizes, SPEC, "train")
    assert all(place is None for place in fresh.places)
    for index in range(len(kept)):
        assert np.array_equal(kept[index], fresh[index])


def test_training_pictures_keep_their_shape_with_the_shorter_side_at_resize(photos_of_odd_sizes: Path) -> None:
    shapes = [training_pixels(photos_of_odd_sizes / "a" / name, SPEC).shape for name in ("0.jpg", "1.png", "2.jpg")]
    assert shapes == [(55, 72, 3), (145, 55, 3), (55, 165, 3)]  # the last one is bounded at three to one


def test_a_full_cache_falls_back_to_the_files(
    photos_of_odd_sizes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache, "LIMIT_BYTES", 40_000)
    split, _, _ = fill(tmp_path / "cache", photos_of_odd_sizes)
    store = open_store(tmp_path / "cache", split, photos_of_odd_sizes, SPEC, "train")
    assert {place is None for place in store.places} == {True, False}
    assert None not in open_store(tmp_path / "cache", split, photos_of_odd_sizes, SPEC, "val").places, "read each epoch"
    assert sum(file.stat().st_size for file in (tmp_path / "cache").glob("*.u8")) <= 40_000
    for index, files in enumerate(store.files):
        assert np.array_equal(store[index], training_pixels(files.picture, SPEC))


def test_a_cache_is_used_again_until_a_source_changes(photos_of_odd_sizes: Path, tmp_path: Path) -> None:
    split, _, _ = fill(tmp_path / "cache", photos_of_odd_sizes)
    assert fill(tmp_path / "cache", photos_of_odd_sizes)[2] == 0
    os.utime(photos_of_odd_sizes / split.train[0][0], ns=(1, 1))
    assert fill(tmp_path / "cache", photos_of_odd_sizes)[2] == 8
    (tmp_path / "cache/index.json").write_text("{")  # half an index is none
    assert fill(tmp_path / "cache", photos_of_odd_sizes)[2] == 8


@pytest.mark.parametrize("content", ["precious", '{"a": 1}'])
def test_a_folder_of_something_else_is_left_as_it_is(photos_of_odd_sizes: Path, tmp_path: Path, content: str) -> None:
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache/index.json").write_text(content)
    with pytest.raises(OutputError, match=r"cache: found a folder with an index\.json of something else; move it away"):
        fill(tmp_path / "cache", photos_of_odd_sizes)
    assert (tmp_path / "cache/index.json").read_text() == content


def test_a_picture_that_is_replaced_while_it_is_decoded_is_decoded_again(
    photos_of_odd_sizes: Path, tmp_path: Path
) -> None:
    split, path = split_folder(photos_of_odd_sizes, 0), photos_of_odd_sizes / "a/1.png"
    seen: list[None] = []

    def replace_after_the_last() -> None:
        seen.append(None)
        if len(seen) == 8:
            Image.new("RGB", (64, 64), "red").save(path)

    fill_cache(tmp_path / "cache", split, photos_of_odd_sizes, SPEC, 2, replace_after_the_last)
    assert fill(tmp_path / "cache", photos_of_odd_sizes, split)[2] == 8


def test_unreadable_pictures_are_all_told_and_tried_again_when_mended(
    photos_of_odd_sizes: Path, tmp_path: Path
) -> None:
    whole = photos_of_odd_sizes / "a/0.jpg"
    (photos_of_odd_sizes / "a/empty.jpg").touch()
    (photos_of_odd_sizes / "a/torn.jpg").write_bytes(whole.read_bytes()[:300])
    split, reasons, _ = fill(tmp_path / "cache", photos_of_odd_sizes)
    assert reasons.keys() == {"a/empty.jpg", "a/torn.jpg"}
    assert "empty file" in reasons["a/empty.jpg"]
    shutil.copy(whole, photos_of_odd_sizes / "a/empty.jpg")
    assert fill(tmp_path / "cache", photos_of_odd_sizes)[1].keys() == {"a/torn.jpg"}
    left = split.without({"a/torn.jpg": "broken"})
    assert sum(len(left.samples(part)) for part in PARTS) == 9
    assert fill(tmp_path / "cache", photos_of_odd_sizes, left)[2] == 0  # what was read is kept


def test_a_cache_that_cannot_be_written_says_so(photos_of_odd_sizes: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="cannot write: not a directory; free space or choose another --out"):
        fill(tmp_path / "file" / "cache", photos_of_odd_sizes)


def test_a_cache_that_lost_bytes_is_made_again(photos_of_odd_sizes: Path, tmp_path: Path) -> None:
    split, _, _ = fill(tmp_path / "cache", photos_of_odd_sizes)
    before = (tmp_path / "cache/train.u8").read_bytes()
    os.truncate(tmp_path / "cache/train.u8", len(before) // 2)
    assert fill(tmp_path / "cache", photos_of_odd_sizes, split)[2] == 8
    assert (tmp_path / "cache/train.u8").read_bytes() == before


def test_the_pictures_are_on_the_disk_before_the_index(
    photos_of_odd_sizes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept: list[int] = []

    def sync(file: int) -> None:
        kept.append(os.fstat(file).st_size)

    monkeypatch.setattr(os, "fsync", sync)
    fill(tmp_path / "cache", photos_of_odd_sizes)
    sizes = {name: (tmp_path / "cache" / name).stat().st_size for name in ("val.u8", "train.u8", "index.json")}
    assert [size for size in kept if size] == list(sizes.values())


def test_decoding_that_is_stopped_leaves_no_picture_behind(photos_of_odd_sizes: Path, tmp_path: Path) -> None:
    def stop() -> None:
        raise Interrupted("stopped")

    with pytest.raises(Interrupted):
        fill_cache(tmp_path / "cache", split_folder(photos_of_odd_sizes, 0), photos_of_odd_sizes, SPEC, 2, stop)
    assert not (tmp_path / "cache").exists()


def test_clearing_leaves_nothing_and_may_be_done_twice(photos_of_odd_sizes: Path, tmp_path: Path) -> None:
    fill(tmp_path / "cache", photos_of_odd_sizes)
    clear_cache(tmp_path / "cache")
    clear_cache(tmp_path / "cache")
    assert not (tmp_path / "cache").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_nothing_of_the_cache_is_mapped_when_it_is_deleted(
    few: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mapped: list[list[str]] = []

    def clear(folder: Path) -> None:
        maps = Path("/proc/self/maps").read_text().splitlines()
        mapped.append([line for line in maps if str(tmp_path) in line])
        clear_cache(folder)

    monkeypatch.setattr(picture, "clear_cache", clear)
    assert main([str(few), "--out", str(tmp_path / "run"), "--epochs", "1", *QUICK]) == 0
    assert mapped == [[]], "Windows deletes no mapped file"
    assert not (tmp_path / "run" / "cache").exists()
