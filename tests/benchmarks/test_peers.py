"""benchmarks/peers.py refuses what is fast and wrong, and says what disturbs or beats us: real workers, real models."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import peers
from page.markdown import to_markdown
from peer import convert, registry
from peer.asked import find_asked
from peer.pictures import Picture, Reference, make_pictures
from peer.registry import OURS, PEERS, WORKERS, CannotRun, Peer
from peer.report import find_losses, find_warnings, to_page, to_rows
from peer.rounds import CELLS, Line, Worker, find_wrong, measure, one_core
from ressq_runtime import PixelSpec
from ressq_runtime.artefact.installed import BUILTIN
from ressq_runtime.errors import FolderError

CHEAT = Path(__file__).with_name("cheat.py")
PICTURES = 3


@pytest.fixture(scope="module")
def settings(artefacts: dict[str, Path]) -> dict[str, Any]:
    card = peers.find_card(artefacts["int8.tflite"])
    return {
        "model": str(artefacts["int8.tflite"]), "labels": list(card.labels), "packages": ["pillow"],
        "size": card.input["size"], "resize": card.input["resize"],
    }  # fmt: skip


@pytest.fixture(scope="module")
def reference(artefacts: dict[str, Path]) -> Reference:
    card = peers.find_card(artefacts["int8.tflite"])
    return Reference(artefacts["int8.tflite"], list(card.labels), PixelSpec.from_json(card.input))


@pytest.fixture(scope="module")
def pictures(
    shapes: Path, reference: Reference, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, list[Picture]]:  # fmt: skip
    return make_pictures(shapes, [reference], tmp_path_factory.mktemp("pictures"), PICTURES)


@pytest.fixture
def enter(settings: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Enters a peer into the contest, in this environment."""
    lines: list[Line] = []

    def enter_line(name: str, script: Path, cheat: str = "") -> Line:
        monkeypatch.setenv("CHEAT", cheat)
        lines.append(Line(name, Worker(Path(sys.executable), script, settings)))
        return lines[-1]

    yield enter_line
    for line in lines:
        line.worker.close()


@pytest.mark.slow
def test_right_answers_are_timed_and_compared_round_by_round(enter: Any, pictures: dict[str, list[Picture]]) -> None:
    lines = [enter(OURS, WORKERS / "with_ressq.py"), enter("plain", WORKERS / "with_litert.py")]
    measure(lines, pictures, rounds=2)
    for line in lines:
        assert not line.refused
        assert {cell: len(times) for cell, times in line.times.items()} == dict.fromkeys(CELLS, 2)
    rows = to_rows("int8", lines)
    assert all(row["ratio"] == [1, 1, 1] for row in rows if row["peer"] == OURS)
    whole = {(row["peer"], row["size"], row["column"]): row["ms"][0] for row in rows}
    # Full decoding of 12 megapixels costs what nothing else here does, whatever else the machine is busy with.
    assert whole["plain", "12 MP", "file"] > 1.5 * whole[OURS, "12 MP", "file"]
    assert whole["plain", "12 MP", "file"] > 1.5 * whole["plain", "12 MP", "decoder"]


@pytest.mark.slow
@pytest.mark.parametrize("how", ["constant", "late"])
def test_a_fast_model_with_wrong_labels_is_refused(how: str, enter: Any, pictures: dict[str, list[Picture]]) -> None:
    lines = [enter(OURS, WORKERS / "with_ressq.py"), enter("cheat", CHEAT, how)]
    measure(lines, pictures, rounds=3)
    honest, cheat = lines
    assert not honest.refused
    assert not cheat.times, "not even the times before it was found out"
    assert set(cheat.refused) == set(CELLS)
    rows = to_rows("int8", lines)
    assert find_losses(rows) == []
    shown = to_markdown(to_page(report(rows)))
    assert "| refused: " in shown
    assert "No peer beats ressq-infer" in shown


@pytest.mark.slow
def test_a_peer_that_ends_is_refused_with_its_last_words(enter: Any, pictures: dict[str, list[Picture]]) -> None:
    line = enter("cheat", CHEAT, "dies")
    measure([line], pictures, rounds=2)
    assert set(line.refused.values()) == {"its process ended: out of memory"}


