"""Recordings from a folder to a trained network: parted as wholes, resumable, and refused where they would mislead."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from recordings import QUICK_SERIES, write_swing, write_swings
from ressq_edge.cli import main
from ressq_edge.data.recordings.folder import holds_recordings, tell_persons
from ressq_edge.data.recordings.views import WindowViews, draw_windows, find_triads
from ressq_edge.data.recordings.windows import open_windows
from ressq_edge.data.split import PARTS, read_split
from ressq_edge.errors import Interrupted
from ressq_edge.network.checkpoint import load_checkpoint, normalise_channels
from ressq_edge.reports.recordings import tell_groups
from ressq_edge.request import Request
from ressq_edge.run import train_folder
from ressq_edge.screen import Screen
from ressq_edge.training.samples import WindowSamples
from ressq_runtime.inputs.series_spec import SeriesSpec
from runs import assert_equal_runs, refused, rows


@pytest.fixture(scope="module")
def swings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_swings(tmp_path_factory.mktemp("swings"))


@pytest.fixture(scope="module")
def trained(swings: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that nothing interrupted; nobody may write into it."""
    run = tmp_path_factory.mktemp("series") / "run"
    assert main([str(swings), "--out", str(run), "--group-by", "(p[0-9]+)_", *QUICK_SERIES]) == 0
    return run


def test_recordings_are_recognised_and_learned(swings: Path, trained: Path) -> None:
    best = load_checkpoint(trained / "best.safetensors")
    assert isinstance(best.input, SeriesSpec)
    assert (best.series.length, best.series.rate, best.series.hop, best.series.names) == (30, 50, 7, ("ax", "ay"))
    assert best.labels == ("fast", "slow")
    assert best.model.series is not None
    assert (best.model.series.depth, best.model.series.width, best.model.bypass) == (2, 8, "simple")
    assert max(float(row["val_top1"]) for row in rows(trained)) > 0.8
    said = (trained / "summary.md").read_text()
    assert "validation windows of 1 group right" in said
    assert "of 4 validation recordings right**, by the mean of their windows" in said
    assert "All of them are of one group, which tells nothing of others." in said
    assert "windows of 30 samples (0.6 s at 50 Hz) every 7; channels ax, ay" in said
    assert re.search(r"A random draw of windows would have claimed \d+\.\d%, \d+\.\d points (more|less)", said)


def test_a_random_draw_knows_recordings_by_heart(tmp_path: Path) -> None:
    """Each recording swings at a pace of its own, and the class is drawn: nothing can be learned but the recordings."""
    for number in range(24):
        write_swing(tmp_path / "data" / ("one", "two")[number * 7 % 24 % 2] / f"{number}.csv", 1 + number / 4, number)
    command = [*QUICK_SERIES[:6], "--width", "16", "--epochs", "12", "--seed", "1"]
    assert main([str(tmp_path / "data"), "--out", str(tmp_path / "run"), *command]) == 0
    said = (tmp_path / "run" / "summary.md").read_text()
    found = re.search(r"would have claimed [\d.]+%, ([\d.]+) points more", said)
    assert found, said
    assert float(found[1]) > 10


def test_recordings_are_parted_before_windows_are_cut(swings: Path, trained: Path) -> None:
    split = read_split(trained)
    people = {part: {name.split("/")[1].split("_")[0] for name, _ in split.samples(part)} for part in PARTS}
    assert not people["train"] & people["val"]
    assert not people["train"] & people["test"]
    spec = load_checkpoint(trained / "best.safetensors").series
    windows = {part: open_windows(swings, split, part, spec) for part in PARTS}
    counts = {part: len(found) for part, found in windows.items()}
    assert counts == {part: len(split.by_window().samples(part)) for part in PARTS}
    assert windows["val"].targets == tuple(target for _, target in split.by_window().val)
    assert np.frombuffer(windows["val"][0], np.float32).tolist() == windows["val"].window(0).ravel().tolist()
    assert windows["val"].names[1] == f"{split.val[0][0]} at 0.14 s"


def test_groups_are_told_by_their_mean_and_the_worst(swings: Path, trained: Path) -> None:
    split, spec = read_split(trained), load_checkpoint(trained / "best.safetensors").series
    train = WindowSamples(open_windows(swings, split, "train", spec), WindowViews(), normalise_channels(spec))
    groups = tuple(number % 2 for number in train.windows.recordings)
    train = replace(train, windows=replace(train.windows, groups=groups))
    right = torch.tensor([target if group else 1 - target for target, group in zip(train.targets, groups, strict=True)])
    (said,) = tell_groups(torch.nn.functional.one_hot(right, 2).float(), train)
    assert said == "By group: 50.0% of the windows right in the mean of 2, 0.0% in the worst."


