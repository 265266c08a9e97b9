"""The table of answers: what is continued, what is removed, and what is refused."""

from __future__ import annotations

import csv
import os
import resource
from pathlib import Path

import pytest

from ressq_runtime.classifier import Classifier
from ressq_runtime.errors import OutputError
from ressq_runtime.streaming.appender import Appender
from ressq_runtime.streaming.table import Table, name_model
from ressq_runtime.tasks.classify import Classify, Prediction, Predictions
from ressq_runtime.tasks.classify_extras import ClassifierExtras

MODEL, OTHER = "sha256:0123456789ab", "sha256:cafecafecafe"
# What a path may hold: the table's own signs, an umlaut, and a byte that is no UTF-8.
PATHS = ["a.jpg", 'b "quoted", with\nline.jpg', "ü.jpg", os.fsdecode(b"\xff.jpg")]


def answer(path: str) -> tuple[str, Predictions, dict[str, float]]:
    return path, Predictions([Prediction("leaf, green", 0.75), Prediction("bark", 0.25)], 0.5), {"total": 1.5}


def classify(threshold: float = 0.0) -> ClassifierExtras:
    return Classify("model", ["leaf, green", "bark"], threshold, 2).extras()


def fill(path: Path, pictures: list[str], model: str = MODEL) -> None:
    table = Table(str(path), model, classify())
    for picture in pictures:
        table.write(answer(picture))
    table.close()


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", errors="surrogateescape", newline="") as file:
        return list(csv.DictReader(file))


