"""What a data folder is for is recognised, or said; and told."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from rich.console import Console

from mask_folders import Array, draw_index, lay_out, save_mask, save_picture
from ressq_edge.data.masks.reading import read_target
from ressq_edge.errors import Interrupted, MaskError
from ressq_edge.first_look import FirstLook, look_at_data
from ressq_edge.request import Request
from ressq_edge.screen import Screen
from ressq_runtime.errors import FolderError


def look(
    root: Path, task: str | None = None, *, stop: bool = False, group_by: str | None = None
) -> tuple[FirstLook, list[str]]:
    out = io.StringIO()
    screen = Screen(Console(file=out, width=100))
    request = Request(root, root.parent / "run", threads=1, task=task, group_by=group_by)
    found = look_at_data(request, screen, lambda: stop, lambda _: None)
    return found, out.getvalue().splitlines()


def lay_out_classes(root: Path, *labels: str) -> Path:
    for label in labels:
        for number in range(6):
            save_picture(root / f"{label}/{label}{number}.jpg")
    return root


def test_masks_are_recognised_and_announced_in_one_line(tmp_path: Path) -> None:
    found, told = look(lay_out(tmp_path / "data", 12))
    assert found.task == "segment"
    line = "masks found in images/ and masks/: 12 pairs, 3 classes: training segmentation (--task segment)"
    assert told == [*found.scanned, line]
    assert found.scanned[0] == "12 pairs of pictures and masks"
    assert "the classes have no names; classes.csv, with the header index,name,r,g,b, gives them some" in found.notes


def test_class_folders_are_recognised_without_a_word(tmp_path: Path) -> None:
    found, told = look(lay_out_classes(tmp_path / "data", "a", "b"))
    assert (found.task, told, found.scanned) == ("classify", [], ())


def test_a_task_that_the_folder_does_not_fit_is_refused(tmp_path: Path) -> None:
    root = lay_out_classes(tmp_path / "data", "a", "b")
    with pytest.raises(MaskError, match=r"data: found no masks, wanted images/ and masks/ for --task segment; lay"):
        look(root, "segment")
    with pytest.raises(FolderError, match=r"none: found no such folder, wanted a folder of pictures and masks"):
        look(tmp_path / "none", "segment")


def test_classes_called_images_and_masks_can_be_trained_by_saying_so(tmp_path: Path) -> None:
    found, _ = look(lay_out_classes(tmp_path / "data", "images", "masks"), "classify")
    assert found.task == "classify"
    with pytest.raises(MaskError, match=r"without a mask .*; if these are class folders, say --task classify$"):
        look(tmp_path / "data")
    told = [note for note in found.notes if note.startswith("trained as classes, as --task classify says, although: ")]
    assert len(told) == 1


def test_masks_that_fit_are_told_where_classes_were_asked_for(tmp_path: Path) -> None:
    root = lay_out(tmp_path / "data", 12)
    for number in range(12):  # masks that differ: equal ones would be kept together as pictures
        save_mask(root / f"masks/{number}.png", np.random.default_rng(number).integers(0, 3, (48, 48), np.uint8))
    found, _ = look(root, "classify")
    assert "images/ and masks/ are taken for class folders, as --task classify says" in found.notes


def test_tables_of_the_classes_are_no_files_that_are_left_out(tmp_path: Path) -> None:
    root = lay_out(tmp_path / "data", 12)
    (root / "classes.csv").write_text("index,name\n0,a\n1,b\n2,c\n")
    (root / "notes.txt").write_text("")
    found, _ = look(root)
    assert "1 files are left out, being no pictures by their names: notes.txt" in found.notes


def test_the_scan_can_be_stopped(tmp_path: Path) -> None:
    with pytest.raises(Interrupted, match="stopped while looking at the pictures; nothing was trained yet"):
        look(lay_out(tmp_path / "data", 12), stop=True)


def save_bool(path: Path, index: Array) -> None:
    Image.fromarray(index > 0).save(path)


def save_palette(path: Path, index: Array) -> None:
    image = Image.frombytes("P", index.shape[::-1], index.tobytes())
    image.putpalette([9, 9, 9, 200, 0, 0, 0, 0, 200])
    image.save(path)


def save_deep(path: Path, index: Array) -> None:
    Image.fromarray(index.astype(np.uint16)).save(path)


def save_white(path: Path, index: Array) -> None:
    save_mask(path, (index > 0).astype(np.uint8) * 255)


@pytest.mark.parametrize(
    ("save", "labels", "values"),
    [
        (save_bool, ("class_0", "class_1"), "values: 0, 1; read by index"),
        (save_palette, ("class_0", "class_1", "class_2"), "values: 0, 1, 2; read by index"),
        (save_deep, ("class_0", "class_1", "class_2"), "values: 0, 1, 2; read by index"),
        (save_white, ("background", "foreground"), "values: 0, 255; read by index"),
    ],
    ids=["bool", "palette", "16-bit", "255"],
)
def test_masks_are_taken_as_programs_save_them(
    save: Callable[[Path, Array], None], labels: tuple[str, ...], values: str, tmp_path: Path
) -> None:
    def save_below(path: Path, index: Array) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        save(path, index)

    found, told = look(lay_out(tmp_path / "data", 12, save=save_below))
    assert found.split.labels == labels
    assert any(line.startswith(values) for line in told)
    assert found.split.masks is not None
    target = read_target(tmp_path / "data" / found.split.train[0][1], found.split.masks)
    assert sorted(np.unique(target)) == list(range(len(labels)))


def test_sub_folders_that_are_torn_are_told_with_what_keeps_them_together(tmp_path: Path) -> None:
    root = tmp_path / "data"
    for number in range(24):
        save_picture(root / f"images/site{number % 3}/{number}.jpg")
        save_mask(root / f"masks/site{number % 3}/{number}.png", draw_index(1, 2))
    found, _ = look(root)
    (told,) = [note for note in found.notes if "sub-folders" in note]
    assert told == (
        "3 sub-folders of the pictures are not kept together; if each is a patient, a site or a thing: "
        "--group-by '^[^/]+/([^/]+)/'"
    )
    assert not any("sub-folders" in note for note in look(root, group_by=told.split("'")[1])[0].notes)
    save_picture(root / "images/loose.jpg")
    save_mask(root / "masks/loose.png", draw_index(1, 2))
    assert any(note.endswith("--group-by TABLE.csv") for note in look(root)[0].notes)


def test_flat_folders_are_not_called_torn(tmp_path: Path) -> None:
    found, _ = look(lay_out(tmp_path / "data", 12))
    assert not any("sub-folders" in note for note in found.notes)