def test_statistics_come_from_training_alone(swings: Path, trained: Path) -> None:
    spec, split = load_checkpoint(trained / "best.safetensors").series, read_split(trained)
    values = np.concatenate([np.loadtxt(swings / name, delimiter=",", skiprows=1)[:, 1] for name, _ in split.train])
    assert spec.channels[0].mean == pytest.approx(values.mean(), abs=1e-6)
    assert spec.channels[0].deviation == pytest.approx(values.std(), rel=1e-5)
    assert (spec.channels[0].low, spec.channels[0].high) == pytest.approx((values.min(), values.max()), rel=1e-5)


def test_a_run_that_was_stopped_goes_on_bit_for_bit(swings: Path, trained: Path, tmp_path: Path) -> None:
    run, asked = tmp_path / "run", 0

    def stop() -> bool:
        nonlocal asked
        asked += 1
        return asked > 30  # in the second epoch

    request = Request(
        swings, run, group_by="(p[0-9]+)_", threads=1, window="30", depth=2, width=8, epochs=3
    )  # fmt: skip
    with pytest.raises(Interrupted):
        train_folder(request, Screen(), stop)
    assert main([str(swings), "--out", str(run), "--resume"]) == 0
    assert_equal_runs(run, trained)


def test_given_parts_and_a_rate_that_is_asked_are_taken(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for part, first in (("train", 0), ("val", 40), ("test", 60)):
        for number, (label, hertz) in enumerate((("fast", 5.0), ("slow", 1.5))):
            for take in range(4):
                path = write_swing(tmp_path / "data" / part / label / f"{take}.csv", hertz, first + 10 * number + take)
                lines = [line.split(",", 1)[1] for line in path.read_text().splitlines()]
                path.write_text("\n".join(lines))
    command = [str(tmp_path / "data"), "--out", str(tmp_path / "run"), *QUICK_SERIES]
    assert main(command) == 1
    assert "found no column of time, wanted one, or their rate; give --rate 50" in capsys.readouterr().err
    assert main([*command, "--rate", "100"]) == 0
    assert load_checkpoint(tmp_path / "run" / "best.safetensors").series.rate == 100
    assert read_split(tmp_path / "run").origin == "folders"


def test_an_overlap_between_parts_is_refused(swings: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = tmp_path / "data"
    shutil.copytree(swings, data)
    lines = (data / "fast" / "p0_a.csv").read_text().splitlines()
    for person in range(6):  # the end of one recording is the beginning of all others, whatever the draw
        path = data / "fast" / f"p{person}_b.csv"
        own = path.read_text().splitlines()
        path.write_text(
            "\n".join([own[0], *(f"{n / 50:.2f},{line.split(',', 1)[1]}" for n, line in enumerate(lines[81:]))])
        )
    said = refused(capsys, data, "--out", tmp_path / "run", "--group-by", "(p[0-9]+)_", *QUICK_SERIES)
    assert "found 32 samples in" in said
    assert "wanted none in two parts: what was learned by heart would be asked; keep them together" in said


@pytest.mark.parametrize("values", ["switch", "slow"])
def test_sensors_that_repeat_themselves_are_no_overlap(tmp_path: Path, values: str) -> None:
    random = np.random.default_rng(0)
    for number in range(24):
        column = (random.random(200) < 0.5) if values == "switch" else np.round(random.normal(0, 0.02, 200).cumsum(), 1)
        rows = "".join(f"{n / 50:.2f},{float(value)}\n" for n, value in enumerate(column))
        path = tmp_path / "data" / ("a", "b")[number % 2] / f"{number}.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("time,level\n" + rows)
    assert main([str(tmp_path / "data"), "--out", str(tmp_path / "run"), *QUICK_SERIES, "--epochs", "1"]) == 0


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--init", "imagenet"], "--init: found it for recordings, wanted it for pictures alone; leave --init out"),
        (["--size", "64"], "--size: found it for recordings, wanted it for pictures alone"),
        (["--task", "segment"], "--task: found it for recordings, wanted it for pictures alone"),
        (["--no-mirror"], "--no-mirror: found it for recordings"),
        (["--arch", "resnet18"], "--arch: found resnet18 for recordings, wanted ressqueezenet1d; leave it out"),
        (["--rate", "-1"], "--rate: found -1, wanted samples a second, more than 0"),
        (
            ["--rate", "20"],
            "found 50 samples a second by its time, wanted --rate 20; leave --rate out: it is for files",
        ),
        (["--window", "soon"], "--window: found 'soon', wanted seconds as 4s or 250ms, or samples as 200"),
        (["--window", "100ms"], "--window: found 5 samples at 50 Hz, wanted 21 to 65536; give another"),
        (["--hop", "5s"], "--hop: found 250 samples, wanted 1 to 30, which is a window; give another"),
        (["--window", "20s"], "windows of 20 s in train, wanted 2 or more; give a shorter --window"),
        (["--width", "10"], "width: found 10, wanted a multiple of 4"),
    ],
)
def test_what_means_nothing_for_recordings_is_refused(
    swings: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], options: list[str], said: str
) -> None:
    given = [word for word in QUICK_SERIES if word not in ("--window", "30")] if "--window" in options else QUICK_SERIES
    assert said in refused(capsys, swings, "--out", tmp_path / "run", *given, *options)
    assert not (tmp_path / "run" / "config.json").exists()


