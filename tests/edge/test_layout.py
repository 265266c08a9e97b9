"""Folders that are parts, wrappers or copies of classes, and classes whose names only sound so."""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path
from unicodedata import normalize

import pytest

from ressq_edge.data.folder import split_folder
from ressq_edge.data.nested_folders import tell_nested_folders
from ressq_edge.data.part_names import PartName, read_part_name
from ressq_edge.errors import SplitError
from ressq_runtime.errors import FolderError


def lay_out(root: Path, *folders: str, count: int = 6) -> Path:
    """Folders of files that no split has to open."""
    for folder in folders:
        (root / folder).mkdir(parents=True)
        for index in range(count):
            (root / folder / f"{index}.jpg").write_bytes(f"{folder}/{index}".encode())
    return root


def refused(root: Path) -> str:
    with pytest.raises((SplitError, FolderError)) as found:
        split_folder(root, 0)
    return str(found.value)


def notes(root: Path) -> list[str]:
    return tell_nested_folders(split_folder(root, 0), grouped=False)


@pytest.mark.parametrize(
    ("name", "part", "stem"),
    [
        ("seg_train", "train", "seg"), ("train-images", "train", ""), ("Train2017", "train", "2017"),
        ("dataset.train", "train", ""), ("TRAINING", "train", ""), ("trainval", "train", ""),
        ("my_test_set", "test", "my"), ("testset", "test", ""), ("PublicTest", "test", "public"),
        ("hold-out", "test", ""), ("Held Out", "test", ""), ("evaluation", "test", ""), ("ValidationSet", "val", ""),
        ("dev", "val", ""), ("seg_pred", "pred", "seg"), ("predictions", "pred", ""), ("test_tube", "test", "tube"),
    ],
)  # fmt: skip
def test_a_word_of_a_name_says_which_part_it_may_be(name: str, part: str, stem: str) -> None:
    assert read_part_name(name) == PartName(part, stem)


@pytest.mark.parametrize(
    "name", ["trained_dog", "trainer", "steam", "contest", "trains", "Devon", "value", "validated"]
)
def test_a_longer_word_is_no_part(name: str) -> None:
    assert read_part_name(name) is None


def test_an_archive_of_wrapped_parts_is_refused_with_what_to_give(tmp_path: Path) -> None:
    root = tmp_path / "my intel"
    lay_out(root, *(f"seg_{part}/seg_{part}/{label}" for part in ("train", "test") for label in ("sea", "forest")))
    lay_out(root, "seg_pred/seg_pred")
    said = refused(root)
    assert said.startswith(f"{root}: found seg_pred, seg_test, seg_train, which look like parts, not classes; give ")
    assert f"give {root}/seg_train/seg_train, or, to keep the parts: mkdir parts && ln -s " in said
    assert split_folder(root / "seg_train/seg_train", 0).labels == ("forest", "sea")


@pytest.mark.skipif(sys.platform == "win32", reason="a command of a POSIX shell")
@pytest.mark.parametrize("names", [("seg_train", "seg_test"), ("train", "test"), ("my train", "my val")])
def test_the_command_that_keeps_wrapped_parts_works(tmp_path: Path, names: tuple[str, str]) -> None:
    root = lay_out(tmp_path / "d", *(f"{name}/{name}/{label}" for name in names for label in ("sea", "forest")))
    command = refused(root).partition("to keep the parts: ")[2].removesuffix(", and give parts")
    subprocess.run(["sh", "-c", command], cwd=tmp_path, check=True)
    split = split_folder(tmp_path / "parts", 0)
    assert (split.origin, split.labels) == ("folders", ("forest", "sea"))
    assert len(shlex.split(command)) > 8


@pytest.mark.parametrize(
    "names",
    [
        ("seg_train", "seg_test"), ("train-images", "test-images"), ("Train2017", "Val2017"), ("trainset", "testset"),
        ("dataset.train", "dataset.test"), ("TRAIN", "HOLDOUT"), ("Training", "PublicTest", "PrivateTest"),
        ("1_train", "2_val", "3_test"), ("train_images", "my_test_set"), ("train", "pred"), ("seg_val", "seg_test"),
    ],
)  # fmt: skip
def test_parts_by_a_word_of_their_names_are_no_classes(tmp_path: Path, names: tuple[str, ...]) -> None:
    lay_out(tmp_path, *(f"{name}/{label}" for name in names for label in ("oak", "elm")))
    assert f"found {', '.join(sorted(names))}, which look like parts, not classes; rename them to" in refused(tmp_path)


