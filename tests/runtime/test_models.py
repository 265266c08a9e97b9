from __future__ import annotations

from pathlib import Path

import pytest

from cards import FLATBUFFER, golden_card
from ressq_runtime import ArtefactError, OutputError
from ressq_runtime.artefact import attach_card, read_card
from ressq_runtime.models import BUILTIN, find_model, install_model


@pytest.fixture
def artefact(tmp_path: Path) -> str:
    path = tmp_path / "leaf.tflite"
    path.write_bytes(attach_card(FLATBUFFER, golden_card(), ".tflite"))
    return str(path)


def test_the_order_is_option_environment_installed_builtin(tmp_path: Path, artefact: str) -> None:
    home = {"XDG_DATA_HOME": str(tmp_path / "data")}
    assert find_model(None, home) == (BUILTIN, "built-in")
    installed = install_model(artefact, home)
    assert find_model(None, home) == (installed, "installed")
    assert find_model(None, {**home, "RESSQ_MODEL": artefact}) == (artefact, "RESSQ_MODEL")
    other = tmp_path / "other.onnx"
    other.touch()
    assert find_model(str(other), {**home, "RESSQ_MODEL": artefact}) == (str(other), "--model")


def test_a_named_model_that_is_missing_is_not_replaced_by_another() -> None:
    with pytest.raises(
        ArtefactError, match=r"gone.tflite: found no such file, wanted the model that RESSQ_MODEL names"
    ):
        find_model(None, {"RESSQ_MODEL": "gone.tflite"})
    with pytest.raises(ArtefactError, match="found no such file, wanted the model that --model names"):
        find_model("", {})  # a script's empty variable


def test_a_model_that_is_missing_or_a_folder_is_said_to_be(tmp_path: Path) -> None:
    with pytest.raises(ArtefactError, match="none: No such file or directory; check the path"):
        read_card(tmp_path / "none")
    assert find_model(str(tmp_path), {}) == (str(tmp_path), "--model")
    with pytest.raises(ArtefactError, match=r"found another kind of file, wanted a .tflite or .onnx model"):
        read_card(tmp_path)


def test_installing_replaces_the_one_before_whatever_its_kind(tmp_path: Path, artefact: str) -> None:
    home = {"XDG_DATA_HOME": str(tmp_path / "data")}
    (tmp_path / "data" / "ressq").mkdir(parents=True)
    (tmp_path / "data" / "ressq" / "model.onnx").touch()
    installed = install_model(artefact, home)
    assert [path.name for path in (tmp_path / "data" / "ressq").iterdir()] == ["model.tflite"]
    assert Path(installed).read_bytes() == Path(artefact).read_bytes()


def test_a_model_without_a_card_is_not_installed(tmp_path: Path) -> None:
    (tmp_path / "foreign.tflite").write_bytes(FLATBUFFER)
    with pytest.raises(
        ArtefactError, match="found a model without a card, wanted an artefact of ressq-export; use --model"
    ):
        install_model(str(tmp_path / "foreign.tflite"), {"XDG_DATA_HOME": str(tmp_path)})


def test_a_folder_that_cant_be_written_is_said(tmp_path: Path, artefact: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match=r"model.tflite: Not a directory; free space or make the folder writable"):
        install_model(artefact, {"XDG_DATA_HOME": str(tmp_path / "file")})
