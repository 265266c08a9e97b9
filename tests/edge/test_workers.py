"""Several processes train as one does, end cleanly when one of them dies, and tell a fault once."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from drawn_masks import lay_drawn
from ressq_edge.cli import main
from ressq_edge.network.checkpoint import read_tensors
from runs import rows

pytestmark = pytest.mark.slow

TWO = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
NEW = ["--init", "none", "--size", "32", "--threads", "2", "--precision", "fp32"]
# Dropout draws from the number of the process, and a norm sees the process's share of a batch; without the two nothing
# but rounding may differ.
ALIKE = """
import sys
from torch import nn
from ressq_edge.cli import main
nn.Dropout.forward = lambda self, x: x
nn.BatchNorm2d.train = lambda self, mode=True: nn.Module.train(self, False)
sys.exit(main())
"""


def begin(command: list[str], *arguments: object) -> subprocess.Popen[str]:
    packages = {"PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.Popen(
        [sys.executable, *command, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | packages,
    )


@pytest.mark.parametrize("batch", [21, 20])
def test_two_processes_take_the_gradient_of_one(few: Path, tmp_path: Path, batch: int) -> None:
    data = tmp_path / "data"
    shutil.copytree(few, data)
    for picture in sorted((data / "circle").iterdir())[:5]:
        picture.unlink()  # classes weigh differently, and 21 training pictures do not halve
    script = tmp_path / "alike.py"
    script.write_text(ALIKE)
    # In batches of 20 the last one is one picture, and one process has none of it.
    settings = [*NEW, "--epochs", "1", "--batch-size", str(batch)]
    for command, name in ((TWO, "two"), ([], "one")):
        process = begin([*command, str(script)], data, "--out", tmp_path / name, *settings)
        out, said = process.communicate()
        assert process.returncode == 0, said
        assert out.strip() == str(tmp_path / name / "summary.md")  # told once
    two, one = (read_tensors(tmp_path / name / "last.safetensors")[0] for name in ("two", "one"))
    # AdamW's first moments are sums of gradients; its second step already magnifies rounding.
    for key in (key for key in one if key.startswith("exp_avg.")):
        assert float((two[key] - one[key]).norm() / one[key].norm()) < (1e-4 if batch == 21 else 0.05), key
    assert rows(tmp_path / "two")[0]["val_top1"] == rows(tmp_path / "one")[0]["val_top1"]


def test_a_dead_worker_ends_the_run_in_words_and_one_process_goes_on_with_it(few: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    process = begin([*TWO, "-m", "ressq_edge.cli"], few, "--out", run, "--epochs", "40", *NEW)
    while not (run / "metrics.csv").exists():
        assert process.poll() is None, process.communicate()[1]
        time.sleep(0.01)
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    os.kill(int(children[1]), signal.SIGKILL)
    said = process.communicate()[1]
    assert process.returncode == 1
    assert "ressq-train: error: process 0 of 2: lost another process of this run (" in said
    assert "give the same torchrun command again, with --resume" in said
    assert not (run / "summary.md").exists()
    assert main([str(few), "--out", str(run), "--resume"]) == 0
    assert [row["epoch"] for row in rows(run)] == [str(number) for number in range(1, len(rows(run)) + 1)]


def test_a_fault_is_told_once_and_ends_all(tmp_path: Path) -> None:
    process = begin([*TWO, "-m", "ressq_edge.cli"], tmp_path / "none", "--out", tmp_path / "run")
    said = process.communicate()[1]
    assert process.returncode == 1
    assert said.count("ressq-train: error: ") == 1
    assert "found no such folder" in said


def test_two_processes_learn_masks_and_one_goes_on_with_them(tmp_path: Path) -> None:
    data, run = lay_drawn(tmp_path / "data", {"train": 24, "val": 7, "test": 3}), tmp_path / "run"
    settings = ["--init", "none", "--size", "65x81", "--threads", "2", "--epochs", "2"]
    process = begin([*TWO, "-m", "ressq_edge.cli"], data, "--out", run, *settings)
    _, said = process.communicate()
    assert process.returncode == 0, said
    assert len(rows(run)) == 2
    # The figure of one process, by the folded weights, is that of the two together.
    best = max(rows(run), key=lambda row: float(row["val_miou"]))
    assert f"**mIoU {float(best['val_miou']):.1%} of the pixels of 7 validation" in (run / "summary.md").read_text()
    (run / "summary.md").unlink()
    assert main([str(data), "--out", str(run), "--resume"]) == 0
    assert (run / "summary.md").exists()
