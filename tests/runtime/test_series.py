"""A recording's answer: from the file, from a stream of lines, and how often both are right."""

from __future__ import annotations

import io
import json
import random
import signal
import subprocess
import sys
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ressq_runtime import Classifier
from ressq_runtime.commands.evaluate import main as evaluate
from ressq_runtime.commands.infer import main as infer
from ressq_runtime.commands.model import main as tell_model
from ressq_runtime.commands.watch import main as watch
from ressq_runtime.errors import ArtefactError, RecordingError
from ressq_runtime.intervals import share_over_groups, wilson
from ressq_runtime.model import Model
from ressq_runtime.streaming.sensor import Sensor
from tiny_series import LABELS, SPEC, wave, write_model, write_recording

Rows = list[dict[str, Any]]


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return write_model(tmp_path / "means.onnx")


@pytest.fixture
def walk(tmp_path: Path) -> Path:
    return write_recording(tmp_path / "walk.csv", np.concatenate([wave(2, "ax"), wave(1, "wx"), wave(1, "rest")]))


def sensor_of(model: Path, hop: int = SPEC.hop, smooth: int = 1) -> Sensor:
    return Sensor(Model.load(model), SPEC, hop, smooth, "stdin")


def feed(sensor: Sensor, lines: list[str]) -> Rows:
    return [row for line in lines for row in sensor.take(line)]


def without_latency(rows: Rows) -> Rows:
    return [{key: value for key, value in row.items() if key != "latency_ms"} for row in rows]


