"""What ressq-train says of masks that it would learn wrongly: a file, how many there are, and what to do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFilter

from mask_folders import SIDE, draw_index, lay_out, save_mask, save_picture, to_colours
from ressq_edge.cli import main
from ressq_edge.data.split import PARTS, read_split
from runs import QUICK_MASKS, refused

COLOURS = {0: (10, 20, 30), 1: (200, 0, 0), 2: (0, 0, 200)}


def lay_out_with(root: Path, *masks: tuple[str, np.ndarray[tuple[int, ...], np.dtype[np.uint8]]]) -> None:
    """Four pairs of three classes, some masks replaced."""
    lay_out(root, 6)
    for name, index in masks:
        save_mask(root / f"masks/{name}.png", index)


def white_foreground(root: Path) -> None:
    lay_out(root, 6, draw_index(1))
    save_mask(root / "masks/0.png", draw_index(255))


def smoothed(root: Path) -> None:
    lay_out(root, 6, to_colours(draw_index(1, 2), COLOURS))
    (root / "classes.csv").write_text("index,name,r,g,b\n0,a,10,20,30\n1,b,200,0,0\n2,c,0,0,200\n")
    for path in (root / "masks").iterdir():
        Image.open(path).filter(ImageFilter.GaussianBlur(1.5)).save(path)


def as_jpeg(root: Path) -> None:
    lay_out(root, 6, save=lambda path, index: save_mask(path.with_suffix(".jpg"), index))


def in_colours(root: Path) -> None:
    lay_out(root, 6, to_colours(draw_index(1, 2), COLOURS))


def by_labelmap(root: Path) -> None:
    lay_out(root, 6)
    (root / "labelmap.txt").write_text("background:10,20,30::\na:200,0,0::\nb:0,0,200::\n")


def of_other_size(root: Path) -> None:
    lay_out_with(root, ("3", draw_index(1, 2, side=64)))


def turned_by_exif(root: Path) -> None:
    lay_out(root, 6, np.zeros((48, 64), np.uint8) + draw_index(1, side=48)[:, :1])
    for number in range(6):
        index = np.zeros((48, 64), np.uint8)
        index[10:20, 10:30] = 1
        save_mask(root / f"masks/{number}.png", index)
    save_picture(root / "images/2.jpg", (48, 64), orientation=6)


def without_mask(root: Path) -> None:
    lay_out(root, 6)
    (root / "masks/4.png").unlink()


def without_picture(root: Path) -> None:
    lay_out(root, 6)
    (root / "images/4.jpg").unlink()


def class_missing_in_train(root: Path) -> None:
    for part, index in (("train", draw_index(1)), ("val", draw_index(1, 2))):
        save_picture(root / f"images/{part}/0.jpg")
        save_mask(root / f"masks/{part}/0.png", index)


def all_ignored(root: Path) -> None:
    lay_out_with(root, ("5", np.full((SIDE, SIDE), 255, np.uint8)))


def one_class(root: Path) -> None:
    lay_out(root, 6, np.zeros((SIDE, SIDE), np.uint8))


def numbered_objects(root: Path) -> None:
    lay_out(root, 6)
    for path in (root / "masks").iterdir():
        Image.fromarray(draw_index(1, 2).astype(np.uint16) * 300).save(path)


def other_palettes(root: Path) -> None:
    lay_out(root, 6)
    for number, path in enumerate(sorted((root / "masks").iterdir())):
        image = Image.fromarray(draw_index(1, 2)).convert("P")
        image.putpalette([0, 0, 0, 255, 0, 40 * number, 0, 0, 255])
        image.save(path)


def class_folders_beside(root: Path) -> None:
    lay_out(root, 6)
    save_picture(root / "rust/0.jpg")


def masks_in_class_folders(root: Path) -> None:
    for label in ("covid", "normal"):
        lay_out(root / label, 3)


CASES: dict[Callable[[Path], None], str] = {
    white_foreground: "masks/0.png: found 255 in 1 mask without a 1 and 1 in 5 masks without a 255 (masks/1.png, say), "
    "wanted one value for the foreground, as 255 is ignored; save them alike",
    smoothed: "that classes.csv does not have, such as {such}, and the like in 6 masks: edges are blended "
    "(antialiased, from a JPEG, or resized smoothly); draw masks without smoothing",
    as_jpeg: "found a JPEG, which blends neighbouring values, wanted a PNG; save it as PNG from what it was drawn with",
    in_colours: "masks/0.png: found colours (0,0,200; 10,20,30; 200,0,0) in 6 masks but no table that names "
    "them; write",
    by_labelmap: "found the indices 0, 1, 2 in 6 masks, wanted the colours of labelmap.txt, whose order is no index; "
    "give the masks as CVAT exports them",
    of_other_size: "masks/3.png: found 64x64 pixels, wanted 48x48 as in images/3.jpg, in 1 pair; resize masks "
    "by nearest neighbour",
    turned_by_exif: "masks/2.png: found 64x48 pixels beside 48x64 of images/2.jpg, as the EXIF orientation of "
    "images/2.jpg turns it, in 1 pair, wanted both turned or none; turn the pixels and remove the tag",
    without_mask: "found 1 picture without a mask (images/4.jpg), wanted a mask of the same name for each "
    "picture; add or rename them",
    without_picture: "found 1 mask without a picture (masks/4.png), wanted a mask of the same name for each "
    "picture; add or rename them",
    class_missing_in_train: "found no pixel of class_2 in 1 mask of train, though in val, wanted some of each class to "
    "learn from; move pictures that show it to train",
    all_ignored: "masks/5.png: found 1 mask ignored throughout (masks/5.png), wanted a pixel of a class in "
    "each; draw them",
    one_class: "found one class only (class_0) in 6 masks, wanted two or more; draw the others as well",
    numbered_objects: "found values up to 600 in 6 masks of 16 bits or more, wanted class indices from 0 to 254; if "
    "the values number objects, save classes instead",
    other_palettes: "wanted one palette in all masks; write",
    class_folders_beside: "found rust/ with pictures beside images/ and masks/, wanted no other pictures there; to "
    "train on the masks, move rust/ elsewhere; to train on classes, move the class folders",
    masks_in_class_folders: "found images/ and masks/ in 2 folders (covid/, say), wanted masks or class folders, not "
    "both; to train on the masks, swap the levels: images/covid/, masks/covid/; to train on classes, move each masks/ "
    "elsewhere",
}


@pytest.mark.parametrize("lay", CASES, ids=lambda lay: str(lay.__name__))
def test_masks_that_would_be_learned_wrongly_are_refused(
    lay: Callable[[Path], None], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lay(tmp_path / "data")
    line = refused(capsys, tmp_path / "data", "--out", tmp_path / "run", *QUICK_MASKS)
    for words in CASES[lay].split("{such}"):
        assert words in line
    assert str(tmp_path / "data") in line
    assert not (tmp_path / "run/config.json").exists()


def test_several_kinds_of_faults_are_all_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    of_other_size(tmp_path / "data")
    save_mask(tmp_path / "data/masks/5.png", np.full((SIDE, SIDE), 255, np.uint8))
    command = [str(tmp_path / "data"), "--out", str(tmp_path / "run"), *QUICK_MASKS]
    assert main(command) == 1
    told = capsys.readouterr().err.splitlines()
    assert sum(line.startswith("fault: ") for line in told) == 2
    assert "found 2 kinds of faults in its masks, the first: " in told[-1]


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    """Sixteen pairs; of one the mask cannot be read, of another the picture."""
    root = lay_out(tmp_path / "data", 16)
    (root / "masks/4.png").write_bytes(b"no picture")
    (root / "images/7.jpg").write_bytes(b"no picture")
    return root


SHORT = ["--init", "none", "--size", "48x48", "--threads", "1", "--epochs", "1"]


def test_pairs_of_which_one_file_cannot_be_read_are_named(
    broken: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(broken), "--out", str(tmp_path / "run"), *SHORT]) == 1
    told = capsys.readouterr().err
    assert f"unreadable: {broken}/masks/4.png: found no picture that can be a mask" in told
    assert f"unreadable: {broken}/images/7.jpg: found no known kind of picture" in told
    assert "found 2 unreadable pictures or masks of 16 (listed above)" in told
    assert "train without them by --skip-unreadable" in told
    page = (tmp_path / "run/data.html").read_text(encoding="utf-8")
    assert "2 pictures or masks cannot be read." in page


def test_unreadable_pairs_are_left_out_where_that_is_asked_and_changed_masks_end_a_resumed_run(
    broken: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = [str(broken), "--out", str(tmp_path / "run"), *SHORT]
    assert main([*command, "--skip-unreadable"]) == 0
    assert "skipped: 2 unreadable pictures or masks, listed in split.json" in capsys.readouterr().err
    split = read_split(tmp_path / "run")
    assert [name for name, _ in split.unreadable] == ["images/4.jpg", "images/7.jpg"]
    assert sum(len(split.samples(part)) for part in PARTS) == 14
    assert len(split.pixels) == 14
    save_mask(broken / split.train[0][1], np.random.default_rng(0).integers(0, 3, (SIDE, SIDE), np.uint8))
    line = refused(capsys, *command, "--resume")
    assert f"found other pictures than {tmp_path / 'run'} began with" in line
    assert "bring them back, or train into another folder" in line


def test_class_folders_have_no_masks_to_learn_from(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("a/1", "a/2", "b/1", "b/2"):
        save_picture(tmp_path / f"data/{name}.jpg")
    line = refused(capsys, tmp_path / "data", "--out", tmp_path / "run", "--task", "segment", *SHORT)
    assert "found no masks, wanted images/ and masks/ for --task segment; lay the files out so (docs/masks.md)" in line