def test_among_others_the_same_classes_inside_tell_parts(tmp_path: Path) -> None:
    lay_out(tmp_path, *(f"{part}/{label}" for part in ("train_v2", "test_v1") for label in ("oak", "elm")), "samples")
    assert "rename them to train/, val/ and test/, and move samples elsewhere" in refused(tmp_path)
    lay_out(tmp_path, "samples/oak", "samples/elm")  # then they may be years: in all of them
    assert split_folder(tmp_path, 0).labels == ("samples", "test_v1", "train_v2")


def test_a_training_folder_beside_pictures_without_labels_is_a_part(tmp_path: Path) -> None:
    lay_out(tmp_path, "train_v2/oak", "train_v2/elm", "unlabeled")
    assert "which look like parts, not classes; rename them to train/, val/ and test/, and move unlabeled" in refused(
        tmp_path
    )


@pytest.mark.parametrize(
    "labels",
    [
        ("bus", "car", "train"), ("beaker", "flask", "test_tube"), ("cat", "trained_dog"),
        ("bus", "test_tube", "train"), ("blood_test", "pcr_test"), ("freight_train", "steam_train"),
        ("test_1", "test_2", "test_3"),
        ("invalid", "valid"), ("predator", "prey"), ("blood_test", "bus", "freight_train"), ("dev_board", "sensor"),
    ],
)  # fmt: skip
def test_classes_whose_names_hold_such_a_word_are_classes(tmp_path: Path, labels: tuple[str, ...]) -> None:
    lay_out(tmp_path, *labels)
    assert split_folder(tmp_path, 0).labels == labels


def test_such_classes_may_have_sub_folders_of_years(tmp_path: Path) -> None:
    lay_out(tmp_path, *(f"{label}/{year}" for label in ("car", "test_tube", "train") for year in ("2021", "2022")))
    assert split_folder(tmp_path, 0).labels == ("car", "test_tube", "train")


def test_names_of_parts_that_nothing_confirms_are_told(tmp_path: Path) -> None:
    lay_out(tmp_path, "test_tube", "train")
    note = "test_tube/ and train/ are taken for classes; if they are parts, lay out train/CLASS/ and test/CLASS/"
    assert notes(tmp_path) == [note]
    lay_out(tmp_path / "one", "car", "train/diesel", "train/steam")
    note = "train/ is taken for a class; if diesel/ and steam/ are the classes, give that folder"
    assert note in notes(tmp_path / "one")
    assert notes(lay_out(tmp_path / "vehicles", "car", "train", "bus")) == []


@pytest.mark.parametrize("above", ["data", "archive/data", "x/x"])
def test_a_folder_around_the_classes_is_refused_with_what_to_give(tmp_path: Path, above: str) -> None:
    lay_out(tmp_path, f"{above}/oak", f"{above}/elm")
    (tmp_path / "README.txt").touch()
    (tmp_path / ".cache").mkdir()
    said = (
        f"found pictures in {above}/ alone, wanted two or more class folders; give {tmp_path / above}, if the folders"
    )
    assert said in refused(tmp_path)
    (tmp_path / "labels").mkdir()
    (tmp_path / "labels/oak.txt").touch()
    assert said in refused(tmp_path)


def test_of_wrapped_parts_the_parts_are_told_at_once(tmp_path: Path) -> None:
    lay_out(tmp_path, *(f"archive/{part}/{label}" for part in ("seg_train", "seg_test") for label in ("oak", "elm")))
    assert f"{tmp_path}/archive: found seg_test, seg_train, which look like parts" in refused(tmp_path)
    lay_out(tmp_path / "b", *(f"archive/{part}/{label}" for part in ("train", "test") for label in ("oak", "elm")))
    assert f"give {tmp_path}/b/archive" in refused(tmp_path / "b")
    assert split_folder(tmp_path / "b/archive", 0).origin == "folders"


def test_a_lone_training_part_is_given_itself(tmp_path: Path) -> None:
    lay_out(tmp_path, "seg_train/oak", "seg_train/elm")
    assert f"give {tmp_path / 'seg_train'}" in refused(tmp_path)


def test_one_class_folder_of_pictures_is_still_one_class(tmp_path: Path) -> None:
    assert "found 1 class folders (oak), wanted 2 or more; make one folder per class" in refused(
        lay_out(tmp_path, "oak/tree1")
    )


