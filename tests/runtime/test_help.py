"""A command's help fits a screen, and shows how it is called."""

from __future__ import annotations

import re
from importlib import import_module

import pytest

COMMANDS = ("infer", "watch", "evaluate", "profile", "serve", "model")
MOST_LINES, MOST_OPTIONS = 40, 13


def help_of(capsys: pytest.CaptureFixture[str], name: str, *words: str) -> str:
    with pytest.raises(SystemExit) as ended:
        import_module(f"ressq_runtime.commands.{name}").main([*words, "--help"])
    assert ended.value.code == 0
    return capsys.readouterr().out


def count_options(text: str) -> int:
    return len(re.findall(r"^  (?:-\w, )?--", text, re.M)) - 1  # but for --help


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_of_a_command_fits_a_screen_and_ends_with_examples(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    text = help_of(capsys, name)
    assert len(text.splitlines()) <= MOST_LINES
    assert max(map(len, text.splitlines())) <= 120
    assert 0 < count_options(text) <= MOST_OPTIONS
    assert f"  ressq-{name} " in text.partition("examples:\n")[2]
    assert "Exit codes: 0 done" in text


@pytest.mark.parametrize("action", ["info", "check", "install"])
def test_each_action_of_a_model_has_a_help_of_its_own(action: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert f"usage: ressq-model {action} " in (text := help_of(capsys, "model", action))
    assert count_options(text) <= MOST_OPTIONS
