"""`ressq-infer` as a user calls it, on really made artefacts."""

from __future__ import annotations

import csv
import json
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from cards import TFLITE_ENGINE, onnx_model
from ressq_runtime.classifier import Classifier
from ressq_runtime.commands.infer import main

STAGES = ["decode", "preprocess", "inference", "postprocess", "total"]


@pytest.fixture
def model(artefacts: dict[str, Path]) -> str:
    return str(artefacts["int8.tflite"])


@pytest.fixture
def circle(shapes: Path) -> str:
    return str(shapes / "circle" / "00.png")


@pytest.mark.parametrize("kind", ["fp32.onnx", "int8.onnx", "fp32.tflite", "int8.tflite"])
def test_json_is_one_object_a_picture(
    artefacts: dict[str, Path], shapes: Path, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    pictures = [str(shapes / shape / "00.png") for shape in ("circle", "square", "triangle")]
    assert main([*pictures, "--model", str(artefacts[kind]), "--json"]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row["path"] for row in rows] == pictures
    assert [row["predictions"][0]["label"] for row in rows] == ["circle", "square", "triangle"]
    for row in rows:
        assert list(row["latency_ms"]) == STAGES
        assert sum(p["probability"] for p in row["predictions"]) == pytest.approx(1, abs=1e-3)
        parts = sum(row["latency_ms"][stage] for stage in STAGES[:-1])
        assert row["latency_ms"]["total"] == pytest.approx(parts, abs=0.01)


def test_one_picture_is_a_table_and_says_what_answered(
    model: str, circle: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([circle, "--model", model, "--top-k", "2"]) == 0
    captured = capsys.readouterr()
    assert captured.out.startswith("circle ")
    assert len(captured.out.splitlines()) == 2
    assert f"{model} (--model). {TFLITE_ENGINE} " in captured.err


def test_a_folder_is_a_line_a_picture_and_says_what_it_left_out(
    model: str, shapes: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(shapes / "square", tmp_path / "photos" / "nested")
    (tmp_path / "photos" / "notes.txt").touch()
    assert main([str(tmp_path / "photos"), "--model", model]) == 0
    captured = capsys.readouterr()
    assert len(captured.out.splitlines()) == 40
    assert "left out 1 files that are no pictures: notes.txt" in captured.err


def test_a_folder_of_one_picture_is_a_line_too(
    model: str, circle: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "photos").mkdir()
    shutil.copy(circle, tmp_path / "photos")
    assert main([str(tmp_path / "photos"), "--model", model]) == 0
    assert capsys.readouterr().out.startswith(f"{tmp_path / 'photos' / '00.png'}: circle ")


def test_one_broken_picture_among_many_is_named_and_the_others_answered(
    model: str, circle: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"no picture")
    assert main([circle, str(broken), circle, "--model", model, "--json"]) == 1
    captured = capsys.readouterr()
    rows = [json.loads(line) for line in captured.out.splitlines()]
    assert ["error" in row for row in rows] == [False, True, False]
    assert f"error: {broken}: found no known kind of picture" in captured.err
    assert "2 answered, 1 could not be read" in captured.err


def test_csv_has_a_row_a_picture_and_names_the_faults(model: str, circle: str, tmp_path: Path) -> None:
    table, broken = tmp_path / "answers.csv", tmp_path / "leer, kaputt.jpg"
    broken.touch()
    assert main([circle, str(broken), "--model", model, "--csv", str(table), "--top-k", "2"]) == 1
    rows = list(csv.DictReader(table.read_text().splitlines()))
    names = ["path", "label", "reason", "label_1", "probability_1", "label_2", "probability_2"]
    assert list(rows[0]) == [*names, "total_ms", "error", "model"]
    assert (rows[0]["path"], rows[0]["label_1"], rows[0]["error"]) == (circle, "circle", "")
    assert (rows[1]["path"], rows[1]["label_1"]) == (str(broken), "")
    assert "found an empty file" in rows[1]["error"]


def test_what_is_no_table_of_ours_is_never_overwritten(
    model: str, circle: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = tmp_path / "answers.csv"
    table.write_text("mine")
    assert main([circle, "--model", model, "--csv", str(table)]) == 1
    assert "found no table of --csv" in capsys.readouterr().err
    assert table.read_text() == "mine"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a full disk is played by /dev/full")
def test_a_full_disk_is_an_error_not_a_traceback(model: str, circle: str) -> None:
    with open("/dev/full", "w") as full:  # noqa: PTH123
        found = subprocess.run(
            [sys.executable, "-m", "ressq_runtime", circle, "--model", model],
            stdout=full, stderr=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip
    assert found.returncode == 1
    assert "stdout: No space left on device; free space" in found.stderr
    assert "Traceback" not in found.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="closes stdout as a shell does")
def test_a_closed_stdout_is_an_error_not_a_traceback(model: str, circle: str) -> None:
    command = shlex.join([sys.executable, "-m", "ressq_runtime", circle, "--model", model]) + " >&-"
    found = subprocess.run(command, shell=True, stderr=subprocess.PIPE, text=True, check=False)
    assert found.returncode == 1
    assert "ressq-infer: error: stdout: Bad file descriptor" in found.stderr
    assert "Traceback" not in found.stderr


def test_a_closed_pipe_is_no_traceback(model: str, shapes: Path) -> None:
    command = f"{sys.executable} -m ressq_runtime {shapes} --model {model} --json | head -n 1"
    found = subprocess.run(command, shell=True, capture_output=True, text=True, check=False)
    assert len(found.stdout.splitlines()) == 1
    assert "Traceback" not in found.stderr
    assert "Exception" not in found.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "found no picture, wanted one or more files or folders"),
        (["--profile"], "found no picture, wanted"),
        (["a.jpg", "--top-k", "0"], "found '0', wanted a whole number from 1 on"),
        (["a.jpg", "--engine", "magic"], "invalid choice: 'magic'"),
        (["a.jpg", "--profile", "--csv", "x"], "argument --csv: not allowed with argument --profile"),
        (["a.jpg", "--explain", "o.png", "--profile"], "found --profile with --mask or --explain, wanted one of them"),
        (["a.jpg", "--mask", "o.png", "--profile"], "found --profile with --mask or --explain, wanted one of them"),
        (["a.jpg", "--stdin0"], "found pictures and --stdin0, wanted one of the two"),
        (["--stdin0", "--profile"], "found --profile and --stdin0, wanted one of the two"),
        (["a.jpg", "--csv", "-"], "found --csv -, wanted a FILE"),
    ],
)
def test_wrong_usage_is_2(arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as raised:
        main(arguments)
    assert raised.value.code == 2
    assert words in capsys.readouterr().err


def test_a_folder_without_pictures_is_an_error(model: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path), "--model", model]) == 1
    assert f"{tmp_path}: found no picture, wanted a folder with JPEG" in capsys.readouterr().err


