"""The runtime's wheel, built for tests."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

RUNTIME = Path(__file__).parents[1] / "runtime"


def build_runtime(folder: Path) -> Path:
    """The wheel, and beside it `log`, what its maker was shown.

    Built from a copy: setuptools writes beside the sources, and takes what another build left there.
    """
    left_out = shutil.ignore_patterns("build", "*.egg-info", "__pycache__")
    copy = shutil.copytree(RUNTIME, folder / "runtime", ignore=left_out)
    command = [sys.executable, "-m", "build", "--wheel", "--outdir", folder, copy]
    built = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    (folder / "log").write_bytes(built.stdout)
    return next(folder.glob("ressq_runtime-*.whl"))
