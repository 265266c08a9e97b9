"""What the trainer's tests share."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from ressq_edge.cli import main
from runs import QUICK


@pytest.fixture(scope="session")
def few(shapes: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve pictures of each of three shapes; a split trains on 24 of the 36."""
    root = tmp_path_factory.mktemp("few")
    for folder in shapes.iterdir():
        (root / folder.name).mkdir()
        for picture in sorted(folder.iterdir())[:12]:
            shutil.copy(picture, root / folder.name)
    return root


@pytest.fixture(scope="session")
def done(few: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of three epochs that nothing interrupted; nobody may write into it."""
    run = tmp_path_factory.mktemp("done") / "run"
    assert main([str(few), "--out", str(run), "--epochs", "3", *QUICK]) == 0
    return run
