"""`ressq-model` as a user calls it: what a model says of itself, whether it answers here alike, which one answers."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from cards import golden_card, model_for
from installed import command
from ressq_runtime.artefact.container import attach_card
from ressq_runtime.artefact.installed import BUILTIN
from ressq_runtime.commands.infer import main as infer
from ressq_runtime.commands.model import main


@pytest.fixture
def model(artefacts: dict[str, Path]) -> str:
    return str(artefacts["int8.tflite"])


@pytest.fixture
def circle(shapes: Path) -> str:
    return str(shapes / "circle" / "00.png")


def test_info_prints_the_card(model: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["info", model]) == 0
    assert "3: circle, square, triangle" in capsys.readouterr().out
    assert main(["info", model, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["labels"] == ["circle", "square", "triangle"]


HUGE = {"accuracy": dict.fromkeys(("top1", "top1_low", "top1_high", "n", "split", "agreement_fp32"), 10**400)}


@pytest.mark.parametrize(
    "odd",
    [{"about": 5}, {"accuracy": {"top1": "x"}}, {"calibration": {"a": 1}}, {"versions": [1]}, {"model": [1]}, HUGE],
)
def test_info_of_an_odd_card_is_an_error(
    odd: dict[str, object], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "odd.tflite"
    path.write_bytes(attach_card(model_for(".tflite"), golden_card(**odd), ".tflite"))
    assert main(["info", str(path)]) == 1
    assert "odd.tflite: found an odd card (" in capsys.readouterr().err
    assert main(["info", "--json", str(path)]) == 0


def test_an_installed_model_answers_without_being_named(
    model: str, circle: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.delenv("RESSQ_MODEL", raising=False)
    assert main(["install", model]) == 0
    assert infer([circle]) == 0
    captured = capsys.readouterr()
    assert captured.err.startswith("ressq-model: installed ")
    assert captured.out.startswith("circle ")
    assert "(installed)" in captured.err


def test_the_builtin_model_passes_its_self_test(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", BUILTIN]) == 0
    assert "self-test passed" in capsys.readouterr().out


@pytest.mark.host  # tflite-runtime opens no such file
@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a file name is always text")
def test_a_model_whose_name_is_no_text_describes_itself(model: str, tmp_path: Path) -> None:
    path = os.fsencode(tmp_path) + b"/m\xff.tflite"
    shutil.copy(model, path)
    environment = {**os.environ, "PYTHONIOENCODING": "utf-8:strict"}
    for action in ("info", "check"):
        call = [*map(os.fsencode, [*command("model"), action]), path]
        found = subprocess.run(call, capture_output=True, text=True, check=False, env=environment)
        assert found.returncode == 0, found.stderr
        assert "m\\udcff.tflite" in found.stdout or "m\\xff" in found.stdout


def test_without_a_name_it_is_the_model_in_use(
    model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setenv("RESSQ_MODEL", model)
    assert main(["check"]) == 0
    assert capsys.readouterr().out.startswith(f"{model}: self-test passed")
    assert main(["info"]) == 0
    assert f", {model} (RESSQ_MODEL)\n" in capsys.readouterr().out
    monkeypatch.delenv("RESSQ_MODEL")
    assert main(["info"]) == 0
    assert "CC0" in capsys.readouterr().out


def test_a_model_that_is_not_there_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for action in ("info", "check", "install"):
        assert main([action, str(tmp_path / "none.tflite")]) == 1
        assert "ressq-model: error: " in (said := capsys.readouterr().err)
        assert "none.tflite: No such file or directory; check the path" in said
