"""What Pillow warns of while we decode is ours to judge, and all other warnings are the program's."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from PIL import Image

from ressq_runtime.decoding.pillow_warnings import Ignored
from ressq_runtime.inputs.picture import decode

DAMAGED_EXIF = b"MM\0*\0\0\xff\xff"


@pytest.fixture
def damaged(tmp_path: Path) -> Path:
    path = tmp_path / "damaged.png"
    Image.effect_noise((80, 70), 60).convert("RGB").save(path, exif=DAMAGED_EXIF)
    with Image.open(path) as image, pytest.warns(UserWarning, match="Corrupt EXIF"):
        image.getexif()
    return path


def warn_as(module: str, line: int) -> None:
    """What `warnings.warn` does in that module."""
    warnings.warn_explicit("odd", UserWarning, "file.py", line, module)


def test_after_many_threads_the_filters_are_what_they_were(damaged: Path) -> None:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="mine")
        filters, before = warnings.filters, list(warnings.filters)
        with ThreadPoolExecutor(8) as pool:
            assert len({image.tobytes() for image in pool.map(decode, [damaged] * 200)}) == 1
        assert warnings.filters is filters
        assert list(filters) == before


def test_others_hear_pillows_warnings_while_a_thread_does_not() -> None:
    inside, leave = threading.Event(), threading.Event()
    heard: list[str] = []

    def work() -> None:
        with Ignored():
            warn_as("PIL.PngImagePlugin", 1)
            heard.append("nothing of Pillow")
            inside.set()
            leave.wait()
            with Ignored():
                pass
            warn_as("PIL.PngImagePlugin", 2)
            with pytest.raises(UserWarning):
                warn_as("another", 3)
            heard.append("all else")

    thread = threading.Thread(target=work)
    thread.start()
    inside.wait()
    with pytest.raises(UserWarning):
        warn_as("PIL.PngImagePlugin", 4)
    leave.set()
    thread.join()
    assert heard == ["nothing of Pillow", "all else"]
    with pytest.raises(UserWarning):
        warn_as("PIL.PngImagePlugin", 5)


def test_a_warning_that_was_shown_once_is_not_shown_again_behind_each_picture(damaged: Path) -> None:
    with warnings.catch_warnings(record=True) as shown:
        warnings.simplefilter("default")
        for _ in range(5):
            warnings.warn("the program's", UserWarning, stacklevel=1)
            decode(damaged)
    assert [str(found.message) for found in shown] == ["the program's"]


def test_filters_that_the_program_sets_meanwhile_stay() -> None:
    with warnings.catch_warnings():
        with Ignored():
            warnings.resetwarnings()
            warnings.simplefilter("ignore")
            mine = list(warnings.filters)
        assert list(warnings.filters) == mine
    with Ignored(), warnings.catch_warnings():
        pass
    with pytest.raises(UserWarning):
        warn_as("PIL.PngImagePlugin", 6)


def test_an_image_with_damaged_exif_data_is_read(damaged: Path) -> None:
    with Image.open(damaged) as image:
        assert decode(image).size == (80, 70)


def test_the_command_prints_nothing_of_them(damaged: Path) -> None:
    command = [sys.executable, "-m", "ressq_runtime", damaged, "--json"]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "PYTHONWARNINGS": "default"})
    assert done.returncode == 0
    said = [line for line in done.stderr.splitlines() if "XNNPACK delegate" not in line]
    assert len(said) == 1
    assert re.match("ressq-infer: built-in clothing model", said[0])