def test_a_row_holds_the_answers_the_fault_and_the_model(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    fill(path, ["a.jpg"])
    table = Table(str(path), MODEL, classify())
    table.write_fault("b.jpg", "b.jpg: found an empty file")
    table.close()
    good, bad = read(path)
    names = ["path", "label", "reason", "label_1", "probability_1", "label_2", "probability_2"]
    assert list(good) == [*names, "total_ms", "error", "model"]
    assert list(good.values()) == [
        "a.jpg",
        "leaf, green",
        "",
        "leaf, green",
        "0.750000",
        "bark",
        "0.250000",
        "1.5",
        "",
        MODEL,
    ]
    assert list(bad.values()) == ["b.jpg", "", "", "", "", "", "", "", "b.jpg: found an empty file", MODEL]


def test_a_table_is_continued_with_what_it_holds_done(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    fill(path, PATHS)
    table = Table(str(path), MODEL, classify())
    table.write_fault("bad.jpg", "bad.jpg: broken")
    table.close()
    again = Table(str(path), MODEL, classify())
    assert again.done == set(PATHS)
    assert (again.earlier_faults, again.removed_bytes) == (1, 0)
    again.close()


def test_a_picture_that_could_not_be_read_keeps_one_row_whatever_becomes_of_it(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    table = Table(str(path), MODEL, classify())
    for picture in PATHS:
        table.write_fault(picture, f"{picture}: broken")
        table.write(answer(f"{picture}.png"))
    table.close()
    path.chmod(0o640)
    before = path.read_bytes()
    again = Table(str(path), MODEL, classify())
    for picture in PATHS:
        again.write_fault(picture, f"{picture}: broken")
    assert again.done == {*PATHS, *(f"{picture}.png" for picture in PATHS)}
    assert again.earlier_faults == 0
    again.close()
    assert path.read_bytes() == before, "nothing new is known of them"
    third = Table(str(path), MODEL, classify())
    mended, other, *left = PATHS
    third.write(answer(mended))
    third.write_fault(other, f"{other}: found an empty file")
    assert third.earlier_faults == len(left)
    third.close()
    rows = {row["path"]: row for row in read(path)}
    assert len(rows) == len(read(path)) == 2 * len(PATHS)
    assert (rows[mended]["label"], rows[mended]["error"]) == ("leaf, green", "")
    assert rows[other]["error"] == f"{other}: found an empty file"
    assert [rows[picture]["error"] for picture in left] == [f"{picture}: broken" for picture in left]
    assert path.stat().st_mode & 0o777 == 0o640
    assert [found.name for found in tmp_path.iterdir()] == ["t.csv"]


def test_a_kill_before_the_old_row_is_gone_leaves_two_which_the_next_run_mends(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    table = Table(str(path), MODEL, classify())
    table.write_fault("a.jpg", "a.jpg: broken")
    table.close()
    killed = Table(str(path), MODEL, classify())
    killed.write(answer("a.jpg"))
    killed._file.close()
    assert [row["error"] for row in read(path)] == ["a.jpg: broken", ""]
    fill(path, ["b.jpg"])
    assert [(row["path"], row["error"]) for row in read(path)] == [("a.jpg", ""), ("b.jpg", "")]


def test_a_table_behind_a_link_is_replaced_where_it_lies(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    path = tmp_path / "t.csv"
    path.symlink_to(tmp_path / "disk" / "t.csv")
    table = Table(str(path), MODEL, classify())
    table.write_fault("a.jpg", "a.jpg: broken")
    table.close()
    fill(path, ["a.jpg"])
    assert path.is_symlink()
    assert [row["error"] for row in read(tmp_path / "disk" / "t.csv")] == [""]


def test_cut_off_anywhere_it_keeps_every_whole_row_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    fill(path, PATHS)
    whole = path.read_bytes()
    ends = []
    for count in range(len(PATHS) + 1):
        path.unlink()
        fill(path, PATHS[:count])
        ends.append(path.stat().st_size)
    for size in range(len(whole)):
        path.write_bytes(whole[:size])
        table = Table(str(path), MODEL, classify())
        rows = sum(end <= size for end in ends) - 1
        assert table.done == set(PATHS[: max(rows, 0)]), size
        for picture in PATHS[max(rows, 0) :]:
            table.write(answer(picture))
        table.close()
        assert path.read_bytes() == whole, size


def test_zeros_that_a_power_cut_left_are_removed(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    fill(path, PATHS)
    whole = path.read_bytes()
    path.write_bytes(whole + bytes(200_000))
    table = Table(str(path), MODEL, classify())
    table.close()
    assert (table.done, table.removed_bytes) == (set(PATHS), 200_000)
    assert path.read_bytes() == whole


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"mine", "found no table of --csv, or one that a spreadsheet saved; name another file"),
        (b"mine\nand mine\n", "found no table of --csv"),
        (b"\n", "found no table of --csv"),
        (b"TFL3" + bytes(range(256)) * 2000, "found no table of --csv"),
        ("\ufeffpath;label;reason;label_1;probability_1\r\n".encode(), "found no .*, or one that a spreadsheet saved"),
        (b"path,label_1,probability_1,total_ms,error\r\n", "found no table of --csv"),
        (b"path,label_1,probability_1,total_ms,error,model\r\n", "found no table of --csv"),
        (
            b"path,label,reason,label_1,probability_1,total_ms,error,model\r\n",
            "found 1 answers a picture, wanted 2; set --top-k",
        ),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_is_no_table_of_ours_is_refused_and_left_alone(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(content)
    with pytest.raises(OutputError, match=f"{path}: {words}"):
        Table(str(path), MODEL, classify())
    assert path.read_bytes() == content


def test_rows_of_another_model_are_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    fill(path, PATHS, OTHER)
    content = path.read_bytes()
    with pytest.raises(OutputError, match=f"found rows of the model {OTHER}, wanted {MODEL}; name another file"):
        Table(str(path), MODEL, classify())
    fill(tmp_path / "one.csv", ["a.jpg"], OTHER)
    with pytest.raises(OutputError, match=f"found rows of the model {OTHER}"):
        Table(str(tmp_path / "one.csv"), MODEL, classify())
    assert path.read_bytes() == content


def test_rows_decided_by_another_threshold_are_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    fill(path, PATHS)
    content = path.read_bytes()
    words = (
        r"found an answer at probability 0.750000 in row 2, wanted answers from 0.8 on; set --abstain-below as before"
    )
    with pytest.raises(OutputError, match=words):
        Table(str(path), MODEL, classify(0.8))
    assert path.read_bytes() == content
    Table(str(path), MODEL, classify(0.75)).close()


def test_rows_without_an_answer_are_refused_where_one_would_be_given_now(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    table = Table(str(path), MODEL, classify(0.8))
    table.write(("a.jpg", Predictions([Prediction("leaf", 0.75), Prediction("bark", 0.25)], 0.8), {"total": 1.5}))
    table.write_fault("b.jpg", "b.jpg: broken")
    table.close()
    Table(str(path), MODEL, classify(0.8)).close()
    with pytest.raises(
        OutputError, match=r"found no answer at probability 0.750000 in row 2, wanted answers from 0.7 on"
    ):
        Table(str(path), MODEL, classify(0.7))


def test_a_row_without_its_probability_is_named(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    fill(path, ["a.jpg", "b.jpg"])
    path.write_bytes(path.read_bytes().replace(b"0.750000", b"high", 1))
    with pytest.raises(OutputError, match=r"found an answer at probability high in row 2, .* mend or delete that row"):
        Table(str(path), MODEL, classify())


def test_a_damaged_row_in_the_middle_is_named(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    fill(path, ["a.jpg", "b.jpg", "c.jpg"])
    content = path.read_bytes().replace(b"b.jpg,", b"b.jpg\r\n")
    path.write_bytes(content)
    with pytest.raises(OutputError, match="found 1 cells in row 3, wanted 10; mend or delete that row"):
        Table(str(path), MODEL, classify())
    assert path.read_bytes() == content


def test_two_processes_do_not_share_a_table(tmp_path: Path) -> None:
    path = str(tmp_path / "t.csv")
    first = Table(path, MODEL, classify())
    with pytest.raises(OutputError, match="found another process that writes it, wanted one; wait for it"):
        Table(path, MODEL, classify())
    first.close()
    Table(path, MODEL, classify()).close()


def test_a_device_is_no_table() -> None:
    with pytest.raises(OutputError, match="/dev/null: found a device or a pipe, wanted a file"):
        Table("/dev/null", MODEL, classify())


def test_a_full_disk_leaves_no_half_row(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    appender = Appender(str(path))
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, limits[1]))
    try:
        appender.write("x" * 70)
        with pytest.raises(OSError, match="No space left on device"):
            appender.write("y" * 70)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    appender.close()
    assert path.read_text() == "x" * 70


def test_a_model_is_named_by_its_card_and_a_foreign_one_by_file_and_labels(artefacts: dict[str, Path]) -> None:
    classifier = Classifier.load(artefacts["int8.tflite"])
    assert classifier.card is not None
    name = name_model(classifier.model)
    assert name == "sha256:" + classifier.card.sha256[:12]
    classifier.model.card = None
    foreign = name_model(classifier.model)
    classifier.labels.reverse()
    assert len({name, foreign, name_model(classifier.model)}) == 3
    assert {len(name), len(foreign)} == {19}