def test_a_recording_is_answered_by_the_mean_of_its_windows(
    model: Path, walk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert infer([str(walk), "--model", str(model), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert len(found["windows"]) == (200 - SPEC.length) // SPEC.hop + 1
    assert found["windows"][0]["label"] == "ax"
    assert found["windows"][-1]["label"] == "rest"
    assert (found["windows"][1]["start"], found["windows"][1]["end"]) == (0.1, 0.5)
    for label in LABELS:
        each = [p["probability"] for w in found["windows"] for p in w["predictions"] if p["label"] == label]
        whole = next(p["probability"] for p in found["predictions"] if p["label"] == label)
        assert whole == pytest.approx(np.mean(each), abs=1e-6)
    assert found["label"] == "ax"


def test_text_tells_the_answer_and_the_windows(model: Path, walk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert infer([str(walk), "--model", str(model)]) == 0
    said = capsys.readouterr().out
    assert said.startswith("ax ")
    assert "37 windows: 1" in said


def test_folders_of_recordings_are_answered_a_row_each(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for label in LABELS:
        write_recording(tmp_path / "recordings" / label / "1.csv", wave(2, label))
    (tmp_path / "recordings" / "notes.md").write_text("mine")
    command = [str(tmp_path / "recordings"), "--model", str(model)]
    assert infer(command) == 0
    captured = capsys.readouterr()
    assert [line.split(": ")[1].split()[0] for line in captured.out.splitlines()] == list(LABELS)
    assert "left out 1 files that are no recordings: notes.md" in captured.err
    assert infer([*command, "--csv", str(tmp_path / "out.csv")]) == 0
    assert len((tmp_path / "out.csv").read_text().splitlines()) == 4
    (tmp_path / "empty").mkdir()
    assert infer([str(tmp_path / "empty"), "--model", str(model)]) == 1
    assert "found no recording, wanted a folder with CSV or WAV recordings" in capsys.readouterr().err


def test_what_lies_outside_the_training_range_is_told(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = wave(1, "ax")
    rows[30, 1] = 2.5
    path = write_recording(tmp_path / "far.csv", rows)
    assert infer([str(path), "--model", str(model), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["outside_training_range"] == ["wx"]
    assert [("outside_training_range" in window) for window in found["windows"]] == [False] * 3 + [True] * 4
    assert infer([str(path), "--model", str(model)]) == 0
    assert "outside the training range: wx" in capsys.readouterr().out


def test_another_rate_and_a_short_recording_are_refused(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_recording(tmp_path / "fast.csv", wave(2, "ax"), rate=100)
    assert infer([str(path), "--model", str(model)]) == 1
    assert "found 100 samples a second, wanted 50 as in training; record at that rate" in capsys.readouterr().err
    path = write_recording(tmp_path / "short.csv", wave(0.3, "ax"))
    assert infer([str(path), "--model", str(model)]) == 1
    assert "found 15 samples without a gap, wanted 20 or more, a window; record for longer" in capsys.readouterr().err


def test_one_bad_recording_does_not_stop_the_others(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_recording(tmp_path / "all" / "1.csv", wave(1, "ax"))
    (tmp_path / "all" / "2.csv").write_text("time,ax,wx\n0,1,x\n")
    assert infer([str(tmp_path / "all"), "--model", str(model)]) == 1
    captured = capsys.readouterr()
    assert captured.out.count("\n") == 1
    assert "2.csv: found 'x' in line 2, column wx, wanted a number" in captured.err


@pytest.mark.parametrize("seed", range(4))
def test_a_stream_answers_as_the_file_bit_for_bit(model: Path, tmp_path: Path, seed: int) -> None:
    rows = np.random.default_rng(seed).normal(0, 1, (400, 2))
    path = write_recording(tmp_path / "noise.csv", rows)
    lines = path.read_text().splitlines()
    del lines[150 + seed : 153 + seed]  # a gap
    path.write_text("\n".join(lines))
    of_file = Model.load(model).answer(str(path))[0].to_json()["windows"]
    of_stream = [row for row in without_latency(feed(sensor_of(model), lines)) if "error" not in row]
    assert [{k: v for k, v in row.items() if k != "gaps"} for row in of_stream] == of_file


def test_a_gap_is_said_instead_of_an_answer(model: Path, walk: Path) -> None:
    lines = walk.read_text().splitlines()
    del lines[100:104]
    sensor = sensor_of(model)
    (gap,) = (row for row in feed(sensor, lines) if "error" in row)
    assert gap["error"].startswith(
        "found a gap of 0.1 s, wanted a sample every 0.02 s; the next answer needs 20 samples"
    )
    assert (gap["start"], gap["end"], gap["gaps"]) == (1.96, 2.06, 1)
    assert sensor.summarise().endswith("1 gaps")


def test_a_wrong_rate_is_said_instead_of_an_answer(model: Path, tmp_path: Path) -> None:
    lines = write_recording(tmp_path / "slow.csv", wave(2, "ax"), rate=45).read_text().splitlines()
    rows = feed(sensor_of(model), lines)
    assert all("samples a second, wanted 50 as in training; set the sensor's rate" in row["error"] for row in rows)
    assert rows


def test_dirty_lines_are_counted_and_never_fatal(model: Path, tmp_path: Path) -> None:
    lines = write_recording(tmp_path / "a.csv", wave(60, "ax")).read_text().splitlines()
    chance, dirty, made = random.Random(0), [], dict.fromkeys(("torn", "doubled", "dropped"), 0)
    for line in lines:
        kind = chance.choice(("torn", "doubled", "dropped")) if chance.random() < 0.01 and line[0] != "t" else "kept"
        dirty += {"kept": [line], "torn": [line[: len(line) // 2]], "doubled": [line, line], "dropped": []}[kind]
        if kind in made:
            made[kind] += 1
    sensor = sensor_of(model)
    rows = feed(sensor, dirty)
    counted = {name: sum(row.get(name, 0) for row in rows) for name in ("bad_lines", "doubled_lines", "gaps")}
    assert counted["doubled_lines"] == made["doubled"]
    assert counted["bad_lines"] == made["torn"]
    assert 0 < counted["gaps"] <= made["torn"] + made["dropped"]
    assert all(row["label"] == "ax" for row in rows if "error" not in row)
    assert sensor.answers > 300


def test_a_stream_may_begin_in_the_middle_of_a_line_and_have_no_header_or_time(model: Path, walk: Path) -> None:
    lines = walk.read_text().splitlines()[1:]
    header = feed(sensor_of(model), ["time,ax,wx", *lines])
    assert without_latency(feed(sensor_of(model), lines)) == without_latency(header)
    torn = without_latency(feed(sensor_of(model), [lines[0][-4:], *lines]))
    assert torn[0].pop("bad_lines") == 1
    assert torn == without_latency(header)
    bare = [line.split(",", 1)[1] for line in lines]
    assert without_latency(feed(sensor_of(model), bare)) == without_latency(header)
    bare[50] = "oops"
    assert "gaps" in str(feed(sensor_of(model), bare))


@pytest.mark.parametrize("mark", ["\ufeff", ""])
def test_a_stream_may_have_a_mark_and_decimal_commas_as_files_do(model: Path, walk: Path, mark: str) -> None:
    lines = walk.read_text().splitlines()
    german = [line.replace(",", ";").replace(".", ",") for line in lines]
    german[0] = mark + german[0]
    plain = without_latency(feed(sensor_of(model), lines))
    assert without_latency(feed(sensor_of(model), german)) == plain


def test_a_torn_first_time_does_not_settle_the_unit(model: Path, walk: Path) -> None:
    lines = [f"{n / 50 + 10:.2f},1,0" for n in range(100)]
    torn = feed(sensor_of(model), [lines[0][1:], *lines[1:]])
    plain = feed(sensor_of(model), lines)
    assert len([row for row in torn if "error" not in row]) >= len(plain) - 1


def test_a_value_that_float32_can_not_hold_is_a_bad_line(model: Path) -> None:
    sensor = sensor_of(model)
    feed(sensor, ["time,ax,wx", "0.00,1,0", "0.02,1e39,0", "0.04,1,nan"])
    assert sensor.summarise() == "0 answers, 2 bad lines"


def test_options_of_pictures_mean_nothing_for_a_sensor(
    model: Path, walk: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert watch([str(tmp_path), "--csv", str(tmp_path / "a.csv"), "--model", str(model)]) == 1
    assert "--csv: found it and" in capsys.readouterr().err


def test_columns_of_a_stream_are_taken_by_their_names(model: Path, walk: Path) -> None:
    turned = [",".join(line.split(",")[::-1]) for line in walk.read_text().splitlines()]
    plain = feed(sensor_of(model), walk.read_text().splitlines())
    assert without_latency(feed(sensor_of(model), turned)) == without_latency(plain)


def test_lines_that_never_hold_a_sample_are_refused(model: Path) -> None:
    with pytest.raises(
        RecordingError, match=r"stdin: found 200 lines that hold no sample, the last 'hello', wanted ax, wx"
    ):
        feed(sensor_of(model), ["hello"] * 300)


def test_smooth_means_the_last_windows(model: Path, walk: Path) -> None:
    lines = walk.read_text().splitlines()
    plain, smooth = feed(sensor_of(model), lines), feed(sensor_of(model, smooth=3), lines)

    def ax(row: dict[str, Any]) -> float:
        return float(next(p["probability"] for p in row["predictions"] if p["label"] == "ax"))

    assert ax(smooth[10]) == pytest.approx(np.mean([ax(row) for row in plain[8:11]]), abs=1e-6)


def test_a_long_stream_takes_no_more_memory(model: Path) -> None:
    sensor = sensor_of(model, hop=1000)
    line = "1.25,-0.5\n"
    tracemalloc.start()
    for _ in range(5_000):
        list(sensor.take(line))
    before = tracemalloc.get_traced_memory()[0]
    for _ in range(50_000):
        list(sensor.take(line))
    grown = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert grown < 20_000  # of 17 minutes at 50 Hz; what ONNX Runtime keeps ceases to grow


def test_the_command_reads_stdin_and_files(
    model: Path, walk: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    assert watch([str(walk), "--model", str(model), "--hop", "0.2s", "--smooth", "2"]) == 0
    captured = capsys.readouterr()
    of_file = without_latency([json.loads(line) for line in captured.out.splitlines()])
    assert len(of_file) == 19
    assert captured.err.endswith("19 answers\n")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(walk.read_bytes())))
    assert watch(["-", "--model", str(model), "--hop", "0.2", "--smooth", "2"]) == 0
    assert without_latency([json.loads(line) for line in capsys.readouterr().out.splitlines()]) == of_file
    assert watch(["/none", "--model", str(model)]) == 1
    assert "/none: No such file or directory; check the path" in capsys.readouterr().err


def test_ctrl_c_ends_a_stream_cleanly(model: Path, walk: Path) -> None:
    command = [sys.executable, "-m", "ressq_runtime.commands.watch", "-", "--model", str(model)]
    code = "import sys; from ressq_runtime.commands.watch import main; sys.exit(main(sys.argv[1:]))"
    command = [sys.executable, "-c", code, "-", "--model", str(model)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdin
        assert process.stdout
        process.stdin.write(walk.read_bytes())
        process.stdin.flush()
        for _ in range(37):
            assert json.loads(process.stdout.readline())
        process.send_signal(signal.SIGINT)
        _, said = process.communicate()
    assert process.returncode == 0
    assert said.decode().endswith("ressq-watch: stopped\nressq-watch: 37 answers\n")


def test_evaluation_counts_recordings_and_windows(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for label in LABELS:
        for number in range(3):
            write_recording(tmp_path / "test" / label / f"{number}.csv", wave(2, label, number))
    write_recording(tmp_path / "test" / "ax" / "3.csv", wave(2, "wx"))
    assert evaluate([str(model), str(tmp_path / "test"), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["n"], found["top1"], found["noun"]) == (10, 0.9, "recording")
    assert found["windows"]["n"] == 170
    assert found["windows"]["top1"] == pytest.approx(0.9)
    assert found["windows"]["top1_low"] < 0.65
    assert evaluate([str(model), str(tmp_path / "test")]) == 0
    said = capsys.readouterr().out
    assert "on 10 recordings of" in said
    assert "of their 170 windows  90.0%  95 % interval over recordings" in said


def test_an_interval_over_groups_is_as_wide_as_they_differ() -> None:
    alike, apart = [(9, 10)] * 40, [(10, 10)] * 36 + [(0, 10)] * 4
    assert share_over_groups(apart) == pytest.approx(wilson(36, 40), abs=0.01)
    assert share_over_groups(alike) == wilson(36, 40)
    some = [(9, 10), (8, 10), (10, 10), (9, 10)] * 10
    low, high = share_over_groups(some)
    assert high - low < wilson(36, 40)[1] - wilson(36, 40)[0]


def test_commands_that_draw_or_profile_pictures_refuse_recordings(
    model: Path, walk: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for option in (["--explain", str(tmp_path / "o.png")], ["--profile"]):
        assert infer([str(walk), "--model", str(model), *option]) == 1
        assert "found a model of recordings, wanted one of pictures for" in capsys.readouterr().err


def test_info_tells_the_window(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert tell_model(["info", str(model)]) == 0
    assert "float32 [1, 20, 2], a window at 50 Hz of ax, wx" in capsys.readouterr().out


def test_a_model_of_recordings_is_none_of_pictures(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(ArtefactError, match="found a model of recordings, wanted one of pictures for Classifier"):
        Classifier.load(model)
    assert watch(["-"]) == 1
    assert "found a model of pictures, wanted one of recordings for lines of a sensor" in capsys.readouterr().err
