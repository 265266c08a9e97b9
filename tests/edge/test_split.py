"""Which picture is for what: given parts, seeded draws, and folders that cannot be split."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import replace
from pathlib import Path
from unicodedata import normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ressq_edge.data.folder import draw, split_folder
from ressq_edge.data.names import refuse_moved_form
from ressq_edge.data.split import PARTS, Split, pictures_sha256, read_split, write_split
from ressq_edge.errors import RunError, SplitError
from ressq_runtime.errors import FolderError
from ressq_runtime.inputs.test_split import list_test_part


def lay_out(root: Path, **counts: int) -> Path:
    """Class (or part__class) folders of files that no split has to open."""
    for name, count in counts.items():
        folder = root.joinpath(*name.split("__"))
        folder.mkdir(parents=True, exist_ok=True)
        for index in range(count):
            (folder / f"{index:03}.jpg").write_bytes(f"{name}/{index}".encode())
    return root


@given(st.lists(st.integers(3, 40), min_size=2, max_size=5), st.integers(0, 1000))
def test_every_class_is_in_every_part_and_no_picture_in_two(sizes: list[int], seed: int) -> None:
    labels = tuple(f"class{index}" for index in range(len(sizes)))
    pictures = tuple((f"{label}/{n}.jpg", i) for i, label in enumerate(labels) for n in range(sizes[i]))
    parts = draw(labels, pictures, (0.15, 0.15), seed)
    assert sorted(picture for part in parts for picture in part) == sorted(pictures)
    for part in parts:
        assert {label for _, label in part} == set(range(len(sizes)))
    for index, size in enumerate(sizes):
        drawn = [sum(label == index for _, label in part) for part in parts]
        assert drawn[0] == drawn[1] == max(1, round(0.15 * size))
    assert parts == draw(labels, pictures, (0.15, 0.15), seed)


def test_another_seed_draws_another_split_with_the_same_counts(tmp_path: Path) -> None:
    root = lay_out(tmp_path, cat=40, dog=20)
    one, other = split_folder(root, 0), split_folder(root, 1)
    assert (one.origin, one.labels) == ("seeded", ("cat", "dog"))
    assert one.val != other.val
    assert [one.counts(part) for part in PARTS] == [other.counts(part) for part in PARTS]
    assert [one.counts(part) for part in PARTS] == [[28, 14], [6, 3], [6, 3]]


def test_a_class_more_does_not_reshuffle_the_others(tmp_path: Path) -> None:
    before = split_folder(lay_out(tmp_path, cat=20, dog=20), 0)
    after = split_folder(lay_out(tmp_path, bird=20), 0)
    assert {name for name, _ in before.val} <= {name for name, _ in after.val}


def test_pictures_added_leave_nearly_all_others_where_they_were(tmp_path: Path) -> None:
    before = split_folder(lay_out(tmp_path, cat=200, dog=300), 0)
    after = split_folder(lay_out(tmp_path, cat=260, dog=310), 0)
    assert after.counts("test") == [39, 46]
    measured, learned = {name for name, _ in before.test}, {name for name, _ in before.train}
    assert len(measured & {name for name, _ in after.test}) >= 0.9 * len(measured)
    assert not measured & {name for name, _ in after.train}
    assert not learned & {name for name, _ in after.test}


def test_a_name_draws_the_same_in_either_unicode_form(tmp_path: Path) -> None:
    forms = [tuple((normalize(form, f"caf\xe9/\xe9{n}.jpg"), 0) for n in range(40)) for form in ("NFC", "NFD")]
    one, other = (draw(("café",), pictures, (0.15, 0.15), 0) for pictures in forms)
    composed = [sorted(normalize("NFC", name) for name, _ in part) for part in other]
    assert composed == [sorted(name for name, _ in part) for part in one]


@pytest.mark.parametrize("val", ["val", "validation"])
def test_given_parts_are_taken_as_they_are(tmp_path: Path, val: str) -> None:
    counts = {"train__cat": 3, "train__dog": 2, f"{val}__cat": 1, f"{val}__dog": 1, "test__cat": 1, "test__dog": 2}
    split = split_folder(lay_out(tmp_path, **counts), 0)
    assert split.origin == "folders"
    assert [split.counts(part) for part in PARTS] == [[3, 2], [1, 1], [1, 2]]
    assert split.paths("val", tmp_path) == [tmp_path / val / "cat/000.jpg", tmp_path / val / "dog/000.jpg"]


def test_without_a_test_folder_there_is_no_test_and_it_is_said(tmp_path: Path) -> None:
    split = split_folder(lay_out(tmp_path, train__cat=3, train__dog=2, val__cat=1, val__dog=1), 0)
    assert split.test == ()
    assert "test/ is not there" in split.notes[0]


def test_without_a_val_folder_it_is_drawn_from_train_and_it_is_said(tmp_path: Path) -> None:
    split = split_folder(lay_out(tmp_path, train__cat=20, train__dog=10, test__cat=1, test__dog=1), 0)
    assert [split.counts(part) for part in PARTS] == [[17, 8], [3, 2], [1, 1]]
    assert all(name.startswith("train/") for name, _ in split.val)
    assert "5 pictures of train/ validate instead" in split.notes[0]


def test_unicode_spaces_and_nested_folders_are_names_like_any_other(tmp_path: Path) -> None:
    root = lay_out(tmp_path, **{"grüne Äpfel__Korb 1": 3, "赤い林檎": 3})
    assert split_folder(root, 0).labels == ("grüne Äpfel", "赤い林檎")


def test_a_class_too_small_to_split_is_named(tmp_path: Path) -> None:
    root = lay_out(tmp_path, cat=9, dog=2)
    with pytest.raises(SplitError, match="dog: found 2 pictures, wanted at least 3 to split"):
        split_folder(root, 0)


def test_other_classes_in_another_part_are_named(tmp_path: Path) -> None:
    root = lay_out(tmp_path, train__cat=3, train__dog=3, val__cat=1, val__fox=1)
    with pytest.raises(SplitError, match=r"found other classes in val/ than in train/ \(dog, fox\)"):
        split_folder(root, 0)


@pytest.mark.skipif(sys.platform == "darwin", reason="its file system takes both for one")
def test_a_class_in_two_unicode_forms_is_refused(tmp_path: Path) -> None:
    one, other = (normalize(form, "grüne Äpfel") for form in ("NFC", "NFD"))
    twice = r"found the class grüne Äpfel in two Unicode forms \(.* and .*\), wanted it once; merge its folders"
    with pytest.raises(SplitError, match=twice):
        split_folder(lay_out(tmp_path / "classes", **{one: 6, other: 6, "cat": 6}), 0)
    given = lay_out(tmp_path / "parts", train__cat=3, val__cat=1, **{f"train__{one}": 3, f"val__{other}": 1})
    with pytest.raises(SplitError, match=r"found grüne Äpfel in another Unicode form in val/ than in train/ \("):
        split_folder(given, 0)
    with pytest.raises(SplitError, match=twice):
        split_folder(lay_out(given, **{f"train__{other}": 3}), 0)


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_a_label_is_as_people_type_it_and_a_path_as_it_is(tmp_path: Path, form: str) -> None:
    split = split_folder(lay_out(tmp_path, **{normalize(form, "Größe"): 6, "klein": 6}), 0)
    assert split.labels == (normalize("NFC", "Größe"), "klein")
    assert all(path.exists() for path in split.paths("train", tmp_path))


@pytest.mark.skipif(sys.platform == "darwin", reason="its file system takes both for one")
@pytest.mark.parametrize(("was", "now"), [("NFC", "NFD"), ("NFD", "NFC")])
def test_pictures_of_a_run_under_names_of_another_form_are_told(tmp_path: Path, was: str, now: str) -> None:
    root = lay_out(tmp_path, **{normalize(now, "Größe"): 3, "klein": 3})
    names = [f"{normalize(was, 'Größe')}/00{n}.jpg" for n in range(3)]
    command = rf"rename it, by convmv -f utf8 -t utf8 --{was.lower()} -r --notest {tmp_path}, say"
    with pytest.raises(SplitError, match=rf"found Größe/000.jpg in another Unicode form than when the .*; {command}"):
        refuse_moved_form(root, names)
    refuse_moved_form(root, ["klein/000.jpg", "Größe/009.jpg"])  # that it has gone is told elsewhere


def test_val_and_validation_together_are_refused(tmp_path: Path) -> None:
    root = lay_out(tmp_path, train__cat=1, val__cat=1, validation__cat=1)
    with pytest.raises(SplitError, match="found both val/ and validation/, wanted one"):
        split_folder(root, 0)


def test_a_folder_beside_the_parts_is_not_overlooked(tmp_path: Path) -> None:
    root = lay_out(tmp_path, train__cat=1, val__cat=1, more__cat=1)
    with pytest.raises(SplitError, match="found more/ beside train, val/, wanted only train/, val/ and test/"):
        split_folder(root, 0)


def test_pictures_beside_the_parts_are_not_overlooked(tmp_path: Path) -> None:
    root = lay_out(tmp_path, train__cat=3, train__dog=3, val__cat=1, val__dog=1)
    (root / "stray.JPG").touch()
    (root / "README.md").touch()
    with pytest.raises(SplitError, match=r"found 1 pictures beside train, val/, the first stray.JPG; move each"):
        split_folder(root, 0)


@pytest.mark.parametrize("odd", ["__MACOSX", ".cache", "lost+found"])
def test_folders_that_systems_make_are_neither_parts_nor_classes(tmp_path: Path, odd: str) -> None:
    given = lay_out(tmp_path / "given", train__cat=3, train__dog=2, val__cat=1, val__dog=1)
    other = lay_out(tmp_path / "other", Training__cat=3, Testing__cat=3)
    for root in (given, other):
        (root / odd).mkdir()
    assert split_folder(given, 0).origin == "folders"
    with pytest.raises(SplitError, match="which look like parts, not classes"):
        split_folder(other, 0)


@pytest.mark.parametrize("names", [("train", "valid"), ("Training", "Testing"), ("Train", "Test"), ("dev", "train")])
def test_parts_by_other_names_are_no_classes(tmp_path: Path, names: tuple[str, ...]) -> None:
    for name in names:
        lay_out(tmp_path / name, cat=6, dog=6)
    with pytest.raises(SplitError, match=r"which look like parts, not classes; rename them to train/, val/ and test/"):
        split_folder(tmp_path, 0)
    lay_out(tmp_path, sample=6)
    with pytest.raises(SplitError, match=r"rename them to train/, val/ and test/, and move sample elsewhere"):
        split_folder(tmp_path, 0)


def test_a_train_among_vehicles_is_a_class(tmp_path: Path) -> None:
    lay_out(tmp_path, train=6, bus=6, car=6)
    assert split_folder(tmp_path, 0).labels == ("bus", "car", "train")


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="may read everything")
@pytest.mark.parametrize("closed", [".", "train"])
@pytest.mark.parametrize("mode", [0o000, 0o444])
def test_a_folder_that_may_not_be_read_is_told(tmp_path: Path, closed: str, mode: int) -> None:
    for part in ("train", "val"):
        lay_out(tmp_path / "data" / part, cat=6, dog=6)
    place = tmp_path / "data" / closed
    place.chmod(mode)
    try:
        with pytest.raises(FolderError, match=r"Permission denied; make it"):
            split_folder(tmp_path / "data", 0)
    finally:
        place.chmod(0o755)


def test_one_class_is_not_a_choice(tmp_path: Path) -> None:
    with pytest.raises(FolderError, match=r"found 1 class folders \(cat\)"):
        split_folder(lay_out(tmp_path, cat=9), 0)


def test_a_split_survives_its_file(tmp_path: Path) -> None:
    split = Split("seeded", 3, ("a b", "ü"), (("a b/1.jpg", 0),), (("ü/2.jpg", 1),), (), (("ü/x.jpg", "why"),), ("n",))
    split = replace(split, groups=(("ü/2.jpg", 0),))
    write_split(tmp_path, split)
    assert read_split(tmp_path) == split
    assert json.loads((tmp_path / "split.json").read_text(encoding="utf-8"))["train"] == [["a b/1.jpg", 0]]


def test_the_device_finds_the_test_part_in_the_file(tmp_path: Path) -> None:
    photos = lay_out(tmp_path / "photos", a=20, b=20)
    split = split_folder(photos, 0)
    write_split(tmp_path, split)
    found = list_test_part(str(tmp_path / "split.json"), str(photos), split.labels)
    assert found == [(label, str(photos / name)) for name, label in split.test]
    assert found


def test_a_split_from_before_groups_were_kept_has_none(tmp_path: Path) -> None:
    split = split_folder(lay_out(tmp_path / "data", cat=9, dog=9), 0, r"(\d)\.jpg")
    assert split.groups_of("val")
    write_split(tmp_path, split)
    found = json.loads((tmp_path / "split.json").read_text())
    del found["groups"]
    (tmp_path / "split.json").write_text(json.dumps(found))
    assert read_split(tmp_path) == replace(split, groups=())
    assert read_split(tmp_path).groups_of("val") == []


def test_split_files_that_cannot_be_used_say_so(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"split\.json: found no such file; give a folder made by ressq-train"):
        read_split(tmp_path)
    (tmp_path / "split.json").write_text('{"format": 2}')
    with pytest.raises(RunError, match="found another format, wanted 1; upgrade ressq-edge"):
        read_split(tmp_path)
    for damaged in ("{", "[]", '{"format": 1, "odd": 2}'):
        (tmp_path / "split.json").write_text(damaged)
        with pytest.raises(RunError, match="found a damaged split"):
            read_split(tmp_path)


def test_leaving_unreadable_pictures_out_keeps_their_reasons(tmp_path: Path) -> None:
    split = split_folder(lay_out(tmp_path, cat=9, dog=9), 0)
    gone = split.train[0][0]
    left = split.without({gone: "broken"})
    assert left.unreadable == ((gone, "broken"),)
    assert left.train == split.train[1:]
    with pytest.raises(SplitError, match=r"cat: found no readable picture left for val \(of 1\)"):
        split.without({split.val[0][0]: "broken"})


def test_the_hash_of_the_pictures_tells_a_change_and_a_loss(tmp_path: Path) -> None:
    split = split_folder(lay_out(tmp_path, cat=5, dog=5), 0)
    before = pictures_sha256(split, tmp_path)
    assert before == pictures_sha256(split, tmp_path)
    picture = tmp_path / split.train[0][0]
    picture.write_bytes(b"longer than it was before")
    assert pictures_sha256(split, tmp_path) != before
    picture.unlink()
    with pytest.raises(SplitError, match="No such file or directory; bring it back"):
        pictures_sha256(split, tmp_path)


def test_a_class_that_a_terminal_would_obey_is_refused_before_training(tmp_path: Path) -> None:
    root = lay_out(tmp_path, **{"cat": 9, "do\x1b[2Jg": 9})
    with pytest.raises(SplitError, match=r"found a control character in the class do\\x1b\[2Jg, wanted none; rename"):
        split_folder(root, 0)


@pytest.mark.parametrize("place", [b"cat/caf\xe9.jpg", b"h\xe9t/0.jpg"])
def test_names_of_an_old_archive_are_refused_before_training(tmp_path: Path, place: bytes) -> None:
    root = lay_out(tmp_path, cat=9, dog=9)
    path = Path(os.fsdecode(os.fsencode(root) + b"/" + place))
    try:
        path.parent.mkdir(exist_ok=True)
        path.touch()
    except OSError:
        pytest.skip("this file system takes UTF-8 alone")
    with pytest.raises(SplitError, match=r"found 1 names that are not UTF-8, the first '.*\\udce9.*', wanted none"):
        split_folder(root, 0)
