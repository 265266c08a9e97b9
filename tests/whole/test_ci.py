"""CI runs everything: each folder of tests, and each target of make that tests something."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
NOT_RUN = {"bench", "fuzz", "test"}  # two have tests of their own, and test is run folder by folder


def dry_run(*targets: str) -> list[str]:
    """What make would run, a line for each command."""
    environment = {name: value for name, value in os.environ.items() if name != "MAKEFLAGS"}  # of the make that tests
    command = ["make", "-n", *targets]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    return [line.removeprefix("time ") for line in done.stdout.splitlines()]


def test_each_folder_of_tests_is_run() -> None:
    commands = dry_run("ci")
    folders = {path.parent.relative_to(ROOT).as_posix() for path in (ROOT / "tests").glob("*/test_*.py")}
    ran = {command.split()[-1].rstrip("/") for command in commands if " pytest " in command}
    assert ran == folders
    assert ".venv/bin/python -m pytest -q tests/pi" in commands, "a part of it is not marked pi"


def test_each_target_of_make_is_run() -> None:
    commands = set(dry_run("ci"))
    shown = set(re.findall(r"^#   make ([\w-]+)", (ROOT / "Makefile").read_text(), re.MULTILINE))
    shown = {name for name in shown - NOT_RUN if not name.startswith("-")}
    assert {"check", "demo", "pi-bench", "pi-test", "pillow-versions", "litert-versions"} <= shown
    for target in shown:
        settings = ["IF_CHANGED=1"] if target.endswith("-versions") else []
        assert commands >= set(dry_run(target, *settings)), f"make {target}"
