"""Sub-folders of the class folders: classes one level too deep, and patients that a split tears apart."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from PIL import Image

from ressq_edge.data.folder import split_folder
from ressq_edge.data.nested_folders import tell_nested_folders
from ressq_edge.request import Request
from ressq_edge.screen import Screen
from ressq_edge.start import begin_run


def lay_out(root: Path, *folders: str, count: int = 6) -> Path:
    """Folders of files that no split has to open."""
    for folder in folders:
        (root / folder).mkdir(parents=True)
        for index in range(count):
            (root / folder / f"{index}.jpg").touch()
    return root


def told(root: Path, group_by: str | None = None) -> list[str]:
    return tell_nested_folders(split_folder(root, 0, group_by), grouped=group_by is not None)


def recurring(root: Path) -> list[str]:
    return [note for note in told(root) if note.startswith("each class folder holds")]


def torn(root: Path, group_by: str | None = None) -> list[str]:
    return [note for note in told(root, group_by) if "not kept together" in note]


SWAP = ": the first level is taken for the class; if these are the classes, swap the levels or give one folder"
WHOSE = "sub-folders below the class folders are not kept together; if each is a patient, a site or a thing: --group-by"


@pytest.mark.parametrize("part", ["", "train/"])
def test_classes_below_the_folders_of_patients_are_told(tmp_path: Path, part: str) -> None:
    for patient in range(3):
        lay_out(tmp_path, f"{part}p{patient}/healthy", f"{part}p{patient}/sick", f"{part}p{patient}/own{patient}")
        if part:
            lay_out(tmp_path, f"val/p{patient}", count=1)
    assert recurring(tmp_path) == ["each class folder holds healthy/ and sick/" + SWAP]


def test_patients_of_one_class_each_are_told_too(tmp_path: Path) -> None:
    lay_out(tmp_path, "p1/sick", "p1/healthy", "p2/healthy", "p3/sick")
    assert "the class folders hold, over and over, healthy/ and sick/" + SWAP in told(tmp_path)
    years = lay_out(tmp_path / "years", "oak/2021", "elm/2021", "ash/2022", "fir/2022")
    assert not any("over and over" in note for note in told(years))
    shutil.rmtree(years)
    lay_out(tmp_path, "p3/mild")  # of one patient alone: it may be a folder of any kind
    assert not any("over and over" in note for note in told(tmp_path))


def test_many_that_recur_are_not_all_named(tmp_path: Path) -> None:
    lay_out(tmp_path, *(f"{one}/{other}" for one in "abc" for other in "vwxyz"))
    assert recurring(tmp_path) == ["each class folder holds v/, w/, x/ and 2 more" + SWAP]


def test_of_two_class_folders_all_must_recur(tmp_path: Path) -> None:
    lay_out(tmp_path, "a/healthy", "a/sick", "b/healthy", "b/sick")
    assert recurring(tmp_path) == ["each class folder holds healthy/ and sick/" + SWAP]
    lay_out(tmp_path, "a/more")
    assert recurring(tmp_path) == []


@pytest.mark.parametrize("others", [["c/healthy"], ["c"], ["c/healthy", "c/dead"]])
def test_what_one_class_folder_lacks_does_not_recur(tmp_path: Path, others: list[str]) -> None:
    lay_out(tmp_path, "a/healthy", "a/sick", "b/healthy", "b/sick", *others)
    assert recurring(tmp_path) == []


def test_patients_in_two_parts_are_told_with_the_expression_that_keeps_each_in_one(tmp_path: Path) -> None:
    lay_out(tmp_path, *(f"{label}/{label}{patient}" for label in "ab" for patient in range(8)))
    lay_out(tmp_path, "a/alone", count=1)
    expression = "^[^/]+/([^/]+)/"
    (note,) = torn(tmp_path)
    number, rest = note.split(" ", 1)
    assert 0 < int(number) <= 16
    assert rest == f"{WHOSE} '{expression}'"
    assert torn(tmp_path, "(.+)") == [], "who groups knows"
    split = split_folder(tmp_path, 0, expression)
    assert tell_nested_folders(split, grouped=False) == [], "it does what it says"


def test_beside_loose_pictures_a_table_is_asked_for(tmp_path: Path) -> None:
    lay_out(tmp_path, "a/p1", "a/p2", "b/p3", "b/p4", "b/loose", count=12)
    (tmp_path / "b/loose/0.jpg").rename(tmp_path / "b/0.jpg")
    (note,) = torn(tmp_path)
    assert note.endswith(f"{WHOSE} TABLE.csv")


def test_parts_that_keep_patients_apart_are_not_told_and_others_are(tmp_path: Path) -> None:
    parts = (("train", "1"), ("val", "2"), ("test", "3"))
    lay_out(tmp_path, *(f"{part}/{label}/{label}{patient}" for part, patient in parts for label in "ab"))
    assert told(tmp_path) == []
    lay_out(tmp_path, "val/a/a1")
    assert torn(tmp_path) == [f"1 {WHOSE} '^[^/]+/[^/]+/([^/]+)/'"]


def test_classes_without_sub_folders_are_not_told(tmp_path: Path) -> None:
    assert told(lay_out(tmp_path, "a", "b", "c")) == []


def test_it_is_said_on_the_screen(tmp_path: Path) -> None:
    for index, folder in enumerate(f"{patient}/{label}" for patient in "pqr" for label in ("healthy", "sick")):
        (tmp_path / "data" / folder).mkdir(parents=True)
        for number in range(4):
            Image.effect_noise((64, 64), 20 + index + number).save(tmp_path / "data" / folder / f"{number}.png")
    notes = begin_run(Request(tmp_path / "data", tmp_path / "run", init="none", size=32), Screen()).notes
    assert "each class folder holds healthy/ and sick/" + SWAP in notes
    assert any(WHOSE in note for note in notes)
