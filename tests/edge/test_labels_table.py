"""Classes from a table: the same run as from folders, and each contradiction named before anything is trained."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import pytest

from ressq_edge.cli import main
from ressq_edge.data.folder import split_folder, split_table
from ressq_edge.data.labels_table import read_labels
from ressq_edge.data.split import read_split
from ressq_edge.errors import SplitError
from runs import QUICK, assert_equal_runs, refused

Rows = list[dict[str, str]]


def write(path: Path, rows: Rows, separator: str = ",", encoding: str = "utf-8") -> Path:
    with path.open("w", newline="", encoding=encoding) as file:
        writer = csv.DictWriter(file, list(rows[0]), delimiter=separator)
        writer.writeheader()
        writer.writerows(rows)
    return path


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Twenty files by number, which no split has to open."""
    root = tmp_path / "pictures"
    root.mkdir()
    for number in range(20):
        (root / f"{number:02}.jpg").write_bytes(b"%d" % number)
    return root


def rows_of(root: Path, **more: str) -> Rows:
    """A row a picture: even ones are cats, odd ones dogs."""
    paths = sorted(root.glob("*.jpg"))
    return [{"path": path.name, "label": ("cat", "dog")[number % 2], **more} for number, path in enumerate(paths)]


def refused_table(path: Path, root: Path) -> str:
    with pytest.raises(SplitError) as found:
        read_labels(path, root)
    return str(found.value)


def test_a_table_gives_the_split_and_the_weights_that_folders_give(few: Path, done: Path, tmp_path: Path) -> None:
    rows = [{"path": path.relative_to(few).as_posix(), "label": path.parent.name} for path in few.rglob("*.png")]
    rows.sort(key=lambda row: row["path"][::-1])
    table = write(tmp_path / "labels.csv", rows, ";", "utf-8-sig")
    run = tmp_path / "run"
    assert main([str(few), "--out", str(run), "--labels", str(table), "--epochs", "3", *QUICK]) == 0
    assert read_split(run) == read_split(done)
    assert_equal_runs(run, done)


def test_folders_need_not_say_anything(few: Path, tmp_path: Path) -> None:
    loose = tmp_path / "loose"
    loose.mkdir()
    rows = []
    for path in few.rglob("*.png"):
        name = f"{path.parent.name}-{path.name}"
        shutil.copy(path, loose / name)
        rows.append({"path": name, "label": path.parent.name})
    split = split_table(write(loose / "labels.csv", rows), loose, 0)
    assert split.labels == split_folder(few, 0).labels
    assert split.counts("train") == [8, 8, 8]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_separators_and_encodings_are_those_of_spreadsheets(
    pictures: Path, tmp_path: Path, separator: str, encoding: str
) -> None:
    rows = [{"Path": row["path"], "LABEL ": row["label"].replace("cat", "Käfer, rot")} for row in rows_of(pictures)]
    found = read_labels(write(tmp_path / "labels.csv", rows, separator, encoding), pictures)
    assert found.labels == ("Käfer, rot", "dog")
    assert [("Windows-1252" in note) for note in found.notes] == [True] * (encoding == "cp1252")


def test_paths_are_seen_from_the_folder_or_from_the_table(pictures: Path, tmp_path: Path) -> None:
    ways = ["{}", "./{}", "pictures/{}", "pictures\\{}", str(pictures) + "/{}"]
    rows = [{**row, "path": ways[i % len(ways)].format(row["path"])} for i, row in enumerate(rows_of(pictures))]
    found = read_labels(write(tmp_path / "labels.csv", rows), pictures)
    assert sorted(name for name, _ in found.parts["train"]) == [f"{number:02}.jpg" for number in range(20)]
    assert not found.given


def test_the_parts_and_groups_of_a_table_are_taken(few: Path, tmp_path: Path) -> None:
    names = sorted(path.relative_to(few).as_posix() for path in few.rglob("*.png"))
    parts = ["train"] * 8 + ["Validation"] * 2 + ["test"] * 2
    rows = [
        {"path": name, "label": name.split("/")[0], "part": parts[i % 12], "group": f"{i % 12 // 2}"}
        for i, name in enumerate(names)
    ]
    run = tmp_path / "run"
    command = [str(few), "--out", str(run), "--epochs", "1", *QUICK]
    assert main([*command, "--labels", str(write(tmp_path / "labels.csv", rows))]) == 0
    split = read_split(run)
    assert split.origin == "folders"
    assert [split.counts(part) for part in ("train", "val", "test")] == [[8] * 3, [2] * 3, [2] * 3]
    assert len(set(split.groups_of("val"))) == 1
    rows[0]["group"] = "5"
    split_group = write(tmp_path / "labels.csv", rows)
    with pytest.raises(SplitError, match=r"found the group 5 in train/ and test/, wanted each in one"):
        split_table(split_group, few, 0, str(split_group))


def test_pictures_without_a_row_are_told_and_left_out(pictures: Path, tmp_path: Path) -> None:
    split = split_table(write(tmp_path / "labels.csv", rows_of(pictures)[:-4]), pictures, 0)
    assert "4 pictures have no row in labels.csv, and are left out: 16.jpg, 17.jpg, 18.jpg and 1 more" in split.notes
    assert len(split.train) + len(split.val) + len(split.test) == 16


