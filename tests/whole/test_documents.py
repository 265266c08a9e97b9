"""What the documents show is run here."""

from __future__ import annotations

import json
import re
import shlex
import shutil
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ressq_runtime.inputs.picture import decode
from segmentations import stripes, truth, write_model

ROOT = Path(__file__).parents[2]


def indented_commands(path: Path) -> list[str]:
    """The command lines of a document, comments cut off."""
    lines = [line.strip() for line in path.read_text().splitlines() if line.startswith("    ")]
    return [line.partition(" #")[0].strip() for line in lines]


@pytest.mark.parametrize(
    "name", ["README.md", "docs/pi.md", "docs/measuring.md", "docs/serve.md", "docs/tables.md", "runtime/README.md"]
)
def test_every_option_that_a_document_names_exists(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    import ressq_edge.cli
    import ressq_export.cli

    mains = {"ressq-train": ressq_edge.cli.main, "ressq-export": ressq_export.cli.main}
    for command_name in ("infer", "watch", "evaluate", "profile", "serve", "model"):
        mains[f"ressq-{command_name}"] = import_module(f"ressq_runtime.commands.{command_name}").main
    for call in (call for line in indented_commands(ROOT / name) for call in line.split("|")):
        command, *words = shlex.split(call.removeprefix("ExecStart=")) or [""]
        if (command := Path(command).name) in mains:
            with pytest.raises(SystemExit):
                mains[command]([*words[: command == "ressq-model"], "--help"])  # which has actions
            text = capsys.readouterr().out
            for option in re.findall(r"--[a-z-]+", call):
                assert option in text, f"{name}: {call}"


@pytest.mark.parametrize("name", ["README.md", "docs/pi.md", "docs/serve.md"])
def test_a_device_is_told_to_fetch_a_pip_whose_commands_do_without_re(name: str) -> None:
    made = [line for line in indented_commands(ROOT / name) if "-m venv --system-site-packages" in line]
    assert made
    assert all("--upgrade-deps" in line for line in made)


def test_the_python_in_the_readme_runs(
    artefacts: dict[str, Path], shapes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    (block,) = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.S)
    shutil.copy(artefacts["int8.tflite"], tmp_path / "leaf_int8.tflite")
    shutil.copy(shapes / "circle" / "00.png", tmp_path / "photo.jpg")
    monkeypatch.chdir(tmp_path)
    exec(block, {})
    assert capsys.readouterr().out.startswith("circle ")


def block_of(document: str, word: str) -> str:
    """The one block of Python in a document that holds the word."""
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / document).read_text(encoding="utf-8"), re.S)
    (found,) = (block for block in blocks if word in block)
    return found


def test_the_python_that_stretches_twelve_bits_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    block = block_of("docs/data.md", "WHITE")
    (tmp_path / "photos/lung").mkdir(parents=True)
    Image.fromarray(np.linspace(0, 4095, 64 * 64).astype(np.uint16).reshape(64, 64)).save(
        tmp_path / "photos/lung/0.png"
    )
    monkeypatch.chdir(tmp_path)
    dark, stretched = "photos/lung/0.png", "stretched/lung/0.png"
    exec(block, {})
    assert np.asarray(decode(dark)).max() <= 16
    assert np.ptp(np.asarray(decode(stretched))) == 255
    assert abs(np.asarray(decode(stretched)).mean() - 127.5) < 1


def test_the_python_that_enlarges_small_pictures_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mnist/train/7").mkdir(parents=True)
    Image.effect_noise((28, 28), 60).save(tmp_path / "mnist/train/7/0.png")
    monkeypatch.chdir(tmp_path)
    exec(block_of("docs/data.md", "mnist56"), {})
    assert decode("mnist56/train/7/0.png").size == (56, 56)


def documented_keys(command: str) -> set[str]:
    """Those in the first column of the command's table in docs/json.md."""
    section = (ROOT / "docs/json.md").read_text().partition(f"## {command}\n")[2].partition("\n## ")[0]
    return set(re.findall(r"`(\w+)`", " ".join(line.split("|")[1] for line in section.splitlines() if "|" in line)))


def test_json_has_the_keys_that_the_document_names(
    artefacts: dict[str, Path], run: Path, shapes: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import ressq_export.cli
    import ressq_runtime.commands.evaluate
    import ressq_runtime.commands.infer

    file = str(artefacts["int8.tflite"])
    (tmp_path / "broken.jpg").write_bytes(b"x")
    picture, broken = str(shapes / "circle" / "00.png"), str(tmp_path / "broken.jpg")
    # The built-in model had pictures enough to tell strange ones.
    builtin = str(ROOT / "runtime/ressq_runtime/builtin/clothing_int8.tflite")
    assert (
        ressq_runtime.commands.infer.main([picture, broken, "--model", builtin, "--json", "--abstain-below", "1"]) == 1
    )
    infer = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {key for answer in infer for key in answer} == documented_keys("ressq-infer") - set(infer[0]["latency_ms"])
    assert ressq_runtime.commands.evaluate.main([file, str(shapes), "--json"]) == 0
    assert set(json.loads(capsys.readouterr().out)) == documented_keys("ressq-evaluate")
    made = ["--out", str(Path(file).parent), "--name", "shapes", "--evaluate", str(shapes), "--json"]
    assert ressq_export.cli.main([str(run), *made]) == 0
    assert set(json.loads(capsys.readouterr().out)) == documented_keys("ressq-export")


def test_json_of_a_segmentation_has_the_keys_that_the_document_names(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import ressq_runtime.commands.evaluate
    import ressq_runtime.commands.infer

    model, masks = str(write_model(tmp_path / "m.tflite")), tmp_path / "masks"
    for folder, image in (("images", stripes()), ("masks", truth())):
        (tmp_path / folder).mkdir()
        image.save(tmp_path / folder / "a.png")
    drawn = ["--mask", str(tmp_path / "drawn.png"), "--json"]
    assert ressq_runtime.commands.infer.main([str(tmp_path / "images" / "a.png"), "--model", model, *drawn]) == 0
    infer = json.loads(capsys.readouterr().out)
    named = documented_keys("A segmentation: ressq-infer") | {"path", "latency_ms"}
    assert set(infer) == named
    assert ressq_runtime.commands.evaluate.main([model, str(masks.parent), "--json"]) == 0
    shared = {"artefact", "folder", "engine", "n", "labels", "faults"}
    assert set(json.loads(capsys.readouterr().out)) == documented_keys("A segmentation: ressq-evaluate") | shared


def test_every_link_inside_the_documents_leads_somewhere() -> None:
    for path in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")]:
        for target in re.findall(r"\]\(([^)#]+)\)", path.read_text()):
            assert target.startswith("http") or (path.parent / target).exists(), f"{path.name}: {target}"


def test_the_versions_agree() -> None:
    import ressq_edge
    import ressq_runtime

    assert ressq_edge.__version__ == ressq_runtime.__version__
    for name in ("README.md", "docs/pi.md", "runtime/README.md"):
        assert set(re.findall(r"ressq_runtime-([0-9.]+)-py3", (ROOT / name).read_text())) == {ressq_edge.__version__}
