"""The export from a run folder to four artefacts, and how it fails."""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
import sys
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from export_networks import LABELS, checkpoint_of, colours, group_by_number, write_run
from ressq_edge.data.split import read_split, write_split
from ressq_edge.network.checkpoint import load_checkpoint, save_checkpoint
from ressq_export import convert, exporter
from ressq_export.cli import main
from ressq_export.convert import KINDS
from ressq_export.errors import ConversionError
from ressq_export.evaluation.measure import measure_confidence
from ressq_export.progress import Screen
from ressq_export.request import Request
from ressq_runtime.artefact.container import read_card

if TYPE_CHECKING:
    from pathlib import Path


def test_existing_files_are_refused(
    exported: dict[str, Path], lively_run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = exported["fp32.onnx"].parent
    assert main([str(lively_run), "--out", str(folder)]) == 1
    assert "café_fp32.onnx: found 6 of 6 files already there, wanted none; give --force" in capsys.readouterr().err


def test_a_kill_leaves_nothing_half_made(lively_run: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "ressq_export.cli", str(lively_run), "--out", str(tmp_path / "dist")]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        while not list(tmp_path.glob("dist/.ressq-export-*/*")):
            assert process.poll() is None
            time.sleep(0.05)
        process.terminate()
        _, said = process.communicate()
    assert process.returncode == 130
    assert said.endswith("ressq-export: interrupted; no artefact was written\n")
    assert list((tmp_path / "dist").iterdir()) == []


def test_files_of_this_very_run_are_evaluated_without_a_new_export(
    exported: dict[str, Path], lively_run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = {kind: path.stat().st_mtime_ns for kind, path in exported.items()}
    folder, test = exported["fp32.onnx"].parent, lively_run.parent / "data" / "test"
    assert main([str(lively_run), "--out", str(folder), "--evaluate", str(test), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["exported"] is False
    (rows,) = report["tables"].values()
    assert [row["name"] for row in rows] == ["torch fp32", *KINDS]
    assert {row["n"] for row in rows} == {12}
    assert rows[0]["agreement"] == rows[1]["agreement"] == 1
    assert {kind: path.stat().st_mtime_ns for kind, path in exported.items()} == before


def test_flags_that_only_count_where_files_are_made_are_told_where_none_is(
    exported: dict[str, Path], lively_run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, test = exported["fp32.onnx"].parent, lively_run.parent / "data" / "test"
    command = [str(lively_run), "--out", str(folder), "--evaluate", str(test)]
    assert main(command) == 0
    assert "not used" not in capsys.readouterr().err
    assert main([*command, "--no-thumbnails", "--max-drop", "1"]) == 0
    assert "note: --no-thumbnails, --max-drop: not used, as no file was made" in capsys.readouterr().err


@pytest.mark.skipif(sys.platform != "linux", reason="a full disk is played by /dev/full")
@pytest.mark.parametrize(("streams", "code"), [("2>&-", 0), (">/dev/full", 1), (">&-", 1)])
def test_streams_that_take_nothing_are_no_traceback(
    exported: dict[str, Path], lively_run: Path, streams: str, code: int
) -> None:
    folder, test = exported["fp32.onnx"].parent, lively_run.parent / "data" / "test"
    command = [sys.executable, "-m", "ressq_export.cli", str(lively_run), "--out", str(folder), "--evaluate", str(test)]
    found = subprocess.run(f"{shlex.join(command)} {streams}", shell=True, capture_output=True, text=True, check=False)
    assert found.returncode == code, found.stderr
    assert "Traceback" not in found.stderr
    assert code == 0 or "ressq-export: error: stdout: " in found.stderr


def test_the_temperature_is_fitted_and_in_every_card(exported: dict[str, Path], lively_run: Path) -> None:
    wanted = measure_confidence(exporter.read_run(lively_run), Screen(None)).temperature
    assert wanted != 1
    for path in exported.values():
        card = read_card(path)
        assert card is not None
        assert card.data["output"]["temperature"] == wanted  # type: ignore[index]


def test_files_of_another_run_are_not_evaluated_for_this_one(
    exported: dict[str, Path], lively_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "café"
    shutil.copytree(lively_run, run)
    save_checkpoint(run / "best.safetensors", checkpoint_of(seed=1))
    folder, test = exported["fp32.onnx"].parent, lively_run.parent / "data" / "test"
    assert main([str(run), "--out", str(folder), "--evaluate", str(test)]) == 1
    assert "already there" in capsys.readouterr().err


def test_a_broken_picture_to_evaluate_is_one_fault_and_the_rest_is_measured(
    exported: dict[str, Path], lively_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(lively_run.parent / "data" / "test", tmp_path / "test")
    (tmp_path / "test" / LABELS[0] / "0.png").write_bytes(b"none")
    arguments = [str(lively_run), "--out", str(exported["fp32.onnx"].parent), "--evaluate", str(tmp_path / "test")]
    assert main(arguments) == 1
    found = capsys.readouterr()
    assert "0.png" in found.err
    assert "11 pictures" in found.out


def test_a_folder_of_broken_pictures_measures_nothing(
    exported: dict[str, Path], lively_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "test" / LABELS[0]).mkdir(parents=True)
    (tmp_path / "test" / LABELS[0] / "0.png").write_bytes(b"none")
    arguments = [str(lively_run), "--out", str(exported["fp32.onnx"].parent), "--evaluate", str(tmp_path / "test")]
    assert main(arguments) == 1
    assert "found no picture that can be read among 1; the first: " in capsys.readouterr().err


def test_a_class_that_the_run_does_not_know_is_refused(
    exported: dict[str, Path], lively_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(lively_run.parent / "data" / "test" / LABELS[0], tmp_path / "test" / "other")
    arguments = [str(lively_run), "--out", str(exported["fp32.onnx"].parent), "--evaluate", str(tmp_path / "test")]
    assert main(arguments) == 1
    assert "found the class other, wanted one of café" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["", "a/b", ".hidden"])
def test_a_name_that_is_no_file_name_is_refused(
    lively_run: Path, tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(lively_run), "--out", str(tmp_path), "--name", name]) == 1
    assert f"--name: found {name!r}, wanted a plain file name" in capsys.readouterr().err


def test_moved_pictures_are_found_with_data(lively_run: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(lively_run, run)
    (run / "config.json").write_text('{"data": "/nowhere"}')
    exporter.read_run(run, lively_run.parent / "data")


def test_moved_pictures_without_data_are_an_error_that_names_it(
    lively_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    shutil.copytree(lively_run, run)
    (run / "config.json").write_text('{"data": "/nowhere"}')
    assert main([str(run), "--out", str(tmp_path / "dist")]) == 1
    assert "give the folder they are in now with --data" in capsys.readouterr().err
    (run / "config.json").write_text("{}")
    assert main([str(run), "--out", str(tmp_path / "dist")]) == 1
    assert "found no data folder in it; name the pictures' folder with --data" in capsys.readouterr().err
    assert not (tmp_path / "dist").exists()


def test_a_folder_that_is_no_run_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path), "--out", str(tmp_path / "dist")]) == 1
    assert "best.safetensors: found no such file" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("of_the_run", "asked", "shown"), [(True, True, True), (True, False, False), (False, True, False)]
)
def test_a_run_without_thumbnails_has_a_certificate_without(
    lively_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, of_the_run: bool, asked: bool, shown: bool
) -> None:
    run = tmp_path / "run"
    shutil.copytree(lively_run, run)
    config = json.loads((run / "config.json").read_text())
    (run / "config.json").write_text(json.dumps({**config, "thumbnails": of_the_run}))
    made: list[Request] = []
    monkeypatch.setattr(exporter, "_export", lambda job: made.append(job.request))
    exporter.export(Request(run, tmp_path / "dist", "leaf", thumbnails=asked), Screen(None))
    assert made[0].thumbnails is shown
    notes = exporter.read_run(run).notes()
    assert any("--no-thumbnails" in note for note in notes) is not of_the_run


@pytest.mark.slow
def test_a_run_of_few_pictures_is_exported_with_others_to_calibrate_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = write_run(tmp_path / "run", checkpoint_of(), train=4)
    others = tmp_path / "others"
    others.mkdir()
    for seed in range(20):
        colours(seed).save(others / f"{seed}.png")
    out = ["--out", str(tmp_path / "dist")]
    assert main([str(run), *out]) == 1
    assert "found 12 pictures to calibrate on, wanted at least 16; add pictures, or give" in capsys.readouterr().err
    seen: list[int] = []
    add_score = exporter.add_score
    monkeypatch.setattr(
        exporter,
        "add_score",
        lambda paths, pictures, held, at: (seen.append(len(pictures)), add_score(paths, pictures, held, at)),
    )
    assert main([str(run), *out, "--calibration", str(others), "--allow-drop"]) == 0
    assert "note: 12 validation pictures are fewer than 20: the files always answer" in capsys.readouterr().err
    assert seen == [12], "what is unlike the training pictures is told by these, not by --calibration's"


def test_calibrating_on_validation_pictures_is_refused(
    lively_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    val = lively_run.parent / "data" / "val"
    assert main([str(lively_run), "--out", str(tmp_path / "dist"), "--calibration", str(val)]) == 1
    assert "found 12 pictures of the validation split" in capsys.readouterr().err


def test_an_unreadable_training_picture_stops_the_export(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = write_run(tmp_path / "run", checkpoint_of())
    (tmp_path / "data" / "train" / LABELS[1] / "3.png").write_bytes(b"none")
    assert main([str(run), "--out", str(tmp_path / "dist")]) == 1
    assert "3.png: found" in capsys.readouterr().err


def test_an_unreadable_validation_picture_stops_the_export(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = write_run(tmp_path / "run", checkpoint_of())
    (tmp_path / "data" / "val" / LABELS[1] / "3.png").write_bytes(b"none")
    assert main([str(run), "--out", str(tmp_path / "dist")]) == 1
    assert "(it is in the validation split)" in capsys.readouterr().err
    assert not (tmp_path / "dist").exists()


def test_an_untrained_network_is_refused_and_no_file_is_left(
    lively_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run, out = tmp_path / "run", tmp_path / "dist"
    shutil.copytree(lively_run, run)
    checkpoint = load_checkpoint(run / "best.safetensors")
    dull = {name: weight * 1e-3 for name, weight in checkpoint.weights.items() if name.startswith("classifier")}
    checkpoint.weights.update(dull)
    save_checkpoint(run / "best.safetensors", checkpoint)
    assert main([str(run), "--out", str(out)]) == 1
    assert "found logits that vary by" in capsys.readouterr().err
    assert list(out.iterdir()) == []


def test_a_failure_after_three_files_leaves_what_was_there(
    lively_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    old = [tmp_path / f"café_{kind}" for kind in KINDS]
    for path in old:
        path.write_text("old")
    monkeypatch.setattr(convert.onnx_int8, "quantise_onnx", raise_conversion_error)
    assert main([str(lively_run), "--out", str(tmp_path), "--force", "--max-drop", "100"]) == 1
    assert "int8.onnx: failed on purpose" in capsys.readouterr().err
    assert [path.read_text() for path in old] == ["old"] * 4
    assert sorted(tmp_path.iterdir()) == sorted(old)


def raise_conversion_error(*_: Any) -> None:
    raise ConversionError("int8.onnx: failed on purpose")


def test_help_does_not_wait_for_torch() -> None:
    code = "import sys, ressq_export.cli as c\ntry: c.main(['--help'])\nfinally: sys.exit('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, "sys.exit(True) is 1"
    assert "example:" in done.stdout


def test_wrong_usage_is_exit_code_2(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["run"])
    assert "--out" in capsys.readouterr().err


@pytest.mark.parametrize("origin", ["seeded", "folders"])
def test_of_the_folder_that_the_run_was_trained_on_the_test_pictures_are_measured(
    exported: dict[str, Path], lively_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], origin: str
) -> None:
    run, data = tmp_path / "café", lively_run.parent / "data"
    shutil.copytree(lively_run, run)
    split = json.loads((run / "split.json").read_text(encoding="utf-8"))
    (run / "split.json").write_text(json.dumps({**split, "origin": origin}))
    folder = str(exported["fp32.onnx"].parent)
    assert main([str(run), "--out", folder, "--evaluate", str(data), "--json"]) == 0
    tables = json.loads(capsys.readouterr().out)["tables"]
    assert list(tables) == ["test split"]
    assert {row["n"] for row in tables["test split"]} == {len(read_split(run).test)}
    (run / "split.json").write_text(json.dumps({**split, "origin": origin, "test": []}))
    assert main([str(run), "--out", folder, "--evaluate", str(data)]) == 1
    assert f"{data}: found no test pictures in the run's split, wanted some" in capsys.readouterr().err


def test_the_groups_of_a_run_are_in_the_intervals_or_it_is_said(
    exported: dict[str, Path], lively_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, data = str(exported["fp32.onnx"].parent), lively_run.parent / "data"

    def ask(run: Path, place: Path) -> tuple[tuple[float, float], str]:
        assert main([str(run), "--out", folder, "--evaluate", str(place), "--json"]) == 0
        report = json.loads(capsys.readouterr().out)
        row = next(iter(report["tables"].values()))[0]
        return (row["top1_low"], row["top1_high"]), "\n".join(report["notes"])

    plain, said = ask(lively_run, data)
    assert "group" not in said
    run = group_by_number(lively_run, tmp_path, r"(\d)")
    grouped, said = ask(run, data)
    assert grouped != plain
    assert "test split: intervals of top-1 are over its 4 groups" in said
    assert "groups are not known" not in said
    assert "the interval of what int8 loses counts pictures of one --group-by group as independent" in said
    other = shutil.copytree(data / "test", tmp_path / "doe")
    found, said = ask(run, other)
    assert found == plain
    assert "evaluation folder: groups are not known, so pictures of one count as independent" in said
    write_split(run, replace(read_split(run), groups=()))
    found, said = ask(run, data)
    assert found == plain
    assert "test split: groups are not known" in said, "the run began before they were kept"


def test_pictures_that_the_run_knows_are_measured_with_a_warning(
    exported: dict[str, Path], lively_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, data = str(exported["fp32.onnx"].parent), lively_run.parent / "data"
    copy = shutil.copytree(data / "val", tmp_path / "mine")
    for place in (data / "val", copy):
        assert main([str(lively_run), "--out", folder, "--evaluate", str(place)]) == 0
        assert "note: " in (said := capsys.readouterr().err)
        assert f"{place}: 12 of 12 pictures are ones that the run trained on or chose its epoch by" in said
    assert main([str(lively_run), "--out", folder, "--evaluate", str(data / "test")]) == 0
    assert "chose its epoch by" not in capsys.readouterr().err


def test_a_run_that_is_none_or_was_interrupted_is_said_to_be(
    exported: dict[str, Path], lively_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(tmp_path / "none"), "--out", str(tmp_path / "dist")]) == 1
    assert "found no such file, wanted a folder made by ressq-train" in capsys.readouterr().err
    run, test = tmp_path / "café", lively_run.parent / "data" / "test"
    shutil.copytree(lively_run, run)
    arguments = [str(run), "--out", str(exported["fp32.onnx"].parent), "--evaluate", str(test)]
    (run / "summary.md").unlink()
    assert main(arguments) == 0
    assert "found no summary.md, so the run was interrupted" in capsys.readouterr().err
    (run / "summary.md").touch()
    assert main(arguments) == 0
    assert "interrupted" not in capsys.readouterr().err


@pytest.mark.parametrize("option", ["--out", "--name", "--about"])
def test_what_the_card_cannot_hold_is_refused_before_the_work(
    lively_run: Path, tmp_path: Path, option: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(lively_run), "--out", str(tmp_path / "dist"), option, "caf\udce9"]) == 1
    said = capsys.readouterr().err
    assert f"{option}: found " in said
    assert "caf\\udce9', wanted UTF-8, as files and cards want it; give another" in said
    assert not (tmp_path / "dist").exists()
