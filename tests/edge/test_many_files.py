"""A folder of 200,000 files is listed and split in seconds and in little memory; nothing is decoded for that."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

COUNT, CLASSES, SITES = 200_000, 20, 400
MOST_SECONDS, MOST_BYTES = 60, 1_000_000_000
SOURCES = 40  # a file may have no more than 65,000 names

# In a process of its own, whose largest memory the system tells: PyTorch included, as in ressq-train. Not by
# getrusage, where a child begins with what its parent had, which is pytest.
CHILD = """
import json, re, sys, time
from pathlib import Path
from ressq_edge.data.folder import split_folder
from ressq_edge.data.split import pictures_sha256, read_split, write_split
from ressq_edge.notes import tell_others

root, run, group_by = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3] or None
started = time.process_time()
split = split_folder(root, 0, group_by)
others = tell_others(root)
write_split(run, split)
digest = pictures_sha256(split, root)
seconds = time.process_time() - started
assert read_split(run) == split
used = 1024 * int(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1])
sizes = [len(split.train), len(split.val), len(split.test)]
print(json.dumps({"seconds": seconds, "bytes": used, "sizes": sizes, "others": others}))
"""


@pytest.fixture(scope="module")
def crowd(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """200,000 names of pictures that are none, in 20 classes and 400 sites: whoever decodes one finds out."""
    root = tmp_path_factory.mktemp("crowd")
    sources = [root / f"source{index}" for index in range(SOURCES)]
    for source in sources:
        source.write_bytes(source.name.encode())
    photos = root / "photos"
    for site in range(SITES):
        folder = photos / f"class {site % CLASSES:02}" / f"site{site:03}"
        folder.mkdir(parents=True)
        for number in range(COUNT // SITES):
            os.link(sources[number % SOURCES], folder / f"{number:06}.jpg")
    os.link(sources[0], photos / "notes.txt")
    return photos


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="/proc tells a process's largest memory")
@pytest.mark.parametrize("group_by", ["", "site[0-9]+"], ids=["by picture", "by site"])
def test_200000_files_are_split_within_a_minute_and_a_gigabyte(crowd: Path, tmp_path: Path, group_by: str) -> None:
    command = [sys.executable, "-c", CHILD, str(crowd), str(tmp_path), group_by]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    found = json.loads(subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout)
    print(f"{found['seconds']:.1f} s of one core, {found['bytes'] / 1e6:.0f} MB")
    assert sum(found["sizes"]) == COUNT
    assert found["sizes"] == [COUNT * 70 // 100, COUNT * 15 // 100, COUNT * 15 // 100]
    assert found["others"] == ["1 files are left out, being no pictures by their names: notes.txt"]
    # Of the processor: others may want the machine as well, and the disk's share is little beside it.
    assert found["seconds"] < MOST_SECONDS
    assert found["bytes"] < MOST_BYTES
