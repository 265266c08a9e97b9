"""Many pictures through `ressq-infer`: from arguments, from stdin, one after the other or one ahead of the other."""

from __future__ import annotations

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from ressq_runtime.classifier import Classifier
from ressq_runtime.commands.infer import main
from ressq_runtime.errors import FolderError, PictureError
from ressq_runtime.inputs.picture_spec import PixelSpec
from ressq_runtime.streaming import prefetch as ahead
from ressq_runtime.streaming import stream
from ressq_runtime.streaming.prefetch import AHEAD, prepare_all
from ressq_runtime.streaming.shutdown import GracefulShutdown
from ressq_runtime.streaming.stream import read_paths

SPEC = PixelSpec.for_size(64)


@pytest.fixture
def model(artefacts: dict[str, Path]) -> str:
    return str(artefacts["int8.tflite"])


@pytest.fixture
def pictures(shapes: Path) -> list[str]:
    return [str(path) for path in sorted(shapes.rglob("*.png"))]


def say(text: str) -> None:
    print(text, file=sys.stderr)


def paths_of(content: bytes) -> list[str]:
    """What read_paths finds in a pipe that holds this."""
    source, sink = os.pipe()
    os.write(sink, content)
    os.close(sink)
    try:
        return list(read_paths(say, source))
    finally:
        os.close(source)


def test_a_stream_of_no_path_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert paths_of(b"") == []
    assert capsys.readouterr().err == "stdin: found no path, nothing to do\n"


def test_paths_end_with_a_nul_which_the_last_may_lack(capsys: pytest.CaptureFixture[str]) -> None:
    assert paths_of(b"a.jpg\0b c\n.jpg\0") == ["a.jpg", "b c\n.jpg"]
    assert paths_of("ü\0".encode() + b"\xff.jpg") == ["ü", os.fsdecode(b"\xff.jpg")]
    assert capsys.readouterr().err == ""


def test_a_path_is_there_before_the_next_one_is_written() -> None:
    source, sink = os.pipe()
    found = read_paths(say, source)
    for name in ("a.jpg", "b.jpg"):
        os.write(sink, name.encode() + b"\0")
        assert next(found) == name
    os.close(sink)
    assert list(found) == []
    os.close(source)


def test_lines_are_refused_with_what_makes_them_paths() -> None:
    with pytest.raises(PictureError, match="stdin: found lines, wanted paths, each ended by a NUL; use find -print0"):
        paths_of(b"a.jpg\nb.jpg\n")
    with pytest.raises(PictureError, match=r"stdin: found 4\d{4} bytes without a NUL"):
        paths_of(b"a" * 40_000)


def test_a_closed_stdin_is_an_error() -> None:
    source, sink = os.pipe()
    os.close(sink)
    os.close(source)
    with pytest.raises(PictureError, match="stdin: Bad file descriptor; redirect it"):
        next(read_paths(say, source))


@pytest.mark.parametrize("threaded", [False, True])
def test_pictures_are_prepared_in_order_and_the_broken_named(
    pictures: list[str], tmp_path: Path, threaded: bool
) -> None:
    named = [*pictures[:5], str(tmp_path / "none.jpg"), *pictures[5:9]]
    found = list(prepare_all(iter(named), SPEC, ahead=threaded))
    assert [path for path, _ in found] == named
    assert [isinstance(prepared, PictureError) for _, prepared in found] == [name not in pictures for name in named]
    for path, prepared in found:
        if not isinstance(prepared, PictureError):
            from ressq_runtime.inputs.picture import to_pixels

            assert prepared[0] == to_pixels(path, SPEC)


def test_no_more_pictures_are_prepared_than_may_wait(pictures: list[str]) -> None:
    taken: list[str] = []
    enough = threading.Event()

    def named() -> Iterator[str]:
        for picture in pictures:
            taken.append(picture)
            if len(taken) == AHEAD + 3:
                enough.set()
            yield picture

    found = prepare_all(named(), SPEC, ahead=True)
    next(found)
    # One is with us, AHEAD wait, one waits to be put: the next is not even asked for.
    assert not enough.wait(0.5)
    next(found)
    assert enough.wait(5)


@pytest.mark.parametrize("threaded", [False, True])
def test_a_fault_of_the_source_reaches_the_caller(pictures: list[str], threaded: bool) -> None:
    def named() -> Iterator[str]:
        yield pictures[0]
        raise FolderError("gone")

    found = prepare_all(named(), SPEC, ahead=threaded)
    next(found)
    with pytest.raises(FolderError, match="gone"):
        next(found)


def test_a_caller_that_leaves_ends_the_thread(pictures: list[str]) -> None:
    found = prepare_all(iter(pictures), SPEC, ahead=True)
    next(found)
    thread = next(thread for thread in threading.enumerate() if thread.name == "prepare")
    found.close()  # type: ignore[attr-defined]
    thread.join(5)
    assert not thread.is_alive()


