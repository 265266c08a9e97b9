"""A locale that is not UTF-8 reads names as other letters: every command that lists pictures says so."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ressq_runtime import Classifier

pytestmark = pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="names there are always UTF-8")
SAID = "found the locale ascii, wanted UTF-8, as names are in; export LC_ALL=C.UTF-8"
POSIX = {"LC_ALL": "POSIX", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}


@pytest.fixture(scope="module")
def photos(shapes: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two classes, one of them not in ASCII."""
    root = tmp_path_factory.mktemp("locale") / "photos"
    for shape, label in (("circle", "Größe"), ("square", "klein")):
        (root / label).mkdir(parents=True)
        for index in range(3):
            shutil.copy(shapes / shape / f"{index:02}.png", root / label)
    return root


def run(module: str, *arguments: object, code: int = 1, stdin: bytes | None = None) -> tuple[str, str]:
    """stdout and stderr of a command in the POSIX locale."""
    call = f"import sys; from {module} import main; sys.exit(main())"
    ended = subprocess.run(
        [sys.executable, "-c", call, *map(os.fspath, arguments)],  # type: ignore[call-overload]
        env={**os.environ, **POSIX}, capture_output=True, input=stdin, timeout=120,
    )  # fmt: skip
    said = ended.stderr.decode()
    assert ended.returncode == code, said
    assert "Traceback" not in said
    return ended.stdout.decode(), said


@pytest.mark.parametrize("named", [".", "Größe/00.png"])
def test_answers_do_not_carry_other_letters(photos: Path, named: str) -> None:
    out, said = run("ressq_runtime.commands.infer", photos / named, "--json")
    assert SAID in said
    assert out == ""


def test_a_stream_and_a_watched_folder_are_told_of_it(photos: Path, tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    stream = f"{photos}/Größe/00.png\0".encode()
    assert SAID in run("ressq_runtime.commands.infer", "--stdin0", "--csv", table, stdin=stream)[1]
    assert SAID in run("ressq_runtime.commands.watch", photos, "--csv", table)[1]
    assert "Gr" not in table.read_text(encoding="utf-8")


def test_names_of_ascii_are_answered_as_ever(photos: Path) -> None:
    out, said = run("ressq_runtime.commands.infer", photos / "klein", "--json", code=0)
    assert [json.loads(line)["path"] for line in out.splitlines()] == [f"{photos}/klein/0{n}.png" for n in range(3)]
    assert "locale" not in said


def test_names_that_are_no_utf8_are_as_the_locale_has_them(shapes: Path, tmp_path: Path) -> None:
    old = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.png"))
    try:
        shutil.copy(shapes / "circle/00.png", old)
    except OSError:
        pytest.skip("this file system takes UTF-8 alone")
    assert "locale" not in run("ressq_runtime.commands.infer", tmp_path, "--json", code=0)[1]


def test_an_evaluation_says_it(photos: Path, tmp_path: Path) -> None:
    model = Path(sys.modules["ressq_runtime"].__file__ or "").parent / "builtin/clothing_int8.tflite"
    assert SAID in run("ressq_runtime.commands.evaluate", model, photos)[1]
    labels = Classifier.load(model).labels
    split = tmp_path / "split.json"
    split.write_text(json.dumps({"format": 1, "labels": labels, "test": [["Größe/00.png", 0]]}))
    assert SAID in run("ressq_runtime.commands.evaluate", model, photos, "--split", split)[1]


@pytest.mark.host
def test_training_says_it_before_it_speaks_of_other_faults(photos: Path, tmp_path: Path) -> None:
    options = ["--init", "none", "--size", "32"]
    for data in (photos, photos / "Größe"):
        assert SAID in run("ressq_edge.cli", data, "--out", tmp_path / "run", *options)[1]
    assert SAID in run("ressq_edge.cli", photos / "klein", "--out", tmp_path / "Größe", *options)[1]
    assert list(tmp_path.iterdir()) == []
