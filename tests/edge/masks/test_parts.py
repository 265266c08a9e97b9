"""The split of a folder with masks: parts as given or drawn, groups, near duplicates, and what RUN/split.json keeps."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mask_folders import draw_index, lay_out, save_mask, save_picture
from ressq_edge.data.masks.layout import find_masks
from ressq_edge.data.masks.parts import read_pair_groups, split_pairs
from ressq_edge.data.masks.reading import read_target
from ressq_edge.data.masks.scan import refuse_complaints, scan_masks
from ressq_edge.data.split import PARTS, Split, holds, pictures_sha256, read_split, write_split
from ressq_edge.errors import SplitError


def split(root: Path, group_by: str | None = None, near_duplicates: tuple[tuple[str, str], ...] = ()) -> Split:
    folder = find_masks(root)
    assert folder is not None
    groups = read_pair_groups(root, folder.pairs, group_by)
    scan = scan_masks(root, folder, 2)
    return split_pairs(root, folder.pairs, scan, refuse_complaints(root, scan), 0, group_by, groups, near_duplicates)


def names(found: Split, part: str) -> set[str]:
    return {Path(name).stem for name, _ in found.samples(part)}


def test_a_sample_is_a_picture_and_its_mask(tmp_path: Path) -> None:
    found = split(lay_out(tmp_path, 20))
    assert [len(found.samples(part)) for part in PARTS] == [14, 3, 3]
    for part in PARTS:
        for picture, mask in found.samples(part):
            assert (tmp_path / mask).is_file()
            assert Path(picture).stem == Path(mask).stem
    assert found.labels == ("class_0", "class_1", "class_2")
    assert found.counts("val") == [3, 3, 3]
    assert found.pixel_counts("val") == [3 * 1824, 3 * 240, 3 * 240, 0]
    assert found.origin == "seeded"


def test_given_parts_are_kept_and_val_is_drawn_where_it_is_missing(tmp_path: Path) -> None:
    for part, count in (("train", 10), ("test", 2)):
        for number in range(count):
            save_picture(tmp_path / f"images/{part}/{number}.jpg")
            save_mask(tmp_path / f"masks/{part}/{number}.png", draw_index(1, 2))
    found = split(tmp_path)
    assert [len(found.samples(part)) for part in PARTS] == [8, 2, 2]
    assert all(name.startswith("images/test/") for name, _ in found.test)
    assert found.origin == "folders"
    assert "val/ is not there: 2 pictures of train/ validate instead" in found.notes


def test_parts_without_train_are_refused(tmp_path: Path) -> None:
    for part in ("val", "test"):
        save_picture(tmp_path / f"images/{part}/0.jpg")
        save_mask(tmp_path / f"masks/{part}/0.png", draw_index(1, 2))
    with pytest.raises(SplitError, match=r"found val/, test/ alone, wanted train/ to learn from; add it, or leave"):
        split(tmp_path)


def test_groups_stay_in_one_part_and_are_numbered(tmp_path: Path) -> None:
    for number in range(24):
        save_picture(tmp_path / f"images/site{number % 6}_{number}.jpg")
        save_mask(tmp_path / f"masks/site{number % 6}_{number}.png", draw_index(1, 2))
    found = split(tmp_path, "(site[0-9]+)_")
    sites = [{name.split("_")[0] for name in names(found, part)} for part in PARTS]
    assert sum(map(len, sites)) == len(set.union(*sites)) == 6
    assert len(set(found.groups_of("val"))) == len(sites[1])
    assert "6 groups by (site[0-9]+)_: each is in one part" in found.notes


def test_given_parts_that_tear_a_group_are_refused(tmp_path: Path) -> None:
    for part in ("train", "val"):
        save_picture(tmp_path / f"images/{part}/a1.jpg")
        save_mask(tmp_path / f"masks/{part}/a1.png", draw_index(1, 2))
    with pytest.raises(
        SplitError, match=r"found the group a in train/ and val/, .* or give pictures and masks without"
    ):
        split(tmp_path, "(a)[0-9]")


def test_pictures_that_show_the_same_stay_together(tmp_path: Path) -> None:
    pairs = tuple((f"images/{number}.jpg", f"images/{number + 1}.jpg") for number in range(0, 20, 2))
    found = split(lay_out(tmp_path, 20), near_duplicates=pairs)
    for part in PARTS:
        assert {int(name) // 2 * 2 for name in names(found, part)} <= {int(name) for name in names(found, part)}
    assert "10 pairs of pictures show the same; both of each are in one part" in found.notes
    assert not any("two classes" in note for note in found.notes)


def test_too_few_pictures_for_three_parts_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SplitError, match=r"found 2 pictures or groups of them, too few for 3 parts"):
        split(lay_out(tmp_path, 2))


def test_split_json_keeps_what_the_masks_mean(tmp_path: Path) -> None:
    root = lay_out(tmp_path / "data", 6)
    (root / "classes.csv").write_text("index,name,r,g,b\n0,road,1,2,3\n1,crack,4,5,6\n2,void,0,0,0\n")
    found = split(root)
    (tmp_path / "run").mkdir()
    write_split(tmp_path / "run", found)
    again = read_split(tmp_path / "run")
    assert again == found
    assert again.labels == ("road", "crack")
    assert again.colours == ((1, 2, 3), (4, 5, 6))
    assert again.masks is not None
    target = read_target(root / again.train[0][1], again.masks)
    assert sorted(np.unique(target)) == [0, 1, 255]


def test_a_classifiers_split_json_says_nothing_of_masks(tmp_path: Path) -> None:
    write_split(tmp_path, Split("seeded", 0, ("a", "b"), (("a/1.png", 0),), (("b/1.png", 1),), ()))
    text = (tmp_path / "split.json").read_text()
    assert "masks" not in text
    assert "pixels" not in text
    assert read_split(tmp_path).colours is None


def test_a_run_begun_with_other_masks_is_noticed(tmp_path: Path) -> None:
    root = lay_out(tmp_path, 6)
    found = split(root)
    about = {"pictures_sha256": pictures_sha256(found, root)}
    assert holds(root, found, about)
    index = np.random.default_rng(0).integers(0, 3, (48, 48), np.uint8)
    save_mask(root / found.train[0][1], index)
    assert not holds(root, found, about)
    (root / found.train[0][1]).unlink()
    with pytest.raises(SplitError, match=r"masks/[0-9]\.png: No such file or directory; bring it back"):
        pictures_sha256(found, root)


def test_a_target_of_another_size_is_what_pillow_takes_by_nearest_neighbour(tmp_path: Path) -> None:
    root = lay_out(tmp_path, 6)
    found = split(root)
    assert found.masks is not None
    path = root / found.train[0][1]
    target = read_target(path, found.masks, (33, 65))
    assert np.array_equal(target, np.asarray(Image.open(path).resize((65, 33), Image.Resampling.NEAREST)))


def test_a_pair_that_cannot_be_read_is_left_out_with_its_reason(tmp_path: Path) -> None:
    root = lay_out(tmp_path, 12)
    (root / "masks/3.png").write_text("no picture")
    shutil.copy(root / "images/1.jpg", root / "images/2.jpg")
    found = split(root)
    everything = [name for part in PARTS for name in names(found, part)]
    assert "3" in everything, "decoding tells of it"
    left = found.without({"images/3.jpg": "why"})
    assert "3" not in [name for part in PARTS for name in names(left, part)]
    assert left.unreadable == (("images/3.jpg", "why"),)
    assert len(left.pixels) == 11


def test_a_part_of_which_no_pair_can_be_read_ends_the_run(tmp_path: Path) -> None:
    for part in ("train", "val"):
        save_picture(tmp_path / f"images/{part}/0.jpg")
        save_mask(tmp_path / f"masks/{part}/0.png", draw_index(1, 2))
    (tmp_path / "masks/val/0.png").write_text("no picture")
    with pytest.raises(SplitError, match=r"val: found no pair left that can be read \(of 1\), wanted at least one"):
        split(tmp_path).without({"images/val/0.jpg": "why"})
