"""`ressq-infer -`: a picture from a pipe, in every way that one picture can be answered."""

from __future__ import annotations

import csv
import json
import os
import pty
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

HINT = "for instance: rpicam-still -n -o - | ressq-infer -"


@pytest.fixture
def circle(shapes: Path) -> Path:
    return shapes / "circle" / "00.png"


@pytest.fixture
def infer(artefacts: dict[str, Path]) -> Any:
    """Runs ressq-infer with these words, bytes on its stdin, or this stdin; gives (exit code, stdout, stderr)."""

    def run(*words: object, sent: bytes | None = None, **how: Any) -> tuple[int, str, str]:
        command = [sys.executable, "-m", "ressq_runtime", *map(str, words), "--model", artefacts["int8.tflite"]]
        done = subprocess.run(command, input=sent, capture_output=True, timeout=60, **how)
        return done.returncode, done.stdout.decode(), done.stderr.decode()

    return run


@pytest.mark.parametrize("name", ["-", "/dev/stdin"])
def test_a_picture_on_stdin_is_answered_as_its_file_is(infer: Any, circle: Path, name: str) -> None:
    code, out, _ = infer(name, "--json", sent=circle.read_bytes())
    found, wanted = json.loads(out), json.loads(infer(circle, "--json")[1])
    assert (code, found["path"], found["predictions"]) == (0, name, wanted["predictions"])
    assert infer(name, sent=circle.read_bytes())[1] == infer(circle)[1]
    with circle.open("rb") as file:
        assert infer(name, stdin=file)[1] == infer(circle)[1]


def test_a_shells_process_substitution_is_read(artefacts: dict[str, Path], circle: Path) -> None:
    line = f'"{sys.executable}" -m ressq_runtime <(cat "{circle}") --json --model "{artefacts["int8.tflite"]}"'
    done = subprocess.run(["/bin/bash", "-c", line], capture_output=True, text=True, timeout=60)
    assert json.loads(done.stdout)["label"] == "circle"


def test_what_was_seen_through_a_pipe_is_explained(infer: Any, circle: Path, tmp_path: Path) -> None:
    pytest.importorskip("ai_edge_litert.interpreter", reason="LiteRT is not installed")
    for name, source in (("a.png", circle), ("b.png", "-")):
        code, _, err = infer(source, "--explain", tmp_path / name, sent=circle.read_bytes())
        assert (code, f"wrote {tmp_path / name}" in err) == (0, True)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_each_picture_of_a_pipe_is_a_row_of_its_own_named_by_its_time(infer: Any, circle: Path, tmp_path: Path) -> None:
    table = tmp_path / "answers.csv"
    assert infer("-", "--csv", table, sent=circle.read_bytes())[0] == 0
    assert infer("-", "--csv", table, "--json", sent=circle.read_bytes())[0] == 0
    assert infer("-", "--csv", table, sent=b"")[0] == 1
    with table.open(newline="") as file:
        first, second, third = csv.DictReader(file)
    assert first["label"] == second["label"] == "circle"
    assert third["error"].startswith("stdin: found nothing, wanted a picture")
    assert len({row["path"] for row in (first, second, third)}) == 3
    assert all(row["path"][:2] == "20" and row["path"].endswith("+00:00") for row in (first, second, third))


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        (b"", "stdin: found nothing, wanted a picture; see what the command before it says"),
        (bytes(20_000_001), "stdin: found more than 20 MB, wanted one picture; make a smaller copy"),
        (b"text", "stdin: found no known kind of picture, wanted JPEG"),
    ],
    ids=["nothing", "too much", "text"],
)
def test_what_is_no_picture_is_said_of_stdin(infer: Any, sent: bytes, words: str) -> None:
    code, out, err = infer("-", "--json", sent=sent)
    assert (code, json.loads(out)["path"]) == (1, "-")
    assert words in json.loads(out)["error"]
    assert f"ressq-infer: error: {words}" in err


def test_a_terminal_and_a_closed_stdin_do_not_wait(infer: Any) -> None:
    ours, theirs = pty.openpty()
    try:
        for name, shown in (("-", "stdin"), ("/dev/stdin", "/dev/stdin")):
            code, _, err = infer(name, stdin=theirs)
            assert (code, f"error: {shown}: found a terminal, wanted a picture; {HINT}" in err) == (1, True)
    finally:
        os.close(ours)
        os.close(theirs)
    code, _, err = infer("-", preexec_fn=lambda: os.close(0))
    assert (code, f"error: stdin: found it closed, wanted a picture; {HINT}" in err) == (1, True)


def test_a_stdin_that_cannot_be_read_is_named(infer: Any, tmp_path: Path) -> None:
    with (tmp_path / "only_written").open("wb") as file:
        code, _, err = infer("-", stdin=file)
    assert (code, f"error: stdin: Bad file descriptor; {HINT}" in err) == (1, True)


def test_what_reads_a_picture_more_than_once_or_others_too_takes_none_of_a_pipe(infer: Any, circle: Path) -> None:
    alone = "wanted - alone: it is the one picture on stdin; save it in a file first"
    assert f"found - and --profile, which reads a picture many times, {alone}" in infer("-", "--profile")[2]
    assert f"found - and other pictures, {alone}" in infer("-", circle)[2]
    assert "found pictures and --stdin0, wanted one of the two" in infer("-", "--stdin0")[2]
    code, _, err = infer("/dev/stdin", "--profile", sent=circle.read_bytes())
    assert (code, "/dev/stdin: found a pipe or a device, wanted a picture's file; save it first" in err) == (1, True)


def test_a_file_named_minus_is_named_with_its_folder(infer: Any, circle: Path, tmp_path: Path) -> None:
    (tmp_path / "-").write_bytes(circle.read_bytes())
    assert json.loads(infer("./-", "--json", cwd=tmp_path)[1])["label"] == "circle"
