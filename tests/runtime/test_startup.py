"""Start-up is a feature: what the plainest call reads without argparse, and what it never loads."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

import ressq_runtime
from ressq_runtime.commands.arguments import parse_infer
from ressq_runtime.commands.infer import Plain, read_plain

PLAIN = [
    ["a.jpg"],
    ["a.jpg", "--json"],
    ["--model", "m.tflite", "a.jpg", "--top-k", "3", "--threads", "2", "--json"],
    ["--json", "--json", "--top-k", "3", "--top-k", "07", "a b.jpg", "--model", "x", "--model", "y"],
]
# What argparse alone may judge, right or wrong.
OTHER = [
    [], ["--help"], ["-h"], ["--version"], [""], ["-"], ["--", "-a.jpg"], ["a.jpg", "b.jpg"], ["--jso", "a.jpg"],
    ["--model=m", "a.jpg"], ["a.jpg", "--model"], ["a.jpg", "--model", ""], ["a.jpg", "--model", "--json"],
    ["a.jpg", "--top-k", "0"], ["a.jpg", "--top-k", "x"], ["a.jpg", "--top-k", "-1"], ["a.jpg", "--threads", "1.5"],
    ["a.jpg", "--engine", "litert"], ["a.jpg", "--csv", "t.csv"], ["a.jpg", "--profile"], ["--json"],
]  # fmt: skip
HEAVY = {
    "PIL.Image", "argparse", "collections", "contextlib", "dataclasses", "enum", "functools", "hashlib", "json",
    "logging", "numpy", "pathlib", "re", "ressq_runtime.commands.arguments",
    "ressq_runtime.inputs.picture", "typing", "zipfile",
}  # fmt: skip


def fields(plain: Plain) -> dict[str, object]:
    return {name: getattr(plain, name) for name in dir(plain) if not name.startswith("_")}


@pytest.mark.parametrize("words", PLAIN, ids=" ".join)
def test_the_plainest_calls_are_read_as_argparse_reads_them(words: list[str]) -> None:
    plain = read_plain(words)
    assert plain is not None
    assert fields(plain) == vars(parse_infer(words))


@pytest.mark.parametrize("words", OTHER, ids=" ".join)
def test_all_else_is_left_to_argparse(words: list[str]) -> None:
    assert read_plain(words) is None


def test_garbage_is_collected_among_many_pictures_and_not_for_one(tmp_path: Path) -> None:
    Image.effect_noise((120, 90), 60).convert("RGB").save(tmp_path / "photo.jpg")
    code = (
        "import gc, os, ressq_runtime.commands.infer as infer\n"
        "infer.leave = lambda name, code: os._exit(code or 10 * gc.isenabled())\n"
        "infer.run()"
    )
    for named, wanted in (("photo.jpg", 0), (".", 10)):
        done = subprocess.run([sys.executable, "-c", code, named], cwd=tmp_path, stdout=subprocess.DEVNULL)
        assert done.returncode == wanted


def test_a_jpeg_is_answered_without_the_costly_imports(tmp_path: Path) -> None:
    Image.effect_noise((120, 90), 60).convert("RGB").save(tmp_path / "photo.jpg")
    code = (
        "import sys; before = set(sys.modules); import ressq_runtime.commands.infer as infer\n"
        "assert infer.main([sys.argv[1]]) == 0\n"
        "print(*set(sys.modules) - before, file=sys.stderr)"
    )
    # -S: an editable install's own hooks would load modules before we can.
    path = [str(Path(ressq_runtime.__file__).parents[1]), *(entry for entry in sys.path if entry)]
    found = subprocess.run(
        [sys.executable, "-S", "-c", code, tmp_path / "photo.jpg"],
        capture_output=True, text=True, check=True, env={"PYTHONPATH": ":".join(path)},
    )  # fmt: skip
    loaded = set(found.stderr.splitlines()[-1].split())
    assert {"PIL._imaging", "ressq_runtime.engines.litert_c"} <= loaded
    assert not loaded & HEAVY