def test_recordings_that_differ_are_named(swings: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = tmp_path / "data"
    shutil.copytree(swings, data)
    odd = data / "fast" / "p3_a.csv"
    was = odd.read_text()
    odd.write_text(was.replace("ay", "az", 1))
    assert "p3_a.csv: found the columns ax, az, wanted ay, too" in refused(capsys, data, "--out", tmp_path / "run")
    odd.write_text(was.replace("1.00,", "1.00,x", 1))
    assert "p3_a.csv: found 'x" in refused(capsys, data, "--out", tmp_path / "run")
    odd.write_text(was)
    for path in data.rglob("*.csv"):
        path.write_text(
            "\n".join(",".join([*line.split(",")[:2], "7"]) for line in path.read_text().splitlines()).replace(
                ",7", ",ay", 1
            )
        )
    said = refused(capsys, data, "--out", tmp_path / "run", *QUICK_SERIES)
    assert "found the same value throughout in ay, wanted channels that tell something; take the column out" in said


def test_folders_of_pictures_hold_no_recordings(shapes: Path, swings: Path, tmp_path: Path) -> None:
    assert holds_recordings(swings)
    assert not holds_recordings(shapes)
    assert not holds_recordings(tmp_path / "none")
    shutil.copytree(shapes, tmp_path / "both")
    (tmp_path / "both" / "circle" / "notes.csv").write_text("a,b\n1,2\n")
    assert not holds_recordings(tmp_path / "both")


def test_names_that_look_like_peoples_are_told() -> None:
    (said,) = tell_persons(["squat/p01_l.csv", "squat/p02_l.csv", "lunge/p01_r.csv"], None)
    assert "file names look like those of 2 people (p01, ...)" in said
    assert "--group-by '(p[0-9]+)' keeps each in one" in said
    assert tell_persons(["a/p01_l.csv", "a/p01_r.csv", "b/p02.csv"], "(p[0-9]+)") == []
    assert tell_persons(["a/1.csv", "a/2.csv", "b/3.csv"], None) == []


def test_triads_are_known_by_their_names() -> None:
    assert find_triads(["ax", "ay", "az", "wx", "wy", "wz"]) == [(0, 1, 2), (3, 4, 5)]
    assert find_triads(["gyro_y", "gyro_x", "temp", "gyro_z"]) == [(1, 0, 3)]
    assert find_triads(["x", "y"]) == []


def test_views_are_a_function_of_seed_epoch_and_window(swings: Path, trained: Path) -> None:
    split, spec = read_split(trained), load_checkpoint(trained / "best.safetensors").series
    windows = open_windows(swings, split, "train", spec)
    one = draw_windows(windows, [3, 1], WindowViews(), 0, 0)
    assert np.array_equal(one[::-1], draw_windows(windows, [1, 3], WindowViews(), 0, 0))
    assert not np.array_equal(one, draw_windows(windows, [3, 1], WindowViews(), 0, 1))
    assert one.shape == (2, 30, 2)
    still = draw_windows(windows, [3], WindowViews(1.0, 1.0, 0.0), 0, 0)[0]
    assert any(np.allclose(still, windows.stretches[0][first : first + 30], atol=0.5) for first in range(100))


def test_settings_of_pictures_are_written_as_before(swings: Path, trained: Path) -> None:
    settings = json.loads((trained / "config.json").read_text())["settings"]
    assert settings["series"]["input"]["kind"] == "series"
    assert str(swings) not in str(load_checkpoint(trained / "best.safetensors").config)
