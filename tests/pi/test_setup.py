"""Where no board can be emulated, `make pi-test` says so at once and fails."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

PI = Path(__file__).parents[2] / "tools" / "pi" / "pi.sh"


@pytest.mark.parametrize(("program", "said"), [("uname", "aarch64"), ("id", "1000")])
def test_a_machine_that_cannot_emulate_is_refused_before_anything_is_installed(
    tmp_path: Path, program: str, said: str
) -> None:
    fake = tmp_path / program
    fake.write_text(f"#!/bin/sh\necho {said}\n")
    fake.chmod(0o755)
    environment = {**os.environ, "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}", "PI_HOME": str(tmp_path / "pi")}
    found = subprocess.run([PI, "setup"], env=environment, capture_output=True, text=True, check=False)
    assert found.returncode == 1
    assert "found no way to set the emulated boards up here, wanted root on x86-64 Debian 12" in found.stderr
    assert not (tmp_path / "pi").exists()