@pytest.mark.slow
def test_a_peer_that_refuses_the_model_can_not_run(enter: Any) -> None:
    with pytest.raises(CannotRun, match="ValueError: no such operator"):
        enter("cheat", CHEAT, "refuses")


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="processes are pinned on Linux only")
def test_a_machine_that_is_busy_is_said(enter: Any, pictures: dict[str, list[Picture]]) -> None:
    with one_core():
        busy = subprocess.Popen([sys.executable, "-c", "while True: pass"])
        line = enter(OURS, WORKERS / "with_ressq.py")
        measure([line], pictures, rounds=1)
        busy.kill()
        busy.wait()
    (found,) = find_warnings(to_rows("int8", [line]))
    assert found.startswith("others had the core: ")
    assert find_warnings([]) == []


def test_one_wrong_answer_is_enough() -> None:
    asked = [Picture("a.jpg", "oak"), Picture("b.jpg", "elm")]
    assert find_wrong(["oak", "elm"], asked) == ""
    assert find_wrong(["oak", "oak"], asked) == "1 of 2 answers are wrong, the first: oak, not elm"
    assert find_wrong(["oak"], asked) == "gave 1 answers to 2 pictures"


def report(rows: list[dict[str, Any]], **changes: Any) -> dict[str, Any]:
    machine = {
        "model": "a board", "cores": 4, "os": "an OS", "python": "3", "governor": None, "temperature_c": None,
    }  # fmt: skip
    return {
        "rows": rows, "losses": find_losses(rows), "asked": find_asked(rows), "warnings": [], "missing": [],
        "machine": machine, "core": 1, "date": "today", "command": ["peers.py"], "load_before": 0.1,
        "others_cores": 0.0, "rounds": 3, "pictures": 3, **changes,
    }  # fmt: skip


def row(peer: str, ratio: list[float], column: str = "file", size: str = "12 MP") -> dict[str, Any]:
    return {
        "precision": "int8", "peer": peer, "versions": {"it": "1"}, "column": column, "size": size,
        "ms": [10.0, 9.0, 11.0], "cpu_ms": [10.0, 9.0, 11.0], "ratio": ratio, "cpu_ratio": ratio,
    }  # fmt: skip


def every_cell(peer: str, ratio: list[float]) -> list[dict[str, Any]]:
    return [row(peer, ratio, cell.column, cell.size) for cell in CELLS]


def test_the_report_says_first_where_a_peer_beats_us_and_then_what_is_short() -> None:
    rows = every_cell(OURS, [1, 1, 1]) + every_cell("MediaPipe", [3.0, 2.8, 3.2]) + every_cell("MNN", [0.5, 0.4, 1.1])
    missing = [{"peer": "ncnn", "precision": "int8", "reason": "no wheel"}]
    lines = to_markdown(to_page(report(rows, warnings=["load average 3.00"], missing=missing))).splitlines()
    said = [line for line in lines if line][1:]
    assert said[0].startswith("**A peer beats ressq-infer in 5 figures, by most: MNN is 2.00 x as fast")
    assert (
        said[3] == "* MNN is 2.00 x as fast (2.00 x in processor time): int8, 400x441, network only; within the spread"
    )
    assert "**Do not quote: load average 3.00.**" in said
    far = "* int8, 12 megapixels from file to label: "
    assert f"{far}3.00 x as fast as MediaPipe (3.00 x in processor time): falls short of 3.5" in said
    assert f"{far}0.50 x as fast as MNN (0.50 x in processor time): falls short of 2.0" in said
    assert (
        "* int8, network only: 2.00 x the time of the best peer, MNN (2.00 x in processor time): more than 1.0, "
        "within the spread"
    ) in said
    assert "* ncnn, int8: no wheel" in said


def test_what_was_asked_is_reached_or_not_measured() -> None:
    refused = {**row("MediaPipe", []), "refused": "1 of 4 answers are wrong"}
    fp32 = [
        {**row(peer, [ratio] * 3, "network", "400x441"), "precision": "fp32"}
        for peer, ratio in ((OURS, 1.0), ("ncnn", 0.92), ("MNN", 1.5))
    ]
    assert find_asked([row("plain LiteRT script", [5.2, 5.0, 5.5]), refused, *fp32]) == [
        "fp32, network only: 1.09 x the time of the best peer, ncnn (1.09 x in processor time): reached",
        "int8, 12 megapixels from file to label: 5.20 x as fast as plain LiteRT script (5.20 x in processor time): "
        "reached",
        "MediaPipe: not measured, 1 of 4 answers are wrong",
    ]


