"""What a data folder is for is recognised, or said; and told."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from mask_folders import lay_out, save_mask, save_picture
from ressq_edge.errors import Interrupted, MaskError
from ressq_edge.first_look import FirstLook, look_at_data
from ressq_edge.request import Request
from ressq_edge.screen import Screen
from ressq_runtime.errors import FolderError


def look(root: Path, task: str | None = None, *, stop: bool = False) -> tuple[FirstLook, list[str]]:
    out = io.StringIO()
    screen = Screen(Console(file=out, width=100))
    request = Request(root, root.parent / "run", threads=1, task=task)
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
    with pytest.raises(MaskError, match="without a mask"):
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