def test_test_pictures_without_labels_are_told(tmp_path: Path) -> None:
    lay_out(tmp_path, "train/oak", "train/elm", "test")
    assert (
        f"found pictures without class folders in test/, wanted test/CLASS as in train/; sort them, move test/ "
        f"elsewhere, or give {tmp_path / 'train'}"
    ) in refused(tmp_path)


def test_parts_without_any_class_folder_say_what_is_wanted(tmp_path: Path) -> None:
    lay_out(tmp_path, "seg_train/seg_train", "seg_test/seg_test")
    said = refused(tmp_path)
    assert "wanted class folders in each, train/CLASS and test/CLASS; sort the pictures into them" in said


@pytest.mark.parametrize("part", ["", "train/"])
@pytest.mark.parametrize("inner", ["flowers", "flowers/flowers"])
def test_a_class_folder_that_holds_the_classes_again_is_refused(tmp_path: Path, part: str, inner: str) -> None:
    labels = ("rose", "tulip", "daisy")
    lay_out(tmp_path, *(f"{part}{label}" for label in labels), *(f"{part}{inner}/{label}" for label in labels))
    if part:
        lay_out(tmp_path, *(f"val/{label}" for label in (*labels, "flowers")))
    top = tmp_path / part if part else tmp_path
    said = refused(tmp_path)
    assert (
        f"{top}: found the classes daisy/, rose/ and tulip/ again in flowers/, wanted each once; move flowers/" in said
    )


def test_a_copy_of_the_classes_is_one_in_either_unicode_form(tmp_path: Path) -> None:
    labels = ("Größe", "Höhe")
    copies = (f"copy/{normalize('NFD', label)}" for label in labels)
    assert "again in copy/" in refused(lay_out(tmp_path, *(normalize("NFC", label) for label in labels), *copies))


def test_two_copies_of_the_classes_are_refused_and_a_sub_folder_by_chance_is_not(tmp_path: Path) -> None:
    chance = lay_out(tmp_path / "a", "rose", "tulip", "daisy", "mixed/rose", "mixed/white")
    assert split_folder(chance, 0).labels == ("daisy", "mixed", "rose", "tulip")
    copies = (f"{copy}/{label}" for copy in ("backup", "data") for label in ("rose", "tulip"))
    assert "again in backup/" in refused(lay_out(tmp_path / "b", "rose", "tulip", *copies))


def test_answers_sorted_below_the_truth_are_told_not_refused(tmp_path: Path) -> None:
    lay_out(tmp_path, *(f"{truth}/{answer}" for truth in ("cat", "dog") for answer in ("cat", "dog")))
    assert any("the first level is taken for the class" in note for note in notes(tmp_path))


def test_parts_below_the_classes_are_refused(tmp_path: Path) -> None:
    lay_out(tmp_path, *(f"{label}/{part}" for label in ("elm", "oak") for part in ("train", "test")))
    assert (
        "found test/ and train/ in each class folder, wanted parts above the classes; "
        "swap the levels: train/elm/, test/elm/"
    ) in refused(tmp_path)


def test_classes_below_wrapped_folders_are_told(tmp_path: Path) -> None:
    lay_out(tmp_path, *(f"batch{n}/batch{n}/{label}" for n in (1, 2) for label in ("oak", "elm")))
    found = notes(tmp_path)
    assert "each class folder holds elm/ and oak/: the first level is taken for the class" in found[0]
    assert found[1].endswith("--group-by '^[^/]+/[^/]+/([^/]+)/'")


def test_parts_inside_one_folder_of_several_are_refused_with_what_to_give(tmp_path: Path) -> None:
    wrapped = "Leaves (Augmented)/Leaves (Augmented)"
    lay_out(tmp_path, *(f"{wrapped}/{part}/{label}" for part in ("train", "valid") for label in ("oak", "elm")))
    lay_out(tmp_path, "test/test")
    message = refused(tmp_path)
    assert f"found train, valid in {wrapped}/, which look like parts, not a class's folders; give " in message
    assert f"give {tmp_path / wrapped / 'train'}, or, to keep the parts: mkdir parts" in message


def test_a_class_with_parts_of_a_thing_remains_a_class(tmp_path: Path) -> None:
    lay_out(tmp_path, "vehicle/train", "vehicle/test car", "house/old", "house/new")
    assert tuple(split_folder(tmp_path, 0).labels) == ("house", "vehicle")