def test_a_foreign_model_runs_with_labels_and_is_refused_without(
    artefacts: dict[str, Path], circle: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from ressq_runtime.artefact.zip_and_protobuf import find_zip_entry

    whole = artefacts["int8.tflite"].read_bytes()
    found = find_zip_entry(whole, "labels.txt")
    assert found is not None
    foreign, labels = tmp_path / "foreign.tflite", tmp_path / "labels.txt"
    foreign.write_bytes(whole[: found[0]])
    labels.write_text("round\nfour-sided\nthree-sided\n", encoding="utf-8-sig")  # as Windows' Notepad may
    assert main([circle, "--model", str(foreign), "--labels", str(labels)]) == 0
    assert capsys.readouterr().out.startswith("round ")
    assert main([circle, "--model", str(foreign)]) == 1
    assert "found a model without a card, wanted an artefact of ressq-export" in capsys.readouterr().err
    labels.write_text("\33]0;owned\7\nb\nc\n")
    assert main([circle, "--model", str(foreign), "--labels", str(labels)]) == 0
    assert not {"\33", "\7"} & set(capsys.readouterr().out), "a terminal obeys these"
    labels.write_text("a\nb\n")
    assert main([circle, "--model", str(foreign), "--labels", str(labels)]) == 1
    words = (
        f"{labels}: found 2 labels, wanted one for each of the 3 scores of {foreign}; take the labels that came with"
    )
    assert words in capsys.readouterr().err
    labels.write_text("0 crane\n1 crane\n2 bird\n3 \n")
    assert main([circle, "--model", str(foreign), "--labels", str(labels)]) == 1
    assert "found 4 labels" in capsys.readouterr().err
    labels.write_text("crane\nbird\ncrane\n")
    assert main([circle, "--model", str(foreign), "--labels", str(labels), "--json"]) == 0
    said = capsys.readouterr()
    assert {found["label"] for found in json.loads(said.out)["predictions"]} == {"crane", "bird", "crane (2)"}
    assert f"ressq-infer: {labels}: found 'crane' again in line 3, which answers as 'crane (2)'; rename" in said.err
    assert main([circle, "--model", str(foreign), "--labels", str(tmp_path / "none")]) == 1
    assert "can't read labels" in capsys.readouterr().err


def test_labels_for_a_model_that_has_its_own_are_refused(
    model: str, circle: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "labels.txt").write_text("a\nb\nc\n")
    assert main([circle, "--model", model, "--labels", str(tmp_path / "labels.txt")]) == 1
    assert "found labels inside the artefact and --labels too" in capsys.readouterr().err


def test_a_foreign_float_input_is_refused(tmp_path: Path, circle: str, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("onnxruntime", reason="ONNX Runtime is not installed")
    (tmp_path / "relu.onnx").write_bytes(onnx_model())
    (tmp_path / "labels.txt").write_text("a\nb\n")
    assert main([circle, "--model", str(tmp_path / "relu.onnx"), "--labels", str(tmp_path / "labels.txt")]) == 1
    assert "found the input float32 [1], wanted one of uint8 [1, H, H, 3]" in capsys.readouterr().err


@pytest.mark.parametrize("kind", ["int8.tflite", "int8.onnx"])
def test_a_corrupt_model_is_an_error(
    artefacts: dict[str, Path], circle: str, kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = artefacts[kind].read_bytes()
    path = tmp_path / f"model.{kind.split('.')[1]}"
    (tmp_path / "labels.txt").write_text("a\nb\nc\n")
    for content in (b"", b"junk" * 100, whole[: len(whole) // 2], whole[:50] + bytes(2000) + whole[2050:]):
        path.write_bytes(content)
        for more in ([], ["--labels", str(tmp_path / "labels.txt")]):
            assert main([circle, "--model", str(path), *more]) == 1
            assert f"error: {path}: " in capsys.readouterr().err


def test_the_engine_must_fit_the_file(
    artefacts: dict[str, Path], circle: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([circle, "--model", str(artefacts["int8.onnx"]), "--engine", "litert"]) == 1
    assert "found engine litert for a .onnx file, wanted one for it" in capsys.readouterr().err
    assert main([circle, "--model", str(artefacts["int8.tflite"]), "--engine", "tflite"]) == 1
    assert "found no tflite-runtime, wanted one of ai-edge-litert, tflite-runtime" in capsys.readouterr().err


def test_with_nothing_named_the_builtin_clothing_model_answers_and_says_so(
    circle: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.delenv("RESSQ_MODEL", raising=False)
    assert main([circle]) == 0
    captured = capsys.readouterr()
    assert "built-in clothing model (dress, hat, " in captured.err


def modules_after(name: str, *arguments: str) -> set[str]:
    """The modules that a fresh process of a command has loaded when it ends."""
    code = (
        f"import sys, ressq_runtime.commands.{name} as command\n"
        "try: command.main(sys.argv[1:])\n"
        "except SystemExit: pass\n"
        "print(*sys.modules, file=sys.stderr)"
    )
    found = subprocess.run([sys.executable, "-I", "-c", code, *arguments], capture_output=True, text=True, check=True)
    return set(found.stderr.splitlines()[-1].split())


@pytest.mark.parametrize(
    "arguments",
    [
        *[[name, "--help"] for name in ("infer", "watch", "evaluate", "profile", "serve", "model")],
        ["infer"], ["infer", "a.jpg", "--top-k", "x"], ["model", "info"],
    ],
    ids=" ".join,
)  # fmt: skip
def test_help_info_and_wrong_usage_load_no_library(arguments: list[str]) -> None:
    assert not modules_after(*arguments) & {"numpy", "PIL", "ai_edge_litert", "onnxruntime", "ctypes"}


def test_an_answer_loads_nothing_of_the_workstation(model: str, circle: str) -> None:
    loaded = modules_after("infer", circle, "--model", model)
    assert not loaded & {"torch", "torchvision", "onnx", "onnx2tf", "cv2", "tensorflow", "ressq_edge", "ressq_export"}
    assert "PIL" in loaded


def test_the_module_is_the_command(model: str, circle: str) -> None:
    found = subprocess.run(
        [sys.executable, "-m", "ressq_runtime", circle, "--model", model, "--json"],
        capture_output=True, text=True, check=True, env={**os.environ, "PYTHONWARNINGS": "error"},
    )  # fmt: skip
    assert json.loads(found.stdout)["predictions"][0]["label"] == "circle"


def test_a_table_in_no_folder_is_told_how_to_be_written(
    circle: str, artefacts: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = tmp_path / "none" / "t.csv"
    assert main([circle, "--model", str(artefacts["int8.tflite"]), "--csv", str(table)]) == 1
    assert f"{table}: No such file or directory; create its folder first" in capsys.readouterr().err


def test_an_empty_name_is_no_table(model: str, circle: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([circle, "--model", model, "--csv", ""]) == 1
    assert "--csv: No such file or directory" in capsys.readouterr().err


@pytest.mark.host  # a board has no onnx to make one
def test_a_foreign_model_of_any_size_is_refused(
    tmp_path: Path, circle: str, capsys: pytest.CaptureFixture[str]
) -> None:
    onnx = pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime", reason="ONNX Runtime is not installed")
    make, kind = onnx.helper, onnx.TensorProto
    nodes = [
        make.make_node("Cast", ["pixels"], ["real"], to=kind.FLOAT),
        make.make_node("ReduceMean", ["real"], ["mean"], axes=[1, 2], keepdims=0),
        make.make_node("Softmax", ["mean"], ["scores"]),
    ]
    graph = make.make_graph(
        nodes, "any", [make.make_tensor_value_info("pixels", kind.UINT8, [1, "height", "width", 3])],
        [make.make_tensor_value_info("scores", kind.FLOAT, [1, 3])],
    )  # fmt: skip
    model = make.make_model(graph, opset_imports=[make.make_opsetid("", 17)], ir_version=9)
    (tmp_path / "any.onnx").write_bytes(model.SerializeToString())
    (tmp_path / "labels.txt").write_text("a\nb\nc\n")
    assert main([circle, "--model", str(tmp_path / "any.onnx"), "--labels", str(tmp_path / "labels.txt")]) == 1
    assert "found the input uint8 [1, 1, 1, 3], wanted one of uint8 [1, H, H, 3]" in capsys.readouterr().err


@pytest.mark.skipif(sys.platform == "win32", reason="closes stderr as a shell does")
@pytest.mark.parametrize("module", ["infer", "evaluate"])
def test_a_closed_stderr_changes_no_answer(model: str, shapes: Path, module: str) -> None:
    home = f"ressq_runtime.commands.{module}"
    code = f"import sys; from {home} import run; run()"
    pictures = ["--model", model, str(shapes / "circle")] if module == "infer" else [model, str(shapes)]
    command = shlex.join([sys.executable, "-c", code, *pictures, "--json"]) + " 2>&-"
    found = subprocess.run(command, shell=True, stdout=subprocess.PIPE, text=True, check=False)
    assert found.returncode == 0
    assert all(isinstance(json.loads(line), dict) for line in found.stdout.splitlines())


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a file name is always text")
def test_an_onnx_model_below_a_name_that_is_no_text_answers(artefacts: dict[str, Path], tmp_path: Path) -> None:
    folder = tmp_path / os.fsdecode(b"\xff")
    folder.mkdir()
    shutil.copy(artefacts["int8.onnx"], folder / "m.onnx")
    classifier = Classifier.load(str(folder / "m.onnx"))
    assert classifier.engine.name == "onnx"
    assert sum(classifier.scores(bytes(classifier.spec.height**2 * 3))) == pytest.approx(1, abs=0.02)
