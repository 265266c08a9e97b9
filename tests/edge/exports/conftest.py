"""The command, run on exports that it must refuse."""

from __future__ import annotations

from pathlib import Path

import pytest

from exported import Failed


@pytest.fixture
def failed(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Failed:
    return Failed(capsys, tmp_path / "out")
