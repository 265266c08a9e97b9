"""Thousands of pictures: killed and continued, and memory that does not grow."""

from __future__ import annotations

import csv
import json
import os
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

GOOD, BAD = 980, 20
KILLS = 8
# A path in the table's set of what is done takes some 150 bytes; a picture that stayed would take 12,000.
LARGEST_GROWTH_BYTES = 500


@pytest.fixture
def pictures(shapes: Path, tmp_path: Path) -> list[str]:
    """1,000 drawn pictures, 20 of them bad in four ways."""
    sources = sorted(shapes.rglob("*.png"))
    half = sources[0].read_bytes()[:2000]
    contents = (b"", b"no picture", half, bytes(5000))
    random_state = random.Random(1)
    bad = set(random_state.sample(range(GOOD + BAD), BAD))
    (tmp_path / "photos").mkdir()
    named = []
    for index in range(GOOD + BAD):
        path = tmp_path / "photos" / f"{index:04}{', bad' if index in bad else ''}.png"
        if index in bad:
            path.write_bytes(contents[index % len(contents)])
        else:
            shutil.copy(sources[index % len(sources)], path)
        named.append(str(path))
    return named


def wait_for_size(process: subprocess.Popen[bytes], path: Path, size_bytes: int) -> None:
    limit = time.monotonic() + 60
    while not (path.exists() and path.stat().st_size >= size_bytes) and process.poll() is None:
        assert time.monotonic() < limit
        time.sleep(1e-3)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_killed_at_random_and_continued_each_picture_has_one_row(
    artefacts: dict[str, Path], pictures: list[str], tmp_path: Path, seed: int
) -> None:
    table, random_state = tmp_path / "t.csv", random.Random(seed)
    listed = tmp_path / "paths"
    listed.write_bytes(b"".join(path.encode() + b"\0" for path in pictures))
    command = [sys.executable, "-m", "ressq_runtime", "--model", str(artefacts["int8.tflite"]), "--csv", str(table)]
    ways = ([str(tmp_path / "photos")], ["--stdin0"])
    cut = 0
    for kill in range(KILLS):
        with listed.open("rb") as stdin:
            process = subprocess.Popen([*command, *ways[kill % 2]], stdin=stdin, stderr=subprocess.DEVNULL)
        before = table.stat().st_size if table.exists() else 0
        wait_for_size(process, table, before + random_state.randrange(20_000))
        time.sleep(random_state.random() * 5e-3)
        process.kill()
        process.wait()
        if kill % 2:  # a power cut takes back what was not on the disk
            size = table.stat().st_size
            cut += size > 1000
            os.truncate(table, size - random_state.randrange(1, 200) if size > 1000 else size)
    done_before = len(table.read_text().splitlines())
    last = subprocess.run([*command, *ways[0]], capture_output=True, text=True, check=False)
    assert last.returncode == 1, last.stderr
    assert cut >= 2
    assert 20 < done_before < GOOD + BAD, "the kills must hit the middle"
    rows = list(csv.DictReader(table.read_text().splitlines()))
    assert sorted(row["path"] for row in rows) == pictures
    for row in rows:
        assert bool(row["error"]) == row["path"].endswith(", bad.png"), row
        assert bool(row["label_1"]) != bool(row["error"]), row
    again = subprocess.run([*command, *ways[0], "--json"], capture_output=True, text=True, check=False)
    assert again.returncode == 1
    assert (
        sum("error" in json.loads(line) for line in again.stdout.splitlines()) == len(again.stdout.splitlines()) == BAD
    )
    assert (
        f"continued: {GOOD} pictures are answered and not done again; rows with an error, tried again: {BAD}"
        in again.stderr
    )
    assert len(table.read_text().splitlines()) == 1 + GOOD + BAD


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="memory is read from /proc")
def test_memory_does_not_grow_with_the_number_of_pictures(
    artefacts: dict[str, Path], shapes: Path, tmp_path: Path
) -> None:
    """RESSQ_TEST_PICTURES=10000 asks for more of them, which takes minutes."""
    sources = sorted(shapes.rglob("*.png"))
    count = int(os.environ.get("RESSQ_TEST_PICTURES", "3000"))
    command = [sys.executable, "-m", "ressq_runtime", "--stdin0", "--json", "--csv", str(tmp_path / "t.csv")]
    command += ["--model", str(artefacts["int8.tflite"])]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin
    assert process.stdout
    resident: list[int] = []
    for index in range(count):
        path = tmp_path / f"{index:05}.png"
        path.symlink_to(sources[index % len(sources)])
        process.stdin.write(os.fsencode(path) + b"\0")
        process.stdin.flush()
        assert "predictions" in json.loads(process.stdout.readline())
        pages = int(Path(f"/proc/{process.pid}/statm").read_text().split()[1])
        resident.append(pages * os.sysconf("SC_PAGE_SIZE"))
    process.stdin.close()
    assert process.wait(20) == 0
    process.stdout.close()
    settled = count // 6
    growth = (resident[-1] - resident[settled]) / (count - settled)
    print(f"{count} pictures: {resident[0]}, {resident[settled]}, {resident[-1]} bytes; {growth:.0f} bytes a picture")
    assert growth < LARGEST_GROWTH_BYTES
