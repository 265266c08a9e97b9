"""Learning from another run's network: `--teacher`."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from ressq_edge.cli import main
from ressq_edge.published import file_sha256
from ressq_edge.teacher import SHARE, TEMPERATURE, load_teacher, taught_loss
from runs import assert_equal_runs, rows, wait_for

QUICK = ["--size", "32", "--threads", "1", "--init", "none", "--precision", "fp32"]


@pytest.fixture(scope="module")
def teacher(few: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of a larger network, on the same pictures."""
    run = tmp_path_factory.mktemp("teacher") / "run"
    assert main([str(few), "--out", str(run), "--arch", "resnet18", "--epochs", "2", *QUICK]) == 0
    return run


@pytest.fixture(scope="module")
def taught(few: Path, teacher: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that learned from it and that nothing interrupted."""
    run = tmp_path_factory.mktemp("taught") / "run"
    assert main([str(few), "--out", str(run), "--teacher", str(teacher), "--epochs", "3", *QUICK]) == 0
    return run


def test_the_loss_is_the_right_classes_and_the_distance_from_the_teacher() -> None:
    logits, wanted = torch.tensor([[2.0, 0.0], [0.0, 1.0]]), torch.tensor([[0.0, 2.0], [0.0, 1.0]])
    weights = torch.tensor([3.0, 1.0])
    p, q = ((answers / TEMPERATURE).softmax(1) for answers in (wanted, logits))
    apart = (p * (p / q).log()).sum(1) * TEMPERATURE**2
    assert apart[0] > 0.1
    assert apart[1] == 0
    found = taught_loss(torch.tensor(5.0), logits, wanted, weights)
    assert torch.isclose(found, (1 - SHARE) * 5 + SHARE * apart[0] * 3 / 4)


def test_a_network_learns_its_teachers_answers(teacher: Path) -> None:
    """The teacher's answers alone, without one right class, are enough to come near them."""
    known = load_teacher(teacher, ("circle", "square", "triangle"))
    views = torch.rand(8, 3, 32, 32) * 255
    answers = known.answer(views, "fp32")
    logits = torch.zeros(8, 3, requires_grad=True)
    for _ in range(200):
        loss = taught_loss(torch.tensor(0.0), logits, answers, torch.ones(8))
        loss.backward()  # type: ignore[no-untyped-call]
        with torch.no_grad():
            logits -= logits.grad
            logits.grad = None
    assert torch.allclose((logits / TEMPERATURE).softmax(1), (answers / TEMPERATURE).softmax(1), atol=0.02)


def test_a_run_says_who_taught_it_and_its_network_does_not(taught: Path, teacher: Path, few: Path) -> None:
    config = json.loads((taught / "config.json").read_text())
    assert config["settings"]["teacher_sha256"] == file_sha256(teacher / "best.safetensors")
    assert config["teacher"] == str(teacher.resolve())
    assert str(teacher).encode() not in (taught / "best.safetensors").read_bytes()


def test_it_makes_another_network(taught: Path, few: Path, tmp_path: Path) -> None:
    assert main([str(few), "--out", str(tmp_path / "run"), "--epochs", "1", *QUICK]) == 0
    assert rows(tmp_path / "run")[0]["train_loss"] != rows(taught)[0]["train_loss"]


@pytest.mark.slow
def test_a_killed_run_goes_on_with_its_teacher_to_the_same_bits(
    few: Path, teacher: Path, taught: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    command = [sys.executable, "-m", "ressq_edge.cli", str(few), "--out", str(run), "--teacher", str(teacher)]
    process = subprocess.Popen([*command, "--epochs", "3", *QUICK], stderr=subprocess.PIPE, text=True)
    wait_for(run / "last.safetensors", process)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert main([str(few), "--out", str(run), "--resume"]) == 0
    assert_equal_runs(run, taught)


def test_another_teacher_is_refused_on_going_on(
    few: Path, taught: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(few), "--out", str(taught), "--resume", "--teacher", str(taught)]) == 1
    assert "--teacher" in capsys.readouterr().err
    moved = tmp_path / "run"
    shutil.copytree(taught, moved)
    config = json.loads((moved / "config.json").read_text())
    (moved / "config.json").write_text(json.dumps(config | {"teacher": str(taught)}))
    assert main([str(few), "--out", str(moved), "--resume"]) == 1
    assert f"found in {taught} another network than {moved} began with" in capsys.readouterr().err


def test_a_teacher_of_other_classes_is_refused_before_anything_is_written(
    few: Path, teacher: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fewer = tmp_path / "fewer"
    shutil.copytree(few, fewer)
    shutil.rmtree(fewer / "circle")
    assert main([str(fewer), "--out", str(tmp_path / "run"), "--teacher", str(teacher), *QUICK]) == 1
    said = capsys.readouterr().err
    assert f"--teacher: found in {teacher} a network of 3 classes, wanted one of the 2" in said
    assert "'circle'" in said
    assert not (tmp_path / "run" / "config.json").exists()


def test_a_folder_without_a_network_is_refused(few: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(few), "--out", str(tmp_path / "run"), "--teacher", str(few), *QUICK]) == 1
    assert f"--teacher: found no {few / 'best.safetensors'}" in capsys.readouterr().err