def test_rows_without_a_picture_are_refused(pictures: Path, tmp_path: Path) -> None:
    rows = rows_of(pictures)
    rows[3]["path"], rows[4]["path"] = "no.jpg", "05.JPG"
    said = refused_table(write(tmp_path / "labels.csv", rows), pictures)
    assert "found 2 of 20 rows without a picture in" in said
    assert "no.jpg (line 5), 05.JPG (line 6); 05.jpg is there, which differs in case" in said
    assert "bring the pictures back, or take the rows out" in said
    rows = [{**row, "path": f"/elsewhere/{row['path']}"} for row in rows]
    said = refused_table(write(tmp_path / "labels.csv", rows), pictures)
    assert "/elsewhere/00.jpg (line 2)" in said
    assert "the first picture there is 00.jpg" in said


def test_a_picture_of_two_labels_is_refused(pictures: Path, tmp_path: Path) -> None:
    rows = [*rows_of(pictures), {"path": "./02.jpg", "label": "dog"}]
    said = refused_table(write(tmp_path / "labels.csv", rows), pictures)
    assert "found 1 rows on pictures that another row describes otherwise, the first 02.jpg (lines 4 and 22" in said


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"label": ""}, "found 1 rows without a label: 01.jpg (line 3), wanted one in each row; fill it in"),
        ({"label": "Dog"}, "found the labels Dog and dog, which differ only in case; write both the same"),
        ({"label": "cat; dog"}, "found several labels in a cell ('cat; dog'), wanted one for each picture"),
        ({"label": "cat|dog"}, "found several labels in a cell ('cat|dog'), wanted one for each picture"),
        ({"path": ""}, "found no path in line 3, wanted one; mend or remove the line"),
        ({"part": "training"}, "found the part training in line 3, wanted train, val, test; mend it"),
        ({"part": ""}, "found 1 rows without a part: 01.jpg (line 3), wanted one in each row"),
        ({}, "found train alone in the column part, wanted train and at least one of val and test"),
        ({"part": "val"}, "found no picture of cat in val, wanted every label in every part"),
    ],
)
def test_a_row_that_says_too_little_is_refused(
    pictures: Path, tmp_path: Path, change: dict[str, str], said: str
) -> None:
    rows = rows_of(pictures, part="train")
    rows[1].update(change)
    assert said in refused_table(write(tmp_path / "labels.csv", rows), pictures)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("file,label\n00.jpg,cat\n", "found the columns file, label, wanted path; name them so"),
        ("path,class\n00.jpg,cat\n", "found the columns path, class, wanted path and label; name them so"),
        ("path,cat,dog\n00.jpg,1,0\n01.jpg,0,1\n", "of which 2 mark labels by 0 and 1, several for a picture"),
        ("path,label,label\n", "found the column label twice, wanted it once; take one out"),
        ("path,label\n00.jpg,cat,dog\n", "found 3 cells in line 2, wanted 2 as in the header; put cells that hold"),
        ("path,label\n00.jpg,cat\n01.jpg,cat\n", "found the label cat alone, wanted two or more; add rows"),
        ("", "found the columns none, wanted path; name them so"),
        ('path,label\n"00.jpg,cat\n', "can't read it (unexpected end of data)"),
    ],
)
def test_a_table_of_another_form_is_refused(pictures: Path, tmp_path: Path, text: str, said: str) -> None:
    table = tmp_path / "labels.csv"
    table.write_text(text)
    assert said in refused_table(table, pictures)


def test_what_is_no_text_is_refused(pictures: Path, tmp_path: Path) -> None:
    assert "found a spreadsheet, wanted a table as text" in refused_table(tmp_path / "labels.xlsx", pictures)
    assert "can't read it" in refused_table(tmp_path / "none.csv", pictures)
    (tmp_path / "labels.csv").write_bytes(b"PK\x03\x04\0\0")
    assert "found a file that is no text, wanted a table as text" in refused_table(tmp_path / "labels.csv", pictures)


def test_a_table_of_other_labels_does_not_go_on_with_the_run(
    few: Path, done: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    shutil.copytree(done, run)
    rows = [
        {"path": path.relative_to(few).as_posix(), "label": path.parent.name} for path in sorted(few.rglob("*.png"))
    ]
    command = few, "--out", run, "--resume", "--labels", write(tmp_path / "labels.csv", rows)
    assert main([str(word) for word in command]) == 0
    capsys.readouterr()
    rows[0]["label"] = rows[-1]["label"]
    write(tmp_path / "labels.csv", rows)
    said = refused(capsys, *command)
    assert "found other labels for 1 pictures than" in said
    assert "wanted the same with --resume; train into another folder" in said


def test_masks_take_no_table(few: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = write(tmp_path / "labels.csv", [{"path": "a.jpg", "label": "a"}])
    for folder in ("images", "masks"):
        shutil.copytree(next(few.iterdir()), tmp_path / "road" / folder)
    said = refused(capsys, tmp_path / "road", "--out", tmp_path / "run", "--task", "segment", "--labels", table)
    assert "wanted it for classes alone; leave --labels out" in said
