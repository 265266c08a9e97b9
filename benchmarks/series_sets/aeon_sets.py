"""The sets of aeon, and its MiniRocket: each asked in a process of aeon's own environment."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from peer.registry import make_environment

PACKAGES = ("aeon==1.6.0",)
# Name -> samples of a recording, each of which is one window.
SETS = {"GunPoint": 150, "BasicMotions": 100, "OSULeaf": 427}
_WORKERS = Path(__file__).parent / "workers"


def lay_out(name: str, folder: Path) -> Path:
    """The set as train/CLASS/ and test/CLASS/ of CSV recordings in `folder`/NAME, which is made once.

    Raises:
        CannotRun: pip can't install aeon.
        CalledProcessError: aeon does not ship the set; it said so.
    """
    target = folder / name
    if not target.is_dir():
        partial = folder / f".{name}.partial"
        partial.mkdir(parents=True, exist_ok=True)
        _run("lay_out.py", name, str(partial))
        partial.rename(target)
    return target


def ask_minirocket(name: str, seeds: int) -> list[float]:
    """Top-1, 0..1, of MiniRocket with ridge regression on the test part, for each seed.

    Raises:
        CannotRun: pip can't install aeon.
        CalledProcessError: it failed; it said why.
    """
    found: list[float] = json.loads(_run("minirocket.py", name, str(seeds)))
    return found


def _run(worker: str, *arguments: str) -> str:
    python = make_environment("aeon", PACKAGES)
    done = subprocess.run([python, _WORKERS / worker, *arguments], check=True, stdout=subprocess.PIPE, text=True)
    return done.stdout
