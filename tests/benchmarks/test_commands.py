"""Every benchmark's command that a document, a docstring or a kept report shows is one that the script takes."""

from __future__ import annotations

import argparse
import importlib.util
import json
import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
TEXTS = (
    *(ROOT / name for name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "Makefile")),
    *sorted((ROOT / "docs").rglob("*.md")),
    *sorted((ROOT / "benchmarks").rglob("*.py")),
    *sorted((ROOT / "tools").rglob("*.py")),
)
# Not for people: what the boards count has no parser, so that it stays the script that most people would write.
NO_PARSER = {"plain_script.py", "plain_masks.py"}
# `python benchmarks/X.py ...` to the end of an indented line, or between backticks.
IN_BACKTICKS = re.compile(r"`python (benchmarks/\w+\.py[^`]*)`")
IN_A_LINE = re.compile(r"^\s+(?:python |\$\(RUN\)python )(benchmarks/\w+\.py.*)$", re.MULTILINE)
MENTIONED = re.compile(r"benchmarks/(\w+\.py)")


class Parsed(Exception):  # noqa: N818 - no error: the parser took the flags
    """Thrown where a script has parsed its command line and would begin."""


def find_commands(text: str) -> Iterator[str]:
    """`benchmarks/X.py ...` as a shell would see it, every optional part taken."""
    for pattern in (IN_BACKTICKS, IN_A_LINE):
        for found in pattern.findall(text):
            command = re.sub(r"\s+#.*|\\$|\.\.\.", "", found)
            # `[--rounds N]`: with it. A bare N is a number, everything else in capitals a name.
            yield re.sub(r"\bN\b", "1", re.sub(r"[][]", " ", command))


def load(name: str) -> ModuleType:
    """The script as a module of its own name: one is called like a folder of tests."""
    key = f"benchmark_{name.removesuffix('.py')}"
    if key not in sys.modules:
        spec = importlib.util.spec_from_file_location(key, ROOT / "benchmarks" / name)
        assert spec is not None
        assert spec.loader is not None
        sys.modules[key] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[key])
    return sys.modules[key]


@pytest.fixture
def fault(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """Gives what a script's own parser has against a command; empty: nothing. The script goes no further."""
    parse_args = argparse.ArgumentParser.parse_args

    def stop(parser: argparse.ArgumentParser, *arguments: Any) -> None:
        parse_args(parser, *arguments)
        raise Parsed

    def find_fault(command: str) -> str:
        script, *arguments = shlex.split(command)
        if not (ROOT / script).is_file():
            return f"{command}: there is no {script}"
        if Path(script).name in NO_PARSER:
            return ""
        module = load(Path(script).name)
        monkeypatch.setattr(sys, "argv", [script, *arguments])
        monkeypatch.setattr(argparse.ArgumentParser, "parse_args", stop)
        try:
            module.main()
        except Parsed:
            return ""
        except SystemExit:
            return f"{command}: {capsys.readouterr().err.splitlines()[-1]}"
        finally:
            monkeypatch.setattr(argparse.ArgumentParser, "parse_args", parse_args)
        return f"{command}: nothing parsed it"

    return find_fault


def test_every_command_that_is_shown_is_taken(fault: Any) -> None:
    commands = {
        command: path.relative_to(ROOT) for path in TEXTS for command in find_commands(path.read_text(encoding="utf-8"))
    }
    scripts = {shlex.split(command)[0] for command in commands}
    shown_by_themselves = {
        f"benchmarks/{path.name}" for path in (ROOT / "benchmarks").glob("*.py") if "\ndef main(" in path.read_text()
    }
    assert shown_by_themselves <= scripts, "each shows its own command, or the patterns find nothing"
    faults = [f"{path}: {found}" for command, path in commands.items() if (found := fault(command))]
    assert faults == []


def test_the_commands_of_kept_reports_are_taken(fault: Any) -> None:
    kept = sorted((ROOT / "benchmarks" / "results").glob("*.json"))
    assert kept
    for path in kept:
        assert fault(shlex.join(json.loads(path.read_text())["command"])) == "", path.name


def test_every_script_that_is_mentioned_is_there() -> None:
    for path in TEXTS:
        for name in MENTIONED.findall(path.read_text(encoding="utf-8")):
            assert (ROOT / "benchmarks" / name).is_file(), f"{path}: benchmarks/{name}"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("see `python benchmarks/scale.py --quik`", "unrecognized arguments: --quik"),
        ("\n    python benchmarks/scale.py --rounds many  # slow\n", "invalid int value: 'many'"),
        ("\n    python benchmarks/bypass.py PHOTOS [--seeds N]\n", "arguments are required: --out"),
        ("\n    python benchmarks/scales.py\n", "there is no benchmarks/scales.py"),
    ],
)
def test_a_wrong_command_is_found(text: str, words: str, fault: Any) -> None:
    (command,) = find_commands(text)
    assert words in fault(command)
