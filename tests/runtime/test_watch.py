"""`ressq-watch` of a folder: no picture of a folder lost, none done twice, whatever happens while it comes in."""

from __future__ import annotations

import csv
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from installed import command
from ressq_runtime.commands.watch import main
from ressq_runtime.errors import FolderError
from ressq_runtime.streaming.watch import SECOND_CHANCE_SECONDS, SETTLED_SECONDS, Watch


class Clock:
    """Seconds that pass when told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now

    def tick(self, seconds: float = SETTLED_SECONDS) -> None:
        self.now += seconds


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "in").mkdir()
    return tmp_path / "in"


def test_a_file_is_given_when_it_no_longer_grows_and_once(folder: Path) -> None:
    clock = Clock()
    watch = Watch(str(folder), set(), clock)
    path = folder / "a.jpg"
    with path.open("wb", buffering=0) as file:
        for _ in range(5):
            file.write(b"more")
            assert watch.look() == []
            clock.tick(0.9 * SETTLED_SECONDS)
    assert watch.look() == []
    clock.tick(0.2 * SETTLED_SECONDS)
    assert watch.look() == [str(path)]
    clock.tick(100)
    assert watch.look() == []


def test_a_renamed_file_is_given_once_and_its_first_name_never(folder: Path) -> None:
    clock = Clock()
    watch = Watch(str(folder), set(), clock)
    for name in ("a.jpg.part", ".b.jpg"):
        (folder / name).write_bytes(b"whole")
    watch.look()
    clock.tick(10)
    assert watch.look() == []
    (folder / "a.jpg.part").rename(folder / "a.jpg")
    (folder / ".b.jpg").rename(folder / "b.jpg")
    watch.look()
    clock.tick()
    assert sorted(watch.look()) == [str(folder / "a.jpg"), str(folder / "b.jpg")]
    clock.tick()
    assert watch.look() == []


def test_what_has_an_answer_is_not_given_and_nested_folders_are_looked_through(folder: Path) -> None:
    (folder / "day" / "noon").mkdir(parents=True)
    (folder / ".hidden").mkdir()
    names = ["old.jpg", "day/b.PNG", "day/noon/c.jpg", ".hidden/d.jpg", "notes.txt"]
    for age, name in enumerate(names):
        (folder / name).touch()
        os.utime(folder / name, (1000 - age, 1000 - age))
    (folder / "nowhere.jpg").symlink_to(folder / "none")
    clock = Clock()
    watch = Watch(str(folder), {str(folder / "old.jpg")}, clock)
    watch.look()
    clock.tick()
    assert watch.look() == [str(folder / "day/noon/c.jpg"), str(folder / "day/b.PNG")]


def test_what_is_waited_for_in_vain_is_told_once_a_kind(folder: Path) -> None:
    said: list[str] = []
    watch = Watch(str(folder), set(), Clock(), said.append)
    for name in ("film.mp4", "scan", "answers.csv", ".hidden.mov", "a.jpg"):
        (folder / name).touch()
    (folder / "link").symlink_to(folder.parent)
    watch.look()
    (folder / "film2.MP4").touch()
    (folder / "scan2").touch()
    watch.look()
    assert sorted(said) == [
        f"{folder}/film.mp4: left out, as what ends in .mp4 is; pictures end in .jpg, .png and the like",
        f"{folder}/scan: left out, as what has no suffix is; pictures end in .jpg, .png and the like",
    ]


def test_a_picture_that_is_replaced_after_its_answer_is_told_once(folder: Path) -> None:
    said: list[str] = []
    clock, done = Clock(), set()
    watch = Watch(str(folder), done, clock, said.append)
    for name in ("latest.jpg", "other.jpg"):
        (folder / name).write_bytes(b"first")
    watch.look()
    clock.tick()
    done.update(watch.look())
    assert len(done) == 2
    for content in (b"second", b"third and last"):
        watch.look()
        (folder / "latest.jpg").write_bytes(content)
        clock.tick()
        assert watch.look() == []
    told = "has changed since it was answered, and keeps its row; give each picture a name of its own"
    assert said == [f"{folder}/latest.jpg: {told}"]


def test_a_path_is_the_same_from_wherever_it_is_watched(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "a.jpg").touch()
    monkeypatch.chdir(folder.parent)
    for name in ("in", "./in/", str(folder)):
        clock = Clock()
        watch = Watch(name, set(), clock)
        watch.look()
        clock.tick()
        assert watch.look() == [str(folder / "a.jpg")]


def test_a_broken_picture_gets_a_second_chance_and_no_third(folder: Path) -> None:
    clock = Clock()
    watch = Watch(str(folder), set(), clock)
    path = str(folder / "a.jpg")
    (folder / "a.jpg").write_bytes(b"half")
    watch.look()
    clock.tick()
    assert watch.look() == [path]
    assert watch.try_again(path)
    clock.tick()
    assert watch.look() == []
    clock.tick(SECOND_CHANCE_SECONDS)
    assert watch.look() == [path]
    assert not watch.try_again(path)


def test_a_second_chance_is_no_last_one_if_the_file_grew_meanwhile(folder: Path) -> None:
    clock = Clock()
    watch = Watch(str(folder), set(), clock)
    path = str(folder / "a.jpg")
    (folder / "a.jpg").write_bytes(b"half")
    watch.look()
    for seconds in (SETTLED_SECONDS, SECOND_CHANCE_SECONDS):
        clock.tick(seconds)
        assert watch.look() == [path]
        if seconds == SECOND_CHANCE_SECONDS:
            (folder / "a.jpg").write_bytes(b"half and more")
        assert watch.try_again(path)


def test_a_broken_picture_that_goes_on_growing_gets_every_chance(folder: Path) -> None:
    clock = Clock()
    watch = Watch(str(folder), set(), clock)
    path = str(folder / "a.jpg")
    for content in (b"1", b"12", b"123"):
        (folder / "a.jpg").write_bytes(content)
        watch.look()
        clock.tick(SECOND_CHANCE_SECONDS)
        assert watch.look() == [path]
        (folder / "a.jpg").write_bytes(content + b"+")
        assert watch.try_again(path)


def test_a_picture_taken_away_has_no_answer_and_is_new_when_it_comes_back(folder: Path) -> None:
    clock = Clock()
    watch = Watch(str(folder), set(), clock)
    path = folder / "a.jpg"
    for _ in range(2):
        path.touch()
        watch.look()
        clock.tick()
        assert watch.look() == [str(path)]
        path.unlink()
        assert watch.try_again(str(path))
        watch.look()


def test_a_picture_that_was_away_only_while_it_was_to_be_answered_is_given_again(folder: Path) -> None:
    clock = Clock()
    watch = Watch(str(folder), set(), clock)
    path = folder / "a.jpg"
    path.touch()
    watch.look()
    clock.tick()
    assert watch.look() == [str(path)]
    path.unlink()
    assert watch.try_again(str(path))
    path.write_bytes(b"sent again before the next look")
    watch.look()
    clock.tick()
    assert watch.look() == [str(path)]


@pytest.mark.parametrize("system", ["lost+found", "@eaDir", "#recycle", "@Recycle", "$RECYCLE.BIN"])
def test_what_a_system_keeps_for_itself_is_not_looked_into(folder: Path, system: str) -> None:
    clock = Clock()
    watch = Watch(str(folder), set(), clock)
    (folder / system / "b.jpg").mkdir(parents=True)
    (folder / system / "a.jpg").touch()
    (folder / system / "b.jpg/SYNOPHOTO_THUMB_M.jpg").touch()
    watch.look()
    clock.tick()
    assert watch.look() == []


def test_a_folder_that_is_missing_or_goes_is_an_error(folder: Path) -> None:
    with pytest.raises(FolderError, match="found no such folder, wanted one to watch; make it first"):
        Watch(str(folder / "none"), set())
    watch = Watch(str(folder), set())
    folder.rmdir()
    with pytest.raises(FolderError, match=f"{folder}: found no such folder any more; make it and start again"):
        watch.look()
    folder.touch()
    with pytest.raises(FolderError, match=f"{folder}: Not a directory; make it a folder that can be read"):
        watch.look()


class Watching:
    """A real `ressq-watch` of a folder with its table."""

    def __init__(self, folder: Path, table: Path, model: Path) -> None:
        self._table = table
        self._command = [*command("watch"), str(folder), "--csv", str(table)]
        self._command += ["--model", str(model), "--top-k", "1"]
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        self._process = subprocess.Popen(self._command, stderr=subprocess.PIPE, text=True)

    def end(self, number: signal.Signals) -> tuple[int, str]:
        """Exit code and what it said on stderr."""
        assert self._process
        self._process.send_signal(number)
        _, said = self._process.communicate(timeout=20)
        return self._process.returncode, said

    def rows(self) -> list[dict[str, str]]:
        return list(csv.DictReader(self._table.read_text().splitlines())) if self._table.exists() else []

    def wait(self, enough: Callable[[], bool]) -> None:
        limit = time.monotonic() + 60
        while not enough():
            assert time.monotonic() < limit, self.rows()
            time.sleep(0.05)


@pytest.mark.slow
def test_no_picture_is_lost_or_done_twice_across_ends_of_every_kind(
    artefacts: dict[str, Path], shapes: Path, folder: Path, tmp_path: Path
) -> None:
    sources = sorted(shapes.rglob("*.png"))
    watching = Watching(folder, tmp_path / "t.csv", artefacts["int8.tflite"])
    names: list[str] = []

    def bring(count: int) -> None:
        """Half of them by rename, half written slowly in place."""
        for source in sources[:count]:
            name = f"{len(names):04}.png"
            names.append(str(folder / name))
            if len(names) % 2:
                shutil.copy(source, tmp_path / "whole")
                (tmp_path / "whole").rename(folder / name)
                continue
            content = source.read_bytes()
            with (folder / name).open("wb", buffering=0) as file:
                file.write(content[:100])
                file.write(content[100:])

    for number, code in ((signal.SIGTERM, 0), (signal.SIGKILL, -9), (signal.SIGINT, 0), (signal.SIGTERM, 0)):
        bring(10)  # while nobody watches
        watching.start()
        bring(10)
        enough = len(names) - 15
        watching.wait(lambda enough=enough: len(watching.rows()) >= enough)  # type: ignore[misc]
        bring(5)
        found, said = watching.end(number)
        assert found == code, said
        assert ("ressq-watch: stopped" in said) == (code == 0), said
    watching.start()
    watching.wait(lambda: len(watching.rows()) >= len(names))
    assert watching.end(signal.SIGTERM)[0] == 0
    assert sorted(row["path"] for row in watching.rows()) == names
    assert {row["error"] for row in watching.rows()} == {""}


@pytest.mark.slow
def test_a_transfer_that_stalls_is_answered_when_it_is_whole(
    artefacts: dict[str, Path], shapes: Path, folder: Path, tmp_path: Path
) -> None:
    content = (shapes / "circle" / "00.png").read_bytes()
    watching = Watching(folder, tmp_path / "t.csv", artefacts["int8.tflite"])
    watching.start()
    with (folder / "a.png").open("wb", buffering=0) as file:
        file.write(content[: len(content) // 2])
        time.sleep(3 * SETTLED_SECONDS)
        assert watching.rows() == []
        file.write(content[len(content) // 2 :])
    (folder / "broken.png").write_bytes(content[: len(content) // 2])
    watching.wait(lambda: len(watching.rows()) == 2)
    found, said = watching.end(signal.SIGTERM)
    assert (found, said.count("error: ")) == (0, 1)
    assert [(Path(row["path"]).name, bool(row["error"])) for row in watching.rows()] == [
        ("a.png", False),
        ("broken.png", True),
    ]


@pytest.mark.skipif(sys.platform == "win32", reason="links need a right there")
def test_a_link_that_leads_nowhere_ends_nothing(folder: Path) -> None:
    (folder / "loop.jpg").symlink_to("loop.jpg")
    (folder / "nothing.jpg").symlink_to("nowhere.jpg")
    (folder / "a.jpg").write_bytes(b"whole")
    clock = Clock()
    watch = Watch(str(folder), set(), clock)
    watch.look()
    clock.tick()
    assert watch.look() == [str(folder / "a.jpg")]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["."], "found a folder without --csv FILE, which knows after a restart what is answered already"),
        (["0", "--csv", "t.csv"], "found --csv and a camera, wanted --csv with a folder; --json prints"),
        (["rtsp://pi.lan/live", "--csv", "t.csv"], "found --csv and a camera"),
        ([".", "--csv", "-"], "found --csv '-', wanted a FILE, which knows what is answered"),
        ([".", "--csv", ""], "found --csv '', wanted a FILE"),
        ([], "the following arguments are required: FOLDER|CAMERA"),
    ],
)
def test_what_is_neither_a_folder_with_a_table_nor_a_camera_is_wrong_usage(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as raised:
        main(arguments)
    assert raised.value.code == 2
    assert words in capsys.readouterr().err


def test_a_number_is_a_camera_even_beside_a_folder_of_that_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "97").mkdir()
    monkeypatch.chdir(tmp_path)
    assert main(["97"]) == 1
    assert "error: camera 97: found n" in capfd.readouterr().err


def test_a_missing_folder_with_a_table_is_named_as_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    missing = str(tmp_path / "incoming")
    assert main([missing, "--csv", str(tmp_path / "t.csv")]) == 1
    assert f"ressq-watch: error: {missing}: found no such folder, wanted one to watch" in capsys.readouterr().err
