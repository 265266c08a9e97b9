"""The benchmark of damaged pictures counts what is wrong and answered, and fails where nothing is drawn."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from jpegs import damage, drawing, to_jpeg

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
sys.path.insert(0, str(BENCHMARKS))

import damaged_jpegs  # noqa: E402 - benchmarks are scripts, not a package
from damage.ways import DAMAGES, SAVED, data_start  # noqa: E402


def test_a_wrong_picture_is_counted_where_it_is_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    photos = [to_jpeg(drawing((420 + index, 330))) for index in range(4)]
    found = damaged_jpegs.damage_all("as it is", "512 zeros", photos, random.Random(0))
    assert (found.n, found.plain, found.wrong, found.answered) == (4, 0, 4, 0)
    monkeypatch.setattr(damaged_jpegs, "is_answered", lambda _: True)
    assert damaged_jpegs.damage_all("as it is", "512 zeros", photos, random.Random(0)).answered == 4


@pytest.mark.parametrize("saved", SAVED)
@pytest.mark.parametrize("way", DAMAGES)
def test_each_damage_changes_each_kind_behind_its_head(saved: str, way: str) -> None:
    if saved == "AVIF" and not damaged_jpegs.features.check("avif"):
        pytest.skip("this Pillow writes none")
    content = SAVED[saved](to_jpeg(drawing()))
    start = data_start(content)
    broken = DAMAGES[way](content, start, random.Random(1))
    assert broken not in (None, content)
    assert broken[:start] == content[:start]


def test_pixels_are_wrong_by_more_than_a_little() -> None:
    black = damaged_jpegs.read_plain(to_jpeg(Image.new("RGB", (64, 64))))
    assert damaged_jpegs.share_wrong(black, black + 16) == 0
    assert damaged_jpegs.share_wrong(black, black + 17) == 1
    assert damaged_jpegs.share_wrong(black, black[:32]) == 1
    assert damaged_jpegs.read_plain(to_jpeg(drawing())[:400]) is None


def test_the_command_writes_its_report(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    for index in range(3):
        whole = to_jpeg(drawing((300 + index, 200)))
        (tmp_path / "photos" / f"{index}.jpg").write_bytes(damage(whole, bytes(512)) if index == 2 else whole)
    command = [sys.executable, str(BENCHMARKS / "damaged_jpegs.py"), "photos", "--out", "out"]
    done = subprocess.run([*command, "--count", "2"], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert "of 3 whole ones 1 are named" in done.stdout
    assert json.loads((tmp_path / "out" / "damaged_jpegs.json").read_text())["whole"] == {"n": 3, "named": 1}
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 1
    assert "damaged_jpegs.py: error: photos: found 2 whole JPEGs, wanted at least 60; lower --count" in done.stderr
