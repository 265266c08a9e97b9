"""Groups that join pictures of several classes are told, with an expression that keeps the classes apart."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from ressq_edge.data.folder import split_folder
from ressq_edge.data.grouping import read_groups
from ressq_edge.errors import SplitError


def lay_out(root: Path, *names: str) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    return root


def plants(form: str = "{label}/plant{plant}_{n}.jpg") -> list[str]:
    return [form.format(label=label, plant=plant, n=n) for label in ("elm", "oak") for plant in range(8) for n in "ab"]


def told(root: Path, group_by: str) -> list[str]:
    return [note for note in split_folder(root, 0, group_by).notes if "hold pictures of several classes" in note]


@pytest.mark.parametrize(
    ("form", "group_by", "apart"),
    [
        ("{label}/plant{plant}_{n}.jpg", "(plant[0-9]+)", "^(.*?plant[0-9]+)"),
        ("{label}/plant{plant}_{n}.jpg", "plant[0-9]+", "^(.*?plant[0-9]+)"),
        ("{label}/plant{plant}/{n}.jpg", "^[^/]+/([^/]+)/", "^([^/]+/[^/]+)/"),
        ("{label}/P{plant}/{n}.jpg", "/(P[0-9]+)", "^(.*?/P[0-9]+)"),
    ],
)
def test_things_of_one_name_in_two_classes_are_told_and_kept_apart(
    tmp_path: Path, form: str, group_by: str, apart: str
) -> None:
    names = plants(form)
    lay_out(tmp_path, *names)
    first = "P0" if "P" in form else "plant0"
    assert told(tmp_path, group_by) == [
        f"8 of 8 groups by {group_by} hold pictures of several classes ({first}: elm, oak); "
        f"if these are different things of one name: --group-by {shlex.quote(apart)}"
    ]
    assert told(tmp_path, apart) == [], "it does what it says"
    assert len(set(read_groups(apart, names, Path("photos")).values())) == 16


def test_names_that_no_expression_keeps_apart_want_a_table(tmp_path: Path) -> None:
    lay_out(tmp_path, *plants("{label}/{n}_plant{plant}.jpg"))
    (note,) = told(tmp_path, "(plant[0-9]+)")
    assert note.endswith("--group-by TABLE.csv with a name for each")


def test_groups_within_a_class_are_not_told(tmp_path: Path) -> None:
    lay_out(tmp_path, *plants("{label}/{label}{plant}_{n}.jpg"))
    assert told(tmp_path, "([a-z]+[0-9])_") == []


def test_of_a_table_nobody_is_named(tmp_path: Path) -> None:
    names = plants()
    lay_out(tmp_path / "data", *names)
    table = tmp_path / "groups.csv"
    table.write_text("path,group\n" + "".join(f"{name},Doe {name[9]}\n" for name in names))
    (note,) = told(tmp_path / "data", str(table))
    assert note.endswith(
        "several classes (elm, oak); if these are different things of one name: call them otherwise in the table"
    )
    assert "Doe" not in note


def test_given_parts_that_tear_such_a_group_say_why(tmp_path: Path) -> None:
    parts = {"elm": ("train", "val"), "oak": ("val", "train")}
    lay_out(
        tmp_path, *(f"{part}/{label}/plant{n}_0.jpg" for label, both in parts.items() for n, part in enumerate(both))
    )
    apart = "^[^/]+/(.*?plant[0-9]+)"
    with pytest.raises(SplitError, match=r"found the group plant. in train/ and val/, wanted each in one; .*") as found:
        split_folder(tmp_path, 0, "(plant[0-9]+)")
    assert str(found.value).endswith(f"if these are different things of one name: --group-by {shlex.quote(apart)}")
    assert split_folder(tmp_path, 0, apart).origin == "folders"
