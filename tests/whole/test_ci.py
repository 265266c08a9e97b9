"""CI runs everything that the Makefile shows and that tests something."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
NOT_RUN = {"bench", "fuzz"}  # both have tests of their own
WITHIN = {"check": "test"}  # part of another target


def test_each_target_of_make_is_run() -> None:
    script = (ROOT / ".ci" / "run").read_text()
    tests = re.search(r"^make (test) >", script, re.MULTILINE)
    others = re.search(r"^make --keep-going --output-sync (.*?) 2>&1", script, re.MULTILINE)
    assert tests
    assert others
    called = {tests[1], *others[1].split()}
    makefile = (ROOT / "Makefile").read_text()
    shown = set(re.findall(r"^#   make ([\w-]+)", makefile, re.MULTILINE)) - NOT_RUN
    assert {WITHIN.get(name, name) for name in shown} == called
    for part, whole in WITHIN.items():
        assert re.search(rf"^{whole}: {part}$", makefile, re.MULTILINE)