def test_where_ressq_infer_is_refused_nothing_is_compared() -> None:
    ours = [{**cell, "refused": "1 of 4 answers are wrong"} for cell in every_cell(OURS, [])]
    rows = [*ours, *every_cell("MediaPipe", [])]
    for cell in rows:
        del cell["ratio"], cell["cpu_ratio"]
    assert find_asked(rows) == []
    said = "Nothing can be said: ressq-infer was not measured (int8: 1 of 4 answers are wrong)"
    assert said in to_markdown(to_page(report(rows)))
    absent = [{"peer": OURS, "precision": "int8", "reason": "no wheel"}]
    assert "was not measured (int8: no wheel)" in to_markdown(to_page(report(rows[len(ours) :], missing=absent)))


def test_a_converter_that_writes_nothing_leaves_nothing_that_passes_for_a_model(
    artefacts: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(convert, "HOME", tmp_path)
    monkeypatch.setattr(convert, "run", lambda *_: None)
    (mnn,) = (peer for peer in PEERS if peer.name == "MNN")
    for _ in range(2):
        with pytest.raises(CannotRun, match=r"ended without a fault and wrote no model\.mnn"):
            convert.find_model(mnn, "fp32", artefacts, tmp_path / "python")


@pytest.mark.slow
def test_what_can_not_be_installed_is_listed_with_the_reason(
    artefacts: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "HOME", tmp_path)
    nowhere = Peer("nowhere", "with_litert.py", "nowhere", (str(tmp_path / "no.whl"),), {"int8": ".tflite"})
    card = peers.find_card(artefacts["int8.tflite"])
    lines, missing = peers.open_lines("int8", artefacts, card, (nowhere,))
    assert not lines
    assert missing[0]["peer"] == "nowhere"
    assert "no.whl" in missing[0]["reason"]


@pytest.mark.slow
def test_a_peer_without_its_artefact_or_precision_says_so(artefacts: dict[str, Path]) -> None:
    from peer.convert import find_model

    onnxruntime = next(peer for peer in PEERS if peer.name == "ONNX Runtime")
    ncnn = next(peer for peer in PEERS if peer.name == "ncnn")
    builtin = {"int8.tflite": Path(BUILTIN)}
    with pytest.raises(CannotRun, match=r"needs an artefact NAME_int8\.onnx; name its folder with --artefacts"):
        find_model(onnxruntime, "int8", builtin, Path(sys.executable))
    with pytest.raises(CannotRun, match="its own quantiser would make another one"):
        find_model(ncnn, "int8", artefacts, Path(sys.executable))


@pytest.mark.slow
def test_pictures_that_say_nothing_are_refused(shapes: Path, reference: Reference, tmp_path: Path) -> None:
    alike, out = tmp_path / "alike", tmp_path / "out"
    alike.mkdir()
    out.mkdir()
    sure = next(shapes.rglob("*.png"))
    for number in range(PICTURES):
        shutil.copy(sure, alike / f"{number}.png")
    with pytest.raises(FolderError, match=r"found \d photos of [01] labels that the network is sure of"):
        make_pictures(alike, [reference], out, PICTURES)
    with pytest.raises(FolderError, match="wanted 4 of two labels or more"):
        make_pictures(alike, [reference], out, PICTURES + 1)


@pytest.mark.slow
def test_a_folder_without_an_export_is_refused(artefacts: dict[str, Path], tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"found no NAME_int8\.tflite"):
        peers.find_artefacts(tmp_path)
    for name in ("a_int8.tflite", "b_int8.tflite"):
        (tmp_path / name).touch()
    with pytest.raises(SystemExit, match=r"found 2 files \*_int8\.tflite"):
        peers.find_artefacts(tmp_path)
    assert peers.find_artefacts(artefacts["int8.tflite"].parent) == artefacts
