"""What the trainer's tests share."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def few(shapes: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve pictures of each of three shapes; a split trains on 24 of the 36."""
    root = tmp_path_factory.mktemp("few")
    for folder in shapes.iterdir():
        (root / folder.name).mkdir()
        for picture in sorted(folder.iterdir())[:12]:
            shutil.copy(picture, root / folder.name)
    return root
