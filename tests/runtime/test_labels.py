"""Label files of models that carry none, as their makers hand them out."""

from __future__ import annotations

from pathlib import Path

import pytest

from ressq_runtime.artefact.labels import check_count, read_labels
from ressq_runtime.errors import ArtefactError

CASE = "dress\nhat\nlongsleeve\noutwear\ncrane\nshirt\nshoes\nshorts\ncrane\nt-shirt\n"


def read(tmp_path: Path, content: str | bytes) -> tuple[list[str], list[str]]:
    path = tmp_path / "labels.txt"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    labels, notes = read_labels(str(path))
    assert all(note.startswith(f"{path}: ") for note in notes)
    return labels, [note.removeprefix(f"{path}: ") for note in notes]


@pytest.mark.parametrize(
    "content",
    [
        "cat\ndog\n",
        "cat\r\ndog\r\n",
        "\ufeffcat\r\ndog",
        "cat  \n\t dog\n\n\n  \n",
        "cat\rdog\r",
        "\ncat\n\ndog\n",
    ],
)
def test_blank_lines_line_ends_and_marks_are_no_part_of_a_label(tmp_path: Path, content: str) -> None:
    assert read(tmp_path, content) == (["cat", "dog"], [])


def test_a_label_that_comes_again_gets_a_number_and_its_line_is_named(tmp_path: Path) -> None:
    labels, notes = read(tmp_path, CASE)
    assert labels == [
        "dress",
        "hat",
        "longsleeve",
        "outwear",
        "crane",
        "shirt",
        "shoes",
        "shorts",
        "crane (2)",
        "t-shirt",
    ]
    assert notes == ["found 'crane' again in line 9, which answers as 'crane (2)'; rename it there"]
    labels, notes = read(tmp_path, "a\n\na (2)\na\nb\nb\na\n")
    assert labels == ["a", "a (2)", "a (3)", "b", "b (2)", "a (4)"]
    assert notes == ["found 'a' again in line 4, which answers as 'a (3)', and 2 more such lines; rename it there"]


@pytest.mark.parametrize(
    "content", ["0 Class 1\n1 Class 2\n", "0: Class 1\n1: Class 2", "1  Class 2\n0:Class 1\n", "0,Class 1\n1,Class 2\n"]
)
def test_numbers_before_all_labels_say_the_order_and_are_left_out(tmp_path: Path, content: str) -> None:
    assert read(tmp_path, content) == (
        ["Class 1", "Class 2"],
        ["took the numbers 0 to 1 before its labels for their order, and left them out"],
    )


def test_numbered_labels_may_come_again_too(tmp_path: Path) -> None:
    names = ["crane", *map(str.upper, "abcdefghijklmnopqrstuvwxyz"), "crane"]
    labels, notes = read(tmp_path, "".join(f"{number} {name}\n" for number, name in enumerate(names)))
    assert labels == [*names[:-1], "crane (2)"]
    assert [note.partition(" ")[0] for note in notes] == ["took", "found"]


@pytest.mark.parametrize(
    "labels",
    [
        ["0", "1", "2"],
        ["1 euro", "2 euro", "5 cent"],
        ["0.5 mm", "1.5 mm"],
        ["0:30", "1:30"],
        ["0,5 mm", "1,5 mm"],
        ["0 spots", "1 spot", "2 spots"],
        ["0 cat", "dog"],
        ["[background]", "[cat]"],
        ["n01440764 tench", "n01443537 goldfish"],
    ],
)
def test_numbers_that_are_labels_stay(tmp_path: Path, labels: list[str]) -> None:
    assert read(tmp_path, "\n".join(labels)) == (labels, [])


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "found no label, wanted two or more different labels"),
        (b"\n \n", "found no label"),
        (b"cat\n", "found 'cat' alone, wanted two or more different labels, one a line; write them"),
        (b"cat\ncat\n", "found 'cat' alone"),
        (b'{"0": "cat", "1": "dog"}', "found JSON or another map, wanted a UTF-8 text with one label a line"),
        (b'[\n  "cat",\n  "dog"\n]\n', "found JSON or another map"),
        (
            b"{0: 'tench, Tinca tinca',\n 1: 'goldfish'}",
            "found JSON or another map, .*; write the names alone, one a line",
        ),
        (b"item {\n  id: 1\n  name: 'cat'\n}\n", "found JSON or another map"),
        (b"names:\n  0: cat\n  1: dog\n", "found JSON or another map"),
        (b"<!DOCTYPE html>\n<html>", "found a web page, .*; download the file itself"),
        ("Tür\nDach\n".encode("latin-1"), "found other bytes than UTF-8's, .*; save it as UTF-8"),
        ("cat\ndog\n".encode("utf-16"), "found other bytes than UTF-8's"),
        ("cat\ndog\n".encode("utf-16-le"), "found other bytes than UTF-8's"),
    ],
)
def test_what_is_no_list_of_labels_is_told_what_it_should_be(tmp_path: Path, content: bytes, words: str) -> None:
    with pytest.raises(ArtefactError, match=f"labels.txt: {words}"):
        read(tmp_path, content)


def test_labels_that_are_not_there_are_said_to_be(tmp_path: Path) -> None:
    with pytest.raises(ArtefactError, match=r"none: can't read labels \(No such file or directory\), .*check the path"):
        read_labels(str(tmp_path / "none"))


def counted(count: int, scores: int, first: str = "c0") -> None:
    check_count("labels.txt", [first, *(f"c{number}" for number in range(1, count))], scores, "m.tflite")


def test_a_background_too_many_or_too_few_is_told_where_to_mend_it() -> None:
    counted(1000, 1000)
    counted(1000, 1)  # a model that leaves their number open
    with pytest.raises(
        ArtefactError, match=r"found 1001 labels, wanted .* 1000 scores of m.tflite; delete the first, 'Back"
    ):
        counted(1001, 1000, "Background")
    with pytest.raises(ArtefactError, match=r"1001 scores of m\.tflite; write 'background' before the first, if"):
        counted(1000, 1001)
    for count, scores in ((1001, 1000), (2, 3), (3, 2)):
        with pytest.raises(
            ArtefactError, match=f"found {count} labels, .* {scores} scores .*; take the labels that came"
        ):
            counted(count, scores)
