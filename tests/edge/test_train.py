"""Training as its user sees it: runs that are interrupted, refused, repeated, and what they leave behind."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from ressq_edge.cli import _how_to_go_on, main
from ressq_edge.config import read_config
from ressq_edge.data.augment import normalise
from ressq_edge.data.split import read_split
from ressq_edge.device import default_precision
from ressq_edge.errors import RunError
from ressq_edge.findings.unanswered import tell_unanswered
from ressq_edge.network.checkpoint import load_checkpoint, read_tensors, save_checkpoint
from ressq_edge.network.init import InitWeights
from ressq_edge.recipe import FINE_TUNE, FROM_SCRATCH, RECIPES, default_batch, default_epochs
from ressq_edge.request import Request, check_processes, resolve
from ressq_edge.session import Start
from ressq_edge.tasks.classify import Classify, class_weights, tell_share
from ressq_edge.training.step import learning_rate
from ressq_runtime.inputs.picture_spec import PixelSpec
from runs import QUICK, assert_equal_runs, refused, rows


def begin(few: Path, run: Path) -> subprocess.Popen[str]:
    """`ressq-train` in a process of its own, stopped or killed by the test."""
    command = [sys.executable, "-m", "ressq_edge.cli", str(few), "--out", str(run), "--epochs", "3", *QUICK]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=os.environ | path_of_packages())


def path_of_packages() -> dict[str, str]:
    return {"PYTHONPATH": os.pathsep.join(sys.path)}


def wait_for(path: Path, process: subprocess.Popen[str]) -> None:
    while not path.exists():
        assert process.poll() is None, process.communicate()[1]
        time.sleep(0.005)


def test_a_run_folder_holds_all_that_a_person_and_the_exporter_need(done: Path) -> None:
    files = "best.safetensors config.json confusion.png curves.png data.html last.safetensors metrics.csv split.json"
    assert sorted(path.name for path in done.iterdir()) == [".lock", *files.split(), "summary.md", "suspects.html"]
    best = load_checkpoint(done / "best.safetensors")
    assert best.labels == ("circle", "square", "triangle")
    assert best.model.bypass == "gated"
    assert best.pixels == PixelSpec(32, 32)
    config = json.loads((done / "config.json").read_text())
    assert best.config == config["settings"]
    assert len(rows(done)) == 3
    summary = (done / "summary.md").read_text()
    for wanted in ("validation pictures right", "95 % interval", "test pictures were not looked at", "ressq-export"):
        assert wanted in summary


def test_nothing_of_the_shorter_side_is_cut_off(done: Path) -> None:
    config, about = read_config(done)
    assert Start(config, read_split(done), None, about, ()).pixels == PixelSpec(32, 32)


def test_the_epoch_with_the_least_loss_is_kept_however_many_a_lucky_one_got_right(done: Path) -> None:
    found = rows(done)
    least = min(found, key=lambda row: float(row["val_loss"]))
    assert load_checkpoint(done / "best.safetensors").metrics["epoch"] == int(least["epoch"])
    epochs = [{"val_top1": 0.9, "val_loss": 0.34}, {"val_top1": 0.88, "val_loss": 0.28}]
    assert Classify.metric.choose(epochs) is epochs[1]
    assert Classify.metric.choose([]) is None


def test_a_loss_that_is_no_number_ends_the_run_in_words(
    few: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(RECIPES, "classify", (FINE_TUNE, replace(FROM_SCRATCH, learning_rate=1e30)))
    assert main([str(few), "--out", str(tmp_path / "run"), "--epochs", "2", *QUICK]) == 1
    assert "that is no number, wanted a network that learns" in capsys.readouterr().err


def test_more_processes_than_there_is_work_for_are_refused() -> None:
    config = resolve(Request(Path("data"), Path("run"), batch_size=8), InitWeights("none"), 2, 100)
    check_processes(config, 20, 4)
    with pytest.raises(RunError, match="found 5 processes, wanted at most 4"):
        check_processes(config, 20, 5)  # norms need two pictures each
    with pytest.raises(RunError, match="found 3 processes, wanted at most 2"):
        check_processes(replace(config, norms=False), 2, 3)
    check_processes(replace(config, norms=False), 20, 8)


def test_no_path_of_the_users_is_in_a_checkpoint(done: Path, few: Path) -> None:
    for name in ("best.safetensors", "last.safetensors"):
        assert str(few).encode() not in (done / name).read_bytes()


@pytest.mark.slow
def test_a_killed_run_resumes_to_the_same_bits(few: Path, done: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    process = begin(few, run)
    wait_for(run / "metrics.csv", process)  # at least one epoch is behind it
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert not (run / "summary.md").exists()
    assert main([str(few), "--out", str(run), "--resume"]) == 0
    assert_equal_runs(run, done)


@pytest.mark.slow
def test_a_run_killed_before_its_first_epoch_resumes_to_the_same_bits(few: Path, done: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    process = begin(few, run)
    wait_for(run / "config.json", process)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert main([str(few), "--out", str(run), "--resume"]) == 0
    assert_equal_runs(run, done)


@pytest.mark.slow
def test_ctrl_c_says_how_to_go_on_and_loses_nothing(few: Path, done: Path, tmp_path: Path) -> None:
    run = tmp_path / "a run"
    process = begin(few, run)
    wait_for(run / "last.safetensors", process)
    process.send_signal(signal.SIGINT)
    said = process.communicate()[1]
    assert process.returncode == 130
    assert f"go on with: ressq-train {few} --out '{run}' --resume" in said
    assert "Traceback" not in said
    assert main([str(few), "--out", str(run), "--resume"]) == 0
    assert_equal_runs(run, done)


@pytest.mark.parametrize(("device", "told"), [("auto", "--resume"), ("cuda", "--resume --device cuda")])
def test_the_command_to_go_on_with_computes_where_the_run_did(few: Path, done: Path, device: str, told: str) -> None:
    assert _how_to_go_on(Request(few, done, device=device)) == f"go on with: ressq-train {few} --out {done} {told}"


def test_the_command_to_go_on_with_says_all_that_the_run_does_not_hold(few: Path, done: Path, tmp_path: Path) -> None:
    request = Request(few, done, init="weights.pth", profile=True)
    assert _how_to_go_on(request).endswith("--resume --profile")
    (tmp_path / "config.json").touch()  # killed before the first state
    assert _how_to_go_on(replace(request, out=tmp_path)).endswith("--resume --init weights.pth --profile")


def test_another_thread_count_or_seed_is_another_run(
    few: Path, done: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(few), "--out", str(tmp_path / "run"), "--epochs", "1", "--seed", "1", *QUICK]) == 0
    assert rows(tmp_path / "run")[0]["train_loss"] != rows(done)[0]["train_loss"]
    assert "bit for bit" in capsys.readouterr().err


def test_the_precision_is_kept_and_moves_the_loss_by_little(
    few: Path, done: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert read_config(done)[0].precision == default_precision(torch.device("cpu"))
    losses = []
    for precision in ("fp32", "bf16"):
        run = tmp_path / precision
        assert main([str(few), "--out", str(run), "--epochs", "1", "--precision", precision, *QUICK]) == 0
        assert read_config(run)[0].precision == precision
        assert f"convolutions in {precision}" in (run / "summary.md").read_text()
        losses.append(float(rows(run)[0]["train_loss"]))
        kept = read_tensors(run / "last.safetensors")[0].values()
        assert all(
            tensor.dtype == torch.float32 for tensor in kept if tensor.ndim
        )  # the norms' counters have no dimension
    assert losses[0] != losses[1]
    assert losses[0] == pytest.approx(losses[1], rel=0.15)  # dropout draws others, too
    capsys.readouterr()
    said = refused(capsys, few, "--out", tmp_path / "bf16", "--resume", "--precision", "fp32")
    assert "found a run with --precision bf16, wanted fp32 with --resume" in said


def test_a_finished_run_stays_as_it_is(few: Path, done: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = (done / "best.safetensors").read_bytes()
    assert main([str(few), "--out", str(done), "--resume"]) == 0
    assert "this run is finished" in capsys.readouterr().err
    assert (done / "best.safetensors").read_bytes() == before


def test_a_profile_tells_where_the_time_went(few: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(few), "--out", str(tmp_path / "run"), "--epochs", "1", "--profile", *QUICK]) == 0
    shown = capsys.readouterr().err
    told = (tmp_path / "run/summary.md").read_text()
    stages = ("waiting for pictures", "forward", "backward", "optimiser", "validation", "saving", "other", "all")
    assert all(stage in shown for stage in stages)
    seconds = [float(line.split("|")[2].split()[0]) for line in told.splitlines() if line[2:].startswith(stages)]
    assert len(seconds) == len(stages)
    assert sum(seconds[:-1]) == pytest.approx(seconds[-1], abs=0.5)  # each is rounded to tenths


def test_a_report_that_was_lost_is_written_again(few: Path, done: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(done, run)
    (run / "summary.md").unlink()
    assert main([str(few), "--out", str(run), "--resume"]) == 0
    assert (run / "summary.md").exists()


def test_what_is_left_out_or_leaks_is_said(few: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for part in ("train", "val"):
        shutil.copytree(few, tmp_path / "data" / part)
    (tmp_path / "data/README.md").touch()
    (tmp_path / "data/scan.DCM").touch()
    assert main([str(tmp_path / "data"), "--out", str(tmp_path / "run"), "--epochs", "1", *QUICK]) == 0
    said = capsys.readouterr().err
    assert "2 files are left out, being no pictures by their names: README.md, scan.DCM; what scan.DCM shows" in said
    assert "note: 36 pairs of pictures in two parts show the same (train/circle/00.png = val/circle/00.png" in said
    assert "test/ is not there" in said
    assert "There are no test pictures" in (tmp_path / "run/summary.md").read_text()


def test_a_run_of_groups_says_how_sure_its_figure_is_over_groups(few: Path, tmp_path: Path) -> None:
    table, run = tmp_path / "groups.csv", tmp_path / "run"
    names = [path.relative_to(few).as_posix() for path in few.rglob("*.png")]
    table.write_text("path,group\n" + "".join(f"{name},{name[:-6]}{int(name[-6:-4]) // 2}\n" for name in names))
    assert main([str(few), "--out", str(run), "--epochs", "1", "--group-by", str(table), *QUICK]) == 0
    summary = (run / "summary.md").read_text()
    assert "% of 6 validation pictures of 3 groups right** (top-1; 95 % interval" in summary
    assert "% over groups)" in summary
    assert "a random split of whole groups" in summary
    table.unlink()
    (run / "summary.md").unlink()
    assert main([str(few), "--out", str(run), "--resume"]) == 0
    assert (run / "summary.md").read_text() == summary, "the run keeps its groups, wherever the table is"


def test_one_group_gives_no_interval_and_unknown_ones_too_narrow_a_one() -> None:
    right = [True, False, True, True]
    assert tell_share(right, [], False).endswith(
        "75.0% of 4 validation pictures right** (top-1; 95 % interval 30.1% to 95.4%)"
    )
    assert "of 1 group right** (top-1; no interval can be had: one group tells nothing" in tell_share(
        right, [7] * 4, True
    )
    assert "95 % interval 30.1% to 95.4%, too narrow: " in tell_share(right, [], True)


def test_a_class_that_is_never_answered_rightly_is_named(
    few: Path, done: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    shutil.copytree(done, run)
    (run / "summary.md").unlink()
    best = load_checkpoint(run / "best.safetensors")
    bias = next(name for name in best.weights if name.startswith("classifier") and name.endswith("bias"))
    best.weights[bias][1] -= 1000  # squares are never answered
    save_checkpoint(run / "best.safetensors", best)
    assert main([str(few), "--out", str(run), "--resume"]) == 0
    note = "square: none of 2 validation pictures right, which is too few to tell"
    assert f"note: {note}\n" in capsys.readouterr().err
    assert f"\n\nNote: {note}.\n" in (run / "summary.md").read_text()


def test_few_and_very_many_classes_without_a_right_answer_are_told_apart() -> None:
    assert tell_unanswered(["sick", "well", "none"], [8, 40, 0], [0, 1, 0]) == [
        "sick: none of 8 validation pictures right"
    ]
    assert tell_unanswered(["rare"], [1], [0], "int8.onnx") == [
        "rare: none of 1 validation picture right by int8.onnx, which is too few to tell"
    ]
    notes = tell_unanswered([str(n) for n in range(100)], [9] * 100, [0] * 100)
    assert len(notes) == 11
    assert notes[-1] == "90 more classes: none of their validation pictures right"


def test_temporary_files_of_a_killed_run_are_cleared(few: Path, done: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(done, run)
    (run / ".last.123.tmp.safetensors").touch()
    assert main([str(few), "--out", str(run), "--resume"]) == 0
    assert [path.name for path in run.glob(".*")] == [".lock"]


def test_wrong_usage_exits_with_2_and_help_loads_no_torch() -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["--out", "x"])
    code = "import sys, ressq_edge.cli as c\ntry: c.main(['--help'])\nexcept SystemExit as e: assert e.code == 0\n"
    code += "assert not {'torch', 'numpy', 'PIL', 'rich'} & sys.modules.keys()"
    told = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | path_of_packages(), check=True, capture_output=True, text=True
    ).stdout
    assert "ressq-train photos/ --out runs/leaf --resume" in told


def test_rare_classes_weigh_more_and_pictures_weigh_one_on_average() -> None:
    counts = [100, 25]
    weights = class_weights(counts, 0.5)
    assert weights[1] / weights[0] == pytest.approx(2)
    assert float((weights * torch.tensor(counts)).sum()) == pytest.approx(125)
    assert class_weights(counts, 0).tolist() == [1, 1]
    full = class_weights(counts, 1)
    assert float(full[0] * 100) == pytest.approx(float(full[1] * 25))


def test_normalised_pixels_are_what_the_exporter_folds() -> None:
    pixels = torch.tensor([0, 255], dtype=torch.uint8).repeat(3, 1).view(1, 3, 1, 2)
    found = normalise(pixels, (0.5, 0.4, 0.3), (0.1, 0.2, 0.3)).flatten().tolist()
    assert found == pytest.approx([-5, 5, -2, 3, -1, 7 / 3], rel=1e-6)


def test_the_learning_rate_rises_once_and_falls_to_nothing(done: Path) -> None:
    config, _ = read_config(done)
    rates = [learning_rate(step / 100, config) for step in range(101)]
    peak = rates.index(max(rates))
    assert rates[peak] == pytest.approx(config.learning_rate)
    assert rates[: peak + 1] == sorted(rates[: peak + 1])
    assert rates[peak:] == sorted(rates[peak:], reverse=True)
    assert rates[-1] == pytest.approx(0, abs=1e-9)
    half = replace(config, schedule_share=0.5)
    assert [learning_rate(step / 50, half) for step in range(51)] == pytest.approx(rates[:51])


def test_few_pictures_make_small_batches() -> None:
    assert [default_batch(count) for count in (1, 84, 300, 600, 1500, 100_000)] == [8, 8, 8, 16, 32, 32]


def test_half_of_the_views_are_nearly_whole() -> None:
    def resolved(init: str) -> tuple[float, float, int]:
        config = resolve(Request(Path("data"), Path("run")), InitWeights(init), 2, 100)
        return config.whole_views, config.smallest_crop, config.train_size

    assert resolved("imagenet") == resolved("file") == (0.5, 0.35, 204)
    assert resolved("none") == (0.5, 0.35, 224)


def test_a_run_of_an_older_format_is_refused_in_words(done: Path, tmp_path: Path) -> None:
    shutil.copytree(done, tmp_path / "run")
    path = tmp_path / "run/config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "format": 1}))
    with pytest.raises(RunError, match=r"found format 1, wanted 2; train again into a new folder, or upgrade"):
        read_config(tmp_path / "run")


def test_few_pictures_are_seen_more_often_and_none_without_end() -> None:
    assert [default_epochs(FINE_TUNE, count) for count in (1, 1500, 2000, 3000, 100_000)] == [52, 52, 39, 26, 26]
    assert {default_epochs(FROM_SCRATCH, count) for count in (1, 1500, 100_000)} == {40}
    asked = Request(Path("data"), Path("run"), epochs=3)
    assert resolve(asked, InitWeights("imagenet"), 2, 100).epochs == 3
