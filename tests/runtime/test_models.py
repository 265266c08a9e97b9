from __future__ import annotations

import os
from pathlib import Path

import pytest

from cards import FLATBUFFER, golden_card
from ressq_runtime import ArtefactError, OutputError
from ressq_runtime.artefact.container import attach_card, read_card
from ressq_runtime.artefact.installed import BUILTIN, find_model, install_model


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
    with pytest.raises(ArtefactError, match=r"found a folder, wanted a .tflite or .onnx model; name a file"):
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
        ArtefactError, match="found a model without a card, wanted an artefact of ressq-export; copy it again if it"
    ):
        install_model(str(tmp_path / "foreign.tflite"), {"XDG_DATA_HOME": str(tmp_path)})


def test_a_folder_that_cant_be_written_is_said(tmp_path: Path, artefact: str) -> None:
    (tmp_path / "file").touch()
    words = r"model.tflite: Not a directory; free space, make the folder writable, set HOME or XDG_DATA_HOME to another"
    for name in ("XDG_DATA_HOME", "HOME"):
        with pytest.raises(OutputError, match=words):
            install_model(artefact, {name: str(tmp_path / "file")})


@pytest.mark.parametrize("named", [{}, {"HOME": ""}, {"HOME": "~"}, {"HOME": "home"}, {"XDG_DATA_HOME": "data"}])
def test_without_a_home_folder_nothing_is_installed_or_found_where_one_happens_to_be(
    named: dict[str, str], artefact: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nobody = 2**31 - 7
    monkeypatch.setattr(os, "getuid", lambda: nobody)  # as under `docker run --user`: no line in /etc/passwd
    monkeypatch.chdir(tmp_path)
    for folder in ("~/.local/share", "home/.local/share", "data", ".local/share"):
        (tmp_path / folder / "ressq").mkdir(parents=True)
        (tmp_path / folder / "ressq" / "model.tflite").write_bytes(b"somebody else's")
    before = sorted(tmp_path.rglob("*"))
    assert find_model(None, named) == (BUILTIN, "built-in")
    with pytest.raises(OutputError, match="found no home folder to install it in; set HOME or XDG_DATA_HOME, or name"):
        install_model(artefact, named)
    assert sorted(tmp_path.rglob("*")) == before


def test_an_empty_or_relative_variable_names_no_folder(tmp_path: Path, artefact: str) -> None:
    installed = install_model(artefact, {"HOME": str(tmp_path), "XDG_DATA_HOME": "data"})
    assert installed == str(tmp_path / ".local" / "share" / "ressq" / "model.tflite")
    assert find_model(None, {"HOME": str(tmp_path), "XDG_DATA_HOME": ""}) == (installed, "installed")


@pytest.mark.skipif(os.name == "nt", reason="/etc/passwd")
def test_without_home_the_account_names_the_folder() -> None:
    from pwd import getpwuid

    from ressq_runtime.artefact.installed import _folder

    for named in ({}, {"HOME": ""}):
        assert _folder(named) == f"{getpwuid(os.getuid()).pw_dir}/.local/share/ressq"