@pytest.mark.parametrize("cores", [1, 2])
def test_a_core_that_the_interpreter_leaves_decodes_and_the_answers_stay_the_same(
    model: str, pictures: list[str], cores: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[bool] = []
    monkeypatch.setattr(stream, "available_cores", lambda: cores)
    monkeypatch.setattr(stream, "prepare_all", lambda *a, ahead: asked.append(ahead) or prepare_all(*a, ahead=ahead))
    assert main([*pictures, "--model", model, "--json", "--threads", "1"]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert asked == [cores > 1]
    assert [row["path"] for row in rows] == pictures
    classifier = Classifier.load(model)
    for row in rows[::20]:
        best = classifier.classify(row["path"])[0]
        assert row["predictions"][0] == {"label": best.label, "probability": round(best.probability, 7)}


@pytest.mark.host
def test_the_latency_of_a_picture_is_its_work_not_its_wait(
    model: str, pictures: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    waited = threading.Event()
    slow = ahead._attempt

    def attempt(path: str, spec: PixelSpec) -> object:
        waited.wait(0.2)
        return slow(path, spec)

    monkeypatch.setattr(stream, "available_cores", lambda: 2)
    monkeypatch.setattr(ahead, "_attempt", attempt)
    assert main([*pictures[:4], "--model", model, "--json", "--threads", "1"]) == 0
    for line in capsys.readouterr().out.splitlines():
        latency_ms = json.loads(line)["latency_ms"]
        assert latency_ms["total"] == pytest.approx(sum(latency_ms.values()) - latency_ms["total"], abs=0.01)
        assert latency_ms["total"] < 200


def test_paths_on_stdin_are_answered_as_they_come(model: str, pictures: list[str]) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "ressq_runtime", "--stdin0", "--json", "--model", model],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdin
    assert process.stdout
    for picture in (*pictures[:3], "none.jpg", *pictures[3:5]):
        process.stdin.write(picture.encode() + b"\0")
        process.stdin.flush()
        row = json.loads(process.stdout.readline())
        assert row["path"] == picture
        assert ("error" in row) == (picture == "none.jpg")
    process.stdin.close()
    assert process.stdout.read() == b""
    assert process.wait(10) == 1
    process.stdout.close()


def test_an_answered_picture_is_not_done_again_and_a_bad_one_is_until_it_is_mended(
    model: str, pictures: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table, broken = tmp_path / "t.csv", tmp_path / "broken.jpg"
    broken.touch()
    arguments = ["--model", model, "--csv", str(table), "--json"]
    # Named several times, a picture has one row even so.
    assert main([*[pictures[0]] * 9, *pictures[:3], str(broken), pictures[0], *arguments]) == 1
    capsys.readouterr()
    assert main([str(broken), *pictures[:5], *arguments]) == 1
    captured = capsys.readouterr()
    assert [json.loads(line)["path"] for line in captured.out.splitlines()] == [str(broken), *pictures[3:5]]
    assert (
        f"{table}: continued: 3 pictures are answered and not done again; rows with an error, tried again: 1\n"
        in captured.err
    )
    rows = list(csv.DictReader(table.read_text().splitlines()))
    assert [row["path"] for row in rows] == [*pictures[:3], str(broken), *pictures[3:5]]
    assert main([*pictures[:5], *arguments]) == 1, "a picture without an answer, if not named this time"
    shutil.copy(pictures[5], broken)
    assert main([str(broken), *pictures[:5], *arguments]) == 0
    rows = list(csv.DictReader(table.read_text().splitlines()))
    assert [row["path"] for row in rows] == [*pictures[:5], str(broken)]
    assert not any(row["error"] for row in rows)


def test_half_a_row_is_removed_said_and_done_again(
    model: str, pictures: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = tmp_path / "t.csv"
    arguments = [*pictures[:3], "--model", model, "--csv", str(table)]
    assert main(arguments) == 0
    os.truncate(table, table.stat().st_size - 1)
    assert main(arguments) == 0
    assert "removed half a row at its end" in capsys.readouterr().err
    assert [row["path"] for row in csv.DictReader(table.read_text().splitlines())] == pictures[:3]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_waits_until_an_answer_is_written(number: signal.Signals) -> None:
    written = []

    def answer() -> None:
        with GracefulShutdown() as ending:
            with ending.held():
                os.kill(os.getpid(), number)
                written.append("answer")
            written.append("more")

    def wait() -> None:
        with GracefulShutdown():
            os.kill(os.getpid(), number)
            threading.Event().wait(5)

    before = signal.getsignal(number)
    for broken_off in (answer, wait):
        with pytest.raises(KeyboardInterrupt):
            broken_off()
        assert signal.getsignal(number) is before
    assert written == ["answer"]


def test_an_ignored_signal_stays_ignored() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with GracefulShutdown():
            os.kill(os.getpid(), signal.SIGINT)
    finally:
        signal.signal(signal.SIGINT, before)
