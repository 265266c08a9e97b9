"""The fuzzers for two seconds each; `make fuzz SECONDS=300` runs them longer."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from ressq_runtime import ArtefactError, read_card
from ressq_runtime.artefact.container import CARD_NAME
from ressq_runtime.artefact.zip_and_protobuf import DamagedError, find_zip_entry, zip_directory, zip_entry

HERE = Path(__file__).parent
LARGEST_CORPUS_BYTES = 200_000
FLATBUFFER = b"\x1c\0\0\0TFL3" + bytes(64)


def run_fuzzer(target: str, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(HERE / "run.py"), target, *arguments]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, errors="replace", check=False)


@pytest.mark.parametrize("target", ["card", "zip", "protobuf", "flatbuffer", "artefact", "picture"])
def test_mutated_input_ends_in_our_error(target: str, tmp_path: Path) -> None:
    done = run_fuzzer(target, "--seconds", "2", cwd=tmp_path)
    assert done.returncode == 0, done.stderr[-2000:]
    assert " refused, peak " in done.stdout
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("reader", "hang_s", "words"), [
    ("lambda data: 1 / 0", 60, "ZeroDivisionError"),
    ("lambda data: bytearray(b'x') * (600 << 20)", 60, "MiB after input 7"),
    ("lambda data: __import__('os').abort()", 60, "Aborted"),
    # In C, with the interpreter's lock held.
    ("lambda data: __import__('re').match('(a+)+$', 'a' * 99 + 'b')", 1, "Timeout (0:00:01)!"),
])  # fmt: skip
def test_a_fuzzer_that_finds_something_fails_and_names_the_input(
    tmp_path: Path, reader: str, hang_s: int, words: str
) -> None:
    code = (
        f"import sys; sys.path.insert(0, {str(HERE)!r}); import run, targets; run.HANG_S = {hang_s}; "
        f"targets.TARGETS['zip'] = targets.TARGETS['zip']._replace(read={reader}); "
        "sys.exit(run.main(['zip', '--seconds', '5', '--seed', '7']))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert words in done.stderr
    assert (tmp_path / ".fuzz-zip.seed").read_text().strip() == "7"


def test_the_corpus_stays_small() -> None:
    sizes = [path.stat().st_size for path in (HERE / "corpus").rglob("*") if path.is_file()]
    assert len(sizes) > 10
    assert sum(sizes) < LARGEST_CORPUS_BYTES


@pytest.mark.parametrize("name", ["../outside.txt", "/tmp/outside.txt", "..\\outside.txt", "a/../../outside.txt"])
def test_no_path_of_an_archive_is_ever_written(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "inside"
    folder.mkdir()
    path = folder / "model.tflite"
    with path.open("wb") as file:
        file.write(FLATBUFFER)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(name, "written")
        archive.writestr(CARD_NAME, "{}")
    with pytest.raises(ArtefactError, match="found card format None"):
        read_card(path)
    assert [found.name for found in tmp_path.rglob("*")] == ["inside", "model.tflite"]
    assert not Path("/tmp/outside.txt").exists()


def test_a_zip_entry_is_bounded_by_the_file() -> None:
    whole = FLATBUFFER + zip_entry(CARD_NAME, b"{}")
    lies = bytearray(whole + zip_directory([(CARD_NAME, b"{}", len(FLATBUFFER))], len(whole)))
    at = lies.index(b"PK\1\2") + 20
    lies[at : at + 8] = b"\xff\xff\xff\x7f" * 2  # compressed and real size: 2 GB
    with pytest.raises(DamagedError, match="does not match its checksum"):
        find_zip_entry(bytes(lies), CARD_NAME)


def test_a_compressed_bomb_is_not_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "bomb.tflite"
    path.write_bytes(FLATBUFFER)
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(CARD_NAME, b" " * 50_000_000)
    with pytest.raises(ArtefactError, match="a zip entry is overwritten or compressed"):
        read_card(path)
