"""What belongs together stays together: groups by expression and table, and whole groups in every part."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from time import process_time
from typing import Literal
from unicodedata import normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ressq_edge.data.folder import draw, split_folder
from ressq_edge.data.grouping import hang_together, read_groups
from ressq_edge.data.linked_names import join
from ressq_edge.data.split import write_split
from ressq_edge.errors import SplitError

Form = Literal["NFC", "NFD"]
ROOT = Path("photos")
NAMES = ["cat/p1_a.jpg", "cat/p1_b.jpg", "dog/p2_a.jpg", "dog/p12_a.jpg"]


def test_an_expression_names_the_group_by_its_first_parenthesis_or_as_a_whole() -> None:
    assert list(read_groups(r"/(p\d+)_", NAMES, ROOT).values()) == ["p1", "p1", "p2", "p12"]
    assert list(read_groups(r"p\d+", NAMES, ROOT).values()) == ["p1", "p1", "p2", "p12"]


def test_a_table_names_the_groups(tmp_path: Path) -> None:
    table = tmp_path / "groups.csv"
    table.write_text("\ufeffpath,age,group\n" + "".join(f"{name},7,g{i // 2}\n" for i, name in enumerate(NAMES)))
    assert list(read_groups(str(table), NAMES, ROOT).values()) == ["g0", "g0", "g1", "g1"]
    table.write_text("path,group\n" + "\n".join(f"{name},g" for name in NAMES[:-1]))
    with pytest.raises(SplitError, match=r"found no group for 1 of 4 pictures \(dog/p12_a.jpg\), wanted one for each"):
        read_groups(str(table), NAMES, ROOT)
    table.write_text("file,group\n")
    with pytest.raises(SplitError, match="found the columns file, group, wanted path, group; name them so"):
        read_groups(str(table), NAMES, ROOT)
    with pytest.raises(SplitError, match=r"can.t read it .*wanted a CSV with the columns path, group"):
        read_groups(str(tmp_path / "none.csv"), NAMES, ROOT)


@pytest.mark.parametrize("header", ["path;group", '"path";"group"', "group;path", "nr;group;path"])
def test_a_table_of_a_german_or_french_excel_has_semicolons(tmp_path: Path, header: str) -> None:
    table = tmp_path / "groups.csv"
    values = [{"path": name, "group": f"g, {i // 2}", "nr": "7"} for i, name in enumerate(NAMES)]
    columns = header.replace('"', "").split(";")
    table.write_text("\ufeff" + "\r\n".join([header, *(";".join(row[name] for name in columns) for row in values)]))
    assert list(read_groups(str(table), NAMES, ROOT).values()) == ["g, 0", "g, 0", "g, 1", "g, 1"]


@pytest.mark.parametrize("space", [" ", "\t ", "\N{NO-BREAK SPACE}"])
def test_a_space_that_nobody_sees_makes_no_other_patient(tmp_path: Path, space: str) -> None:
    table = tmp_path / "groups.csv"
    cells = (f"{space}./{name}{space},p{space if i % 2 else ''}" for i, name in enumerate(NAMES))
    table.write_text(f"Path,{space}Group\n" + "\n".join(cells))
    assert read_groups(str(table), NAMES, ROOT) == dict.fromkeys(NAMES, "p")


def test_a_table_between_tabs_is_read_and_a_spreadsheet_is_not(tmp_path: Path) -> None:
    table = tmp_path / "groups.tsv"
    table.write_text("path\tgroup\n" + "".join(f"{name}\tg, {i // 2}\n" for i, name in enumerate(NAMES)))
    assert list(read_groups(str(table), NAMES, ROOT).values()) == ["g, 0", "g, 0", "g, 1", "g, 1"]
    with pytest.raises(
        SplitError, match=r"patients\.xlsx: found a spreadsheet, wanted a table as text; save it as CSV"
    ):
        read_groups("patients.xlsx", NAMES, ROOT)


def test_a_table_of_other_paths_is_told_by_its_first(tmp_path: Path) -> None:
    table = tmp_path / "groups.csv"
    table.write_text("path,group\n" + "".join(f"/home/me/photos/{name},g\n" for name in NAMES))
    with pytest.raises(
        SplitError, match=r"in its 4 rows, the first is /home/me/photos/cat/p1_a\.jpg, wanted paths as seen from photos"
    ):
        read_groups(str(table), NAMES, ROOT)


def test_a_semicolon_in_a_table_of_commas_is_a_sign_like_any_other(tmp_path: Path) -> None:
    table = tmp_path / "groups.csv"
    table.write_text("path,group,age;sex\n" + "".join(f"{name},a;b,7\n" for name in NAMES))
    assert set(read_groups(str(table), NAMES, ROOT).values()) == {"a;b"}


@pytest.mark.parametrize(("mine", "theirs"), [("NFC", "NFD"), ("NFD", "NFC")])
def test_names_are_the_same_in_either_unicode_form(tmp_path: Path, mine: Form, theirs: Form) -> None:
    names = [normalize(mine, name) for name in ("Äpfel/Jörg_1.jpg", "Äpfel/Jörg_2.jpg")]
    table = tmp_path / "groups.csv"
    table.write_text("path,group\n" + "".join(f"{normalize(theirs, name)},g\n" for name in names), encoding="utf-8")
    assert read_groups(str(table), names, ROOT) == dict.fromkeys(names, "g")
    found = read_groups(normalize(theirs, "J(ö)rg"), [names[0], normalize(theirs, names[1])], ROOT)
    assert set(found.values()) == {"ö"}, "one patient, not two"
    assert list(found) == [names[0], normalize(theirs, names[1])]


def test_an_expression_that_is_none_or_finds_nothing_is_said() -> None:
    for pattern in ("(p", "a{99999999999}"):
        with pytest.raises(SplitError, match="found no regular expression"):
            read_groups(pattern, NAMES, ROOT)
    with pytest.raises(SplitError, match="found no group for 4 of 4 pictures"):
        read_groups("patient", NAMES, ROOT)


def test_groups_are_joined_where_pictures_of_two_are_alike() -> None:
    assert join([("b", "c"), ("a", "b"), ("x", "y")]) == {"a": "a", "b": "a", "c": "a", "x": "x", "y": "x"}
    joined = hang_together({"1": "A", "2": "A", "3": "B"}, [("2", "3"), ("8", "9")])
    assert len({joined[name] for name in "123"}) == 1
    assert joined["8"] == joined["9"] != joined["1"]


@given(st.lists(st.integers(1, 12), min_size=20, max_size=60), st.integers(0, 99))
def test_no_group_is_torn_and_the_parts_come_near_their_shares(sizes: list[int], seed: int) -> None:
    pictures = tuple(
        (f"{'cat' if group % 2 else 'dog'}/g{group}_{n}.jpg", group % 2)
        for group, size in enumerate(sizes)
        for n in range(size)
    )
    groups = read_groups(r"g\d+", [name for name, _ in pictures], ROOT)
    parts = draw(("dog", "cat"), pictures, (0.15, 0.15), seed, hang_together(groups, []))
    assert sorted(picture for part in parts for picture in part) == sorted(pictures)
    places = [{groups[name] for name, _ in part} for part in parts]
    assert not places[0] & places[1]
    assert not (places[0] | places[1]) & places[2]
    for part, share in zip(parts, (0.15, 0.15, 0.7), strict=True):
        counts = Counter(label for _, label in part)
        for label in (0, 1):
            all_ = sum(size for group, size in enumerate(sizes) if group % 2 == label)
            assert abs(counts[label] - share * all_) <= max(sizes) + 1


@pytest.mark.parametrize("sizes", [[4, 4, 4], [10, 10, 10, 10], [30, 20, 10], [2, 1, 1]])
def test_three_groups_are_enough_for_three_parts(sizes: list[int]) -> None:
    pictures = tuple((f"cat/p{group}_{n}.jpg", 0) for group, size in enumerate(sizes) for n in range(size))
    pictures += tuple((f"dog/p{9 - group}_{n}.jpg", 1) for group, size in enumerate(sizes) for n in range(size))
    groups = hang_together(read_groups(r"p\d", [name for name, _ in pictures], ROOT), [])
    parts = draw(("cat", "dog"), pictures, (0.15, 0.15), 0, groups)
    assert sorted(picture for part in parts for picture in part) == sorted(pictures)
    places = [{groups.get(name, name) for name, _ in part} for part in parts]
    assert not places[0] & places[1]
    assert not (places[0] | places[1]) & places[2]
    assert all({label for _, label in part} == {0, 1} for part in parts)


def test_many_classes_of_few_groups_are_spread_at_once() -> None:
    pictures = tuple(
        (f"{label}/p{group}_{n}.jpg", label) for label in range(400) for group in range(4) for n in range(9)
    )
    groups = hang_together({name: name.rpartition("_")[0] for name, _ in pictures}, [])
    began = process_time()
    parts = draw(tuple(map(str, range(400))), pictures, (0.15, 0.15), 0, groups)
    assert process_time() - began < 3, "once, 400 classes took 8 s, and a thousand minutes"
    assert sorted(picture for part in parts for picture in part) == sorted(pictures)
    assert all({label for _, label in part} == set(range(400)) for part in parts)


def test_too_few_groups_for_the_parts_are_refused() -> None:
    pictures = tuple((f"cat/p{n % 2}_{n}.jpg", 0) for n in range(20))
    groups = hang_together(read_groups(r"p\d", [name for name, _ in pictures], ROOT), [])
    by_hand = "lay out train/ and val/ yourself, one of the two in each: test/ may be missing"
    with pytest.raises(SplitError, match=f"cat: found 2 groups of pictures, too few for 3 parts, .*{by_hand}"):
        draw(("cat",), pictures, (0.15, 0.15), 0, groups)
    one = dict.fromkeys(groups, "p")
    with pytest.raises(
        SplitError, match=r"cat: found 1 groups of pictures, .* lay out train/, val/ and test/ yourself"
    ):
        draw(("cat",), pictures, (0.15, 0.15), 0, one)


def test_given_folders_that_tear_a_group_apart_are_refused(tmp_path: Path) -> None:
    for name in ("train/cat/p1.jpg", "train/dog/p2.jpg", "val/cat/p3.jpg", "val/dog/p1.jpg"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    with pytest.raises(SplitError, match="found the group p1 in train/ and val/, wanted each in one"):
        split_folder(tmp_path, 0, r"p\d")
    (tmp_path / "val/dog/p1.jpg").rename(tmp_path / "val/dog/p4.jpg")
    assert "4 groups by p\\d: each is in one part" in split_folder(tmp_path, 0, r"p\d").notes


def test_the_split_numbers_the_groups_and_names_none(tmp_path: Path) -> None:
    names = [f"{label}/{n}.jpg" for label in ("cat", "dog") for n in range(12)]
    for name in names:
        path = tmp_path / "data" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    table = tmp_path / "groups.csv"
    table.write_text("path,group\n" + "".join(f"{name},Doe {int(name[4:-4]) // 2}\n" for name in names))
    split = split_folder(tmp_path / "data", 0, str(table))
    groups = read_groups(str(table), names, ROOT)
    for part in ("val", "test"):
        numbers, wanted = split.groups_of(part), [groups[name] for name, _ in split.samples(part)]
        assert len(set(zip(numbers, wanted, strict=True))) == len(set(numbers)) == len(set(wanted))
    write_split(tmp_path, split)
    assert "Doe" not in (tmp_path / "split.json").read_text(), "whom no path names, no file does"
    gone, *kept = [name for name, _ in split.val]
    left = split.without({gone: "broken"})
    assert len(left.groups_of("val")) == len(kept)
    assert gone not in dict(left.groups)


@pytest.mark.parametrize(
    ("rows", "wanted"),
    [
        ("P,cat/p1_a.jpg\nQ,cat/p1_a.jpg\n", r"found cat/p1_a.jpg in the groups P and Q \(line 3\), wanted one"),
        ("P,cat/p1_a.jpg\nlonely\n", r"found no path in line 3, wanted one"),
    ],
)
def test_a_table_that_contradicts_itself_or_breaks_off_is_refused(tmp_path: Path, rows: str, wanted: str) -> None:
    table = tmp_path / "groups.csv"
    table.write_text("group,path\n" + rows)
    with pytest.raises(SplitError, match=wanted):
        read_groups(str(table), NAMES[:1], ROOT)
