"""What ressq-train does not begin, and the words it says instead."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest
from PIL import Image

from ressq_edge import first_look
from ressq_edge.cli import main
from ressq_edge.config import read_config
from ressq_edge.data.split import read_split
from ressq_edge.errors import InitError, Interrupted, ModelError
from ressq_edge.request import Request
from ressq_edge.run import train_folder
from ressq_edge.screen import Screen
from ressq_edge.start import begin_run, continue_run
from runs import QUICK, refused


def test_a_run_folder_in_use_is_not_written_over(few: Path, done: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = refused(capsys, few, "--out", done, *QUICK)
    assert "found a run (config.json), wanted a new folder; go on with it by --resume" in said


def test_resuming_with_other_settings_is_refused(few: Path, done: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = refused(capsys, few, "--out", done, "--resume", "--epochs", "9")
    assert "found a run with --epochs 3, wanted 9 with --resume; leave --epochs out" in said
    assert "--init none, wanted imagenet" in refused(capsys, few, "--out", done, "--resume", "--init", "imagenet")


def test_resuming_on_other_pictures_is_refused(
    few: Path, done: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "other"
    shutil.copytree(few, other)
    name = read_split(done).train[0][0]
    (other / name).write_bytes(b"changed")
    assert "found other pictures than" in refused(capsys, other, "--out", done, "--resume")
    (other / name).unlink()
    said = refused(capsys, other, "--out", done, "--resume")
    assert f"found other pictures than {done} began with, which were in {few}; bring them back" in said


def test_resuming_where_there_is_no_run_is_refused(
    few: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for out in (tmp_path, tmp_path / "none"):
        said = refused(capsys, few, "--out", out, "--resume")
        assert f"{out}: found no run, wanted one to go on with; leave --resume out to begin one" in said
    assert not (tmp_path / "none").exists()


def test_resuming_without_the_state_is_refused(
    few: Path, done: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    shutil.copytree(done, run)
    (run / "last.safetensors").unlink()
    before = (run / "best.safetensors").read_bytes()
    said = refused(capsys, few, "--out", run, "--resume")
    assert f"{run}: found best.safetensors without last.safetensors, wanted both to go on" in said
    assert (run / "best.safetensors").read_bytes() == before


def test_weights_of_another_network_are_refused_before_a_run_begins(
    few: Path, done: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    how = ("--size", "32", "--init", done / "best.safetensors", "--arch", "resnet18")
    assert "found weights of another network" in refused(capsys, few, "--out", run, *how)
    assert not (run / "config.json").exists()


@pytest.mark.parametrize("arguments", [["", "--out", "run"], ["photos", "--out", ""]])
def test_an_empty_path_is_refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(arguments)
    assert "found an empty value, wanted a folder" in capsys.readouterr().err


def test_unreadable_pictures_stop_the_run_before_it_begins(
    few: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = tmp_path / "data"
    shutil.copytree(few, data)
    (data / "circle/empty.png").touch()
    (data / "square/link.png").symlink_to(tmp_path / "nowhere")
    run = tmp_path / "run"
    assert main([str(data), "--out", str(run), "--epochs", "1", *QUICK]) == 1
    said = capsys.readouterr().err
    assert "unreadable: " in said
    assert "circle/empty.png: found an empty file" in said
    assert "square/link.png: No such file" in said
    assert "found 2 unreadable pictures of 38 (listed above), wanted none" in said
    assert not (run / "config.json").exists()
    assert not (run / "cache").exists()
    assert main([str(data), "--out", str(run), "--epochs", "1", "--skip-unreadable", *QUICK]) == 0
    assert "skipped: 2 unreadable pictures" in capsys.readouterr().err
    assert [name for name, _ in read_split(run).unreadable] == ["circle/empty.png", "square/link.png"]
    assert "2 unreadable pictures were left out" in (run / "summary.md").read_text()


def test_small_pictures_are_one_line_however_many(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data, run = tmp_path / "data", tmp_path / "run"
    for number in range(20):
        (data / str(number % 2)).mkdir(parents=True, exist_ok=True)
        Image.effect_noise((28, 28), 30 + number).save(data / str(number % 2) / f"{number}.png")
    assert main([str(data), "--out", str(run), *QUICK]) == 1
    said = capsys.readouterr().err
    (line,) = (line for line in said.splitlines() if "28x28" in line)
    assert line.startswith("unreadable: 20 pictures such as ")
    assert line.endswith("; use the picture it was made from, or enlarge each 2 times, on the device too")
    assert f"found 20 unreadable pictures of 20 (listed above; {run / 'data.html'} names them), wanted none" in said
    assert (run / "data.html").read_text(encoding="utf-8").count("28x28") >= 20
    assert main([str(data), "--out", str(run), "--no-thumbnails", *QUICK]) == 1
    assert "(listed above), wanted none" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        (["--size", "31"], "--size: found 31, wanted at least 32"),
        (["--size", "1025"], "--size: found 1025, wanted at most 1024"),
        (["--threads", "1025"], "--threads: found 1025, wanted at most 1024"),
        (["--epochs", "0"], "--epochs: found 0, wanted at least 1"),
        (["--seed", "-1"], "--seed: found -1, wanted at least 0"),
        (["--batch-size", "0"], "--batch-size: found 0, wanted at least 1"),
        (["--batch-size", "1"], "--batch-size: found 1, wanted at least 2; such a run normalises over the pictures of"),
        (["--device", "mps"], "--device: found no mps here, only cpu"),
        (["--threads", "0"], "--threads: found 0, wanted at least 1"),
        (["--arch", "squeezenet1_1", "--bypass", "simple"], "found 'simple' with squeezenet1_1, wanted 'none'"),
        (["--init", "no/such.pth"], "no/such.pth: found no such file"),
    ],
)
def test_settings_that_cannot_be_are_refused(
    few: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], wanted: str
) -> None:
    assert wanted in refused(capsys, few, "--out", tmp_path / "run", "--init", "none", *arguments)
    assert not (tmp_path / "run/config.json").exists()


def test_a_number_out_of_range_is_told_before_anything_is_read_or_made(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    assert "--size: found 31" in refused(capsys, tmp_path / "no-pictures", "--out", run, "--size", "31")
    assert not run.exists()


def test_folders_that_cannot_be_used_are_refused(few: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "found no such folder" in refused(capsys, tmp_path / "none", "--out", tmp_path / "run", *QUICK)
    (tmp_path / "file").touch()
    assert "cannot write: not a directory" in refused(capsys, few, "--out", tmp_path / "file/run", *QUICK)


def test_a_run_folder_among_the_classes_is_refused(few: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = refused(capsys, few, "--out", few / "run", *QUICK)
    assert "wanted a folder outside; it would be taken for a class of pictures" in said
    assert not (few / "run").exists()


@pytest.mark.parametrize("flag", ["--group-by", "--init"])
def test_an_empty_variable_is_not_taken_for_no_flag(
    few: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], flag: str
) -> None:
    assert f"{flag}: found an empty value, wanted one" in refused(capsys, few, "--out", tmp_path / "run", flag, "")
    assert not (tmp_path / "run").exists()


def test_thumbnails_that_are_drawn_already_cannot_be_left_out(
    few: Path, done: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = refused(capsys, few, "--out", done, "--resume", "--no-thumbnails")
    assert "found a run that began with thumbnails" in said


def test_a_picture_that_broke_since_is_to_be_brought_back(
    few: Path, done: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, run = tmp_path / "data", tmp_path / "run"
    shutil.copytree(few, data)
    assert main([str(data), "--out", str(run), "--epochs", "1", *QUICK]) == 0
    for name in ("last.safetensors", "best.safetensors", "summary.md"):
        (run / name).unlink()  # as if killed before the first state was saved
    picture = data / read_split(run).train[0][0]
    picture.write_bytes(bytes(picture.stat().st_size))
    capsys.readouterr()
    said = refused(capsys, data, "--out", run, "--resume", "--skip-unreadable")
    assert "wanted none; bring back those that the run began with, or train into another folder" in said


def test_a_run_that_goes_on_with_moved_pictures_knows_where_they_are(few: Path, done: Path, tmp_path: Path) -> None:
    run, data = tmp_path / "run", tmp_path / "moved"
    shutil.copytree(done, run)
    shutil.copytree(few, data)
    (run / "summary.md").unlink()
    assert main([str(data), "--out", str(run), "--resume"]) == 0
    assert read_config(run)[1]["data"] == str(data)
    assert f"--evaluate {data}" in (run / "summary.md").read_text()


def test_a_run_is_stopped_while_it_looks_at_the_pictures(few: Path, tmp_path: Path) -> None:
    with pytest.raises(Interrupted, match="stopped while looking at the pictures"):
        train_folder(Request(few, tmp_path / "run", init="none"), Screen(), lambda: True)


def test_pictures_that_the_weights_were_trained_on_are_said_to_flatter(few: Path, done: Path, tmp_path: Path) -> None:
    weights, moved = str(done / "best.safetensors"), tmp_path / "moved"
    again = begin_run(Request(few, tmp_path / "run", init=weights, seed=1), Screen())
    assert any("of the 12 pictures for validation and test are ones that it was trained on" in n for n in again.notes)
    same = begin_run(Request(few, tmp_path / "run", init=weights), Screen())
    assert [note for note in same.notes if "it was trained on" in note] == [
        f"{weights}: 6 of the 12 pictures for validation and test are ones that it was trained on or chosen by: "
        "figures on them will look better than they are"
    ], "the validation pictures of before"
    shutil.copytree(few, moved)
    copy = begin_run(Request(moved, tmp_path / "run", init=weights, seed=1), Screen())
    assert copy.notes == again.notes
    next(iter(sorted(moved.rglob("*.*")))).unlink()  # tidied up since
    tidied = begin_run(Request(moved, tmp_path / "run", init=weights, seed=1), Screen())
    assert any("pictures for validation and test are ones that it was trained on" in note for note in tidied.notes)
    shutil.rmtree(moved)
    for path in sorted(few.rglob("*.*")):  # other pictures of the same names
        (moved / path.relative_to(few)).parent.mkdir(parents=True, exist_ok=True)
        Image.open(path).rotate(90).save(moved / path.relative_to(few))
    other = begin_run(Request(moved, tmp_path / "run", init=weights, seed=1), Screen())
    assert not any("it was trained on" in note for note in other.notes)


def test_pictures_written_since_the_run_began_are_told_when_it_goes_on(few: Path, done: Path, tmp_path: Path) -> None:
    data, run = tmp_path / "data", tmp_path / "run"
    shutil.copytree(few, data)
    shutil.copytree(done, run)
    (run / "summary.md").unlink()

    def told() -> list[str]:
        begun = continue_run(Request(data, run, resume=True))
        return [note for note in begun.notes if "were written since the run began" in note]

    for path in data.rglob("*.*"):
        os.utime(path, (1e9, 1e9))
    assert told() == []
    written = sorted(data.rglob("*.*"))[0]
    os.utime(written, (4e9, 4e9))
    assert [note[:44] for note in told()] == ["1 pictures were written since the run began:"]


def test_classes_of_two_sides_are_told_that_views_are_mirrored(few: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    for label, of in (("Hand_left", "circle"), ("hand_right", "square"), ("leftover", "square")):
        shutil.copytree(few / of, data / label)

    def told(**settings: bool) -> list[str]:
        begun = begin_run(Request(data, tmp_path / "run", init="none", **settings), Screen())
        return [note for note in begun.notes if "mirrored" in note]

    assert told() == [
        "Hand_left: every second view is mirrored, which makes a left one a right one; --no-mirror shows none so"
    ]
    assert told(mirror=False) == []


def test_what_is_said_of_the_pictures_is_said_after_a_resume(few: Path, done: Path, tmp_path: Path) -> None:
    data, run = tmp_path / "data", tmp_path / "run"
    shutil.copytree(few, data)
    (data / "notes.txt").write_text("not a picture")
    weights = str(done / "best.safetensors")
    begun = train_folder(Request(data, run, init=weights, epochs=1, threads=1, seed=1), Screen())
    assert begun is not None
    first = (run / "summary.md").read_text()
    assert "it was trained on or chosen by" in first
    assert "files are left out, being no pictures by their names: notes.txt" in first
    (run / "summary.md").unlink()
    assert main([str(data), "--out", str(run), "--resume"]) == 0
    told = [
        [line for line in text.splitlines() if line.startswith("Note: ")]
        for text in (first, (run / "summary.md").read_text())
    ]
    assert told[0] == told[1] != []


def test_wrong_weights_are_told_before_every_picture_is_looked_at(
    few: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(first_look, "_survey", None)
    with pytest.raises(InitError, match="found no such file"):
        begin_run(Request(few, tmp_path / "run", init=str(tmp_path / "typo.pth")), Screen())
    with pytest.raises(ModelError, match="simple"):
        begin_run(Request(few, tmp_path / "run", init="none", arch="squeezenet1_1", bypass="simple"), Screen())


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a file name is always text")
def test_pictures_below_a_name_that_is_no_text_are_trained_on(
    few: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "M\udcfcller"
    shutil.copytree(few, folder / "photos")
    said = refused(capsys, folder / "photos", "--out", folder / "run", *QUICK)
    assert "found a name that is not UTF-8, wanted one that is" in said
    assert main([str(folder / "photos"), "--out", str(tmp_path / "run"), "--epochs", "1", *QUICK]) == 0
    assert "M\\udcfcller" in (tmp_path / "run" / "summary.md").read_text()
