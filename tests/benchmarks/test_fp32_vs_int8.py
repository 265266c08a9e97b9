"""benchmarks/fp32_vs_int8.py: real files in real interpreters, with the runtime alone; planted cheats and loads."""

from __future__ import annotations

import copy
import json
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

import pytest

import fp32_vs_int8
import render
import tiny_tflite
from artefacts import find_artefacts, find_pictures, open_target
from circumstances import Watch, find_load
from conftest import SHAPE_SIZE, SHAPES
from matched_pairs.answers import answer_all, choose_pictures, label_pictures
from matched_pairs.compare import compare
from matched_pairs.verdict import judge
from ressq_runtime import evaluate, read_card
from ressq_runtime.artefact.container import attach_card
from ressq_runtime.classifier import Classifier
from ressq_runtime.errors import ArtefactError, FolderError
from spreads import find_drift, ratio

SCRIPT = Path(fp32_vs_int8.__file__)
RUNTIME_NEEDS = ("numpy", "numpy.libs", "PIL", "pillow.libs", "ai_edge_litert")


@pytest.fixture(scope="module")
def report(artefacts: dict[str, Path], shapes: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a device measures that has the runtime and LiteRT, and nothing else."""
    folder = tmp_path_factory.mktemp("device")
    installed, packages = Path(sysconfig.get_path("purelib")), folder / "packages"
    packages.mkdir()
    searched = [installed, *map(Path, sys.path)]
    for name in RUNTIME_NEEDS:
        found = [place / name for place in searched if (place / name).is_dir()]
        if found:
            (packages / name).symlink_to(found[0])
    for found in (path for place in searched for path in place.glob("ai_edge_litert-*.dist-info")):
        if not (packages / found.name).exists():
            (packages / found.name).symlink_to(found)
    environment = {**os.environ, "PYTHONPATH": f"{packages}{os.pathsep}{SCRIPT.parents[1] / 'runtime'}"}
    command = [str(SCRIPT), str(artefacts["int8.tflite"].parent), "--data", str(shapes), "--quick", "--rounds", "6"]
    done = subprocess.run(
        [sys.executable, "-S", *command, "--out", str(folder)], capture_output=True, text=True, env=environment
    )
    assert done.returncode == 0, done.stderr
    assert "python benchmarks/render.py fp32_vs_int8.json" in done.stderr
    assert {path.name for path in folder.iterdir()} == {"packages", "fp32_vs_int8.json", "fp32_vs_int8.md"}
    assert done.stdout.startswith("# shapes: fp32 against int8\n\n**int8 is ")
    found: dict[str, Any] = json.loads((folder / "fp32_vs_int8.json").read_text())
    return found


@pytest.mark.slow
def test_a_device_with_the_runtime_alone_measures(
    report: dict[str, Any], artefacts: dict[str, Path], shapes: Path
) -> None:
    assert {entry["kind"] for entry in report["entries"]} == {"int8.tflite", "fp32.tflite"}
    assert any("onnxruntime" in line for line in report["missing"])
    for entry in report["entries"]:
        assert entry["inference"]["num_runs"] == 6 * 20
        assert entry["inference"]["p99_ms"] is None, "120 samples have no 99th percentile"
        assert entry["inference"]["median_ms"] < entry["answer"]["median_ms"]
        assert entry["drift"] is not None
    for kind in ("int8.tflite", "fp32.tflite"):
        known = evaluate(Classifier.load(artefacts[kind]), shapes)
        assert report["accuracy"][kind] == {
            "n": 120, "top1": known.top1, "top1_low": known.top1_low, "top1_high": known.top1_high
        }  # fmt: skip
    cold = [entry["cold"] for entry in report["entries"] if "cold" in entry]
    assert len(cold) == 2
    assert all(found["stages"]["total"]["num_runs"] == 3 and found["peak_memory_mb"] > 10 for found in cold)
    assert report["verdict"]["ship"] in ("int8", "fp32")


@pytest.mark.slow
def test_the_workstation_draws_what_a_device_measured(report: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "from-pi.json").write_text(json.dumps(report))
    together = tmp_path / "report.html"
    assert render.main([str(tmp_path / "from-pi.json"), "--out", str(tmp_path), "--together", str(together)]) == 0
    assert (tmp_path / "fp32_vs_int8-an-inference-p50.png").read_bytes().startswith(b"\x89PNG")
    assert b"<svg" in together.read_bytes()
    (tmp_path / "odd.json").write_text("[1]")
    with pytest.raises(SystemExit, match=r"odd\.json: found no report of bypass, .*fp32_vs_int8"):
        render.main([str(tmp_path / "odd.json")])


@pytest.fixture
def planted(artefacts: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder whose int8 file is a tiny network that does not look: fast, and nearly always the same answer."""
    monkeypatch.setattr(tiny_tflite, "SIZE", SHAPE_SIZE)
    monkeypatch.setattr(tiny_tflite, "CLASSES", len(SHAPES))
    card = read_card(artefacts["int8.tflite"])
    assert card
    shutil.copy(artefacts["fp32.tflite"], tmp_path / "shapes_fp32.tflite")
    about = {key: value for key, value in card.data.items() if key not in ("sha256", "card_sha256")}
    made = attach_card(tiny_tflite.tiny_model(), about, ".tflite")
    (tmp_path / "shapes_int8.tflite").write_bytes(made)
    return tmp_path


@pytest.mark.slow
def test_a_fast_file_with_wrong_labels_gets_no_time_and_is_not_shipped(planted: Path, shapes: Path) -> None:
    out = planted / "out"
    assert fp32_vs_int8.main([str(planted), "--data", str(shapes), "--quick", "--rounds", "1", "--out", str(out)]) == 0
    found = json.loads((out / "fp32_vs_int8.json").read_text())
    cheats = [entry for entry in found["entries"] if entry["kind"] == "int8.tflite"]
    assert cheats
    for entry in cheats:
        assert "inference" not in entry
        assert entry["refused"].endswith("that fp32 is sure of")
    assert found["ratios"] == []
    assert found["verdict"]["ship"] == "fp32"
    assert found["verdict"]["sentence"].startswith("Ship fp32: int8.tflite has no time that counts (answered ")
    assert "| refused: answered " in (out / "fp32_vs_int8.md").read_text()


def test_files_of_two_networks_are_refused(planted: Path, artefacts: dict[str, Path]) -> None:
    card = read_card(artefacts["int8.tflite"])
    assert card
    about = {key: value for key, value in card.data.items() if key not in ("sha256", "card_sha256")}
    turned = attach_card(tiny_tflite.tiny_model(), {**about, "labels": list(reversed(SHAPES))}, ".tflite")
    (planted / "shapes_int8.tflite").write_bytes(turned)
    with pytest.raises(ArtefactError, match=r"found other labels than in .* wanted two files of one network"):
        fp32_vs_int8.open_entries(find_artefacts(planted))


def test_a_reference_that_always_says_the_same_is_refused(planted: Path, shapes: Path) -> None:
    classifier = Classifier.load(planted / "shapes_int8.tflite")
    answered = answer_all({"fp32.tflite": classifier}, label_pictures(shapes, classifier.labels))
    with pytest.raises(FolderError, match=r"found \d+ pictures of [01] labels that fp32\.tflite is right and sure of"):
        choose_pictures(answered, "fp32.tflite", 4, classifier)


@pytest.mark.skipif(not Path("/proc/stat").exists(), reason="only Linux tells what others use")
def test_a_loaded_machine_is_flagged() -> None:
    watch = Watch()
    busy = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    with pytest.raises(subprocess.TimeoutExpired):
        busy.wait(1.5)
    found = watch.describe()  # it has not ended, so it is none of ours yet
    busy.kill()
    busy.wait()
    assert found["others_cores"] > 0.1
    assert any(line.endswith("cores meanwhile, wanted at most 0.1") for line in found["warnings"])
    assert find_load(3.0, None) == ["load average 3.00 before the first figure, wanted at most 0.5"]
    assert find_load(3.0, 0.0) == [], "another benchmark has just ended"
    assert find_load(0.1, 0.05) == find_load(0.1, None) == []


def test_a_board_that_gets_slower_is_flagged() -> None:
    assert find_drift([10, 10, 10, 11, 12, 12]) == 0.2
    assert find_drift([10, 12, 11]) is None
    slower = [{"drift": 0.08}, {"drift": 0.07}, {"drift": None}, {"refused": "wrong"}]
    (found,) = fp32_vs_int8.find_drifts(slower)
    assert found == "the board drifted by +8% from the first to the last third, wanted at most 5%"
    assert fp32_vs_int8.find_drifts([{"drift": 0.2}, {"drift": 0.01}, {"drift": 0.0}]) == [], "one entry is no board"


def test_ratios_are_taken_round_by_round() -> None:
    # The machine is three times as slow in the second half: medians apart from each other would show another ratio.
    assert ratio([2.0, 6.0, 6.0], [1.0, 3.0, 3.0]) == [2, 2, 2]


def figures(gain: float, drop: float, low: float, high: float) -> dict[str, Any]:
    row = {"format": "tflite", "engine": "litert", "threads": 1, "inference_cpu": [gain, gain, gain]}
    paired = {"tflite": {"n": 1000, "drop": drop, "low": low, "high": high}}
    return {"entries": [], "ratios": [row], "paired": paired, "max_drop": 0.005}


@pytest.mark.parametrize(
    ("found", "ship", "words"),
    [
        (figures(3.14, 0.003, -0.009, 0.004), "int8",
         "int8 is 3.1 x as fast as fp32 (LiteRT, 1 thread) and loses 0.3 points [-0.9, 0.4] of top-1 on "
         "1,000 pictures: ship it"),
        (figures(3.14, 0.003, -0.009, 0.02), "int8",
         "ship it; with so few pictures a loss of 0.5 points would not be seen"),
        (figures(3.14, 0.03, 0.01, 0.05), "fp32", "loses 3.0 points [1.0, 5.0] of top-1 on 1,000 pictures: ship fp32"),
        (figures(1.05, 0.0, -0.001, 0.001), "fp32", "ship fp32"),
    ],
)  # fmt: skip
def test_the_verdict_weighs_speed_and_loss(found: dict[str, Any], ship: str, words: str) -> None:
    assert judge(found)["ship"] == ship
    assert judge(found)["sentence"].endswith(words)


def test_the_verdict_does_not_look_past_a_refused_file_to_another_format() -> None:
    found = figures(3.14, 0.0, -0.001, 0.001)
    found["ratios"].append({**found["ratios"][0], "format": "onnx", "engine": "onnx"})
    found["paired"]["onnx"] = found["paired"]["tflite"]
    found["entries"] = [{"kind": "int8.tflite", "refused": "answered hat to a picture of dress"}, {"kind": "int8.onnx"}]
    assert judge(found) == {
        "ship": "fp32",
        "sentence": "Ship fp32: int8.tflite has no time that counts (answered hat to a picture of dress)",
    }


@pytest.mark.slow
def test_reports_are_compared_on_one_board_only(report: dict[str, Any], tmp_path: Path, capsys: Any) -> None:
    other = copy.deepcopy(report)
    other["ratios"][0]["inference_cpu"][0] *= 1.09
    assert compare(report, other)[1]
    other["ratios"][0]["inference_cpu"][0] *= 1.09
    paths = []
    for name, found in (("a", report), ("b", other)):
        (tmp_path / f"{name}.json").write_text(json.dumps(found))
        paths.append(str(tmp_path / f"{name}.json"))
    assert fp32_vs_int8.main(["--compare", *paths]) == 1
    assert "1 threads: " in (said := capsys.readouterr().out)
    assert "+18.8%, more than 10%" in said
    other["artefacts"]["int8.tflite"]["sha256"] = "0"
    with pytest.raises(SystemExit, match="found reports of different files"):
        compare(report, other)
    other["machine"]["model"] = "Raspberry Pi 5"
    with pytest.raises(SystemExit, match=r"Raspberry Pi 5.*wanted two reports of one board"):
        compare(report, other)


def test_what_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="found no test/ folder that belongs to it; name its pictures with --data"):
        find_pictures(tmp_path, tmp_path)
    with pytest.raises(SystemExit, match=r"found no NAME_int8\.tflite"):
        find_artefacts(open_target(tmp_path))
    (tmp_path / "leaf" / "test").mkdir(parents=True)
    assert find_pictures(None, tmp_path / "leaf-dist") == tmp_path / "leaf" / "test"
    (tmp_path / "mine" / "test").mkdir(parents=True)
    (tmp_path / "own-run").mkdir()
    (tmp_path / "own-run" / "config.json").write_text(json.dumps({"data": str(tmp_path / "mine")}))
    assert find_pictures(None, tmp_path / "own-dist") == tmp_path / "mine" / "test", "photos that lie elsewhere"
    (tmp_path / "mine" / "test").rename(tmp_path / "mine" / "val")
    with pytest.raises(SystemExit, match="found no test/ folder"):  # validation chose int8
        find_pictures(None, tmp_path / "own-dist")
