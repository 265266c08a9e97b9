"""The two packages to install: the runtime alone, for devices, and all of it, for the workstation."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> tuple[zipfile.ZipFile, zipfile.ZipFile]:
    """The runtime's wheel, and the workstation's, of a copy: setuptools takes what an earlier build left."""
    copy, built = tmp_path_factory.mktemp("clone") / "clone", []
    left_out = shutil.ignore_patterns(
        ".*", "build", "*.egg-info", "__pycache__", "dist", "demo", "bench", "runs", "tests"
    )
    shutil.copytree(ROOT, copy, ignore=left_out)
    for name, source in (("runtime", copy / "runtime"), ("workstation", copy)):
        folder = tmp_path_factory.mktemp(name)
        command = [sys.executable, "-m", "build", "--wheel", "--outdir", folder, source]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT)
        built.append(zipfile.ZipFile(next(folder.glob("*.whl"))))
    return built[0], built[1]


def metadata(wheel: zipfile.ZipFile, name: str) -> list[str]:
    (path,) = (path for path in wheel.namelist() if path.endswith(f".dist-info/{name}"))
    return wheel.read(path).decode().splitlines()


@pytest.mark.slow
def test_the_workstations_package_carries_the_devices_runtime_file_by_file(
    wheels: tuple[zipfile.ZipFile, zipfile.ZipFile],
) -> None:
    runtime, workstation = (
        {info.filename: info.CRC for info in wheel.infolist() if info.filename.startswith("ressq_runtime/")}
        for wheel in wheels
    )
    assert runtime == workstation
    assert "ressq_runtime/builtin/clothing_int8.tflite" in runtime
    commands = [{line for line in metadata(wheel, "entry_points.txt") if "ressq_runtime" in line} for wheel in wheels]
    assert commands[0] == commands[1]


@pytest.mark.slow
def test_the_workstations_package_carries_the_templates_of_its_pages(
    wheels: tuple[zipfile.ZipFile, zipfile.ZipFile],
) -> None:
    packages = [(ROOT, "ressq_edge"), (ROOT / "export", "ressq_export")]
    found = {
        path.relative_to(root).as_posix()
        for root, package in packages
        for suffix in ("html", "css")
        for path in (root / package).rglob(f"*.{suffix}")
    }
    assert {"ressq_edge/pages/base.html", "ressq_export/certificate/page.html"} < found
    assert found <= set(wheels[1].namelist())


@pytest.mark.slow
def test_no_package_asks_a_registry_for_a_name_of_ours(wheels: tuple[zipfile.ZipFile, zipfile.ZipFile]) -> None:
    for wheel in wheels:
        wanted = [line for line in metadata(wheel, "METADATA") if line.startswith("Requires-Dist: ")]
        assert wanted
        assert not [line for line in wanted if "ressq" in line]


@pytest.mark.skipif(os.name == "nt", reason="a shell script")
@pytest.mark.parametrize("made", [False, True])
def test_an_environment_without_pip_gets_it(made: bool, tmp_path: Path) -> None:
    environment = tmp_path / "a venv"
    if made:  # as `uv venv` does
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", environment], check=True)
    command = [ROOT / "tools" / "make-venv.sh", environment]
    subprocess.run(command, check=True, env={**os.environ, "PYTHON": sys.executable})
    subprocess.run([environment / "bin" / "python", "-m", "pip", "--version"], check=True, stdout=subprocess.DEVNULL)


@pytest.mark.skipif(os.name == "nt", reason="a shell script")
def test_an_environment_that_cannot_have_pip_is_told_to_be_deleted(tmp_path: Path) -> None:
    python = tmp_path / "venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text("#!/bin/sh\nexit 1\n")
    python.chmod(0o755)
    command = [ROOT / "tools" / "make-venv.sh", tmp_path / "venv"]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    assert found.returncode == 1
    assert "found no pip, and its Python has no ensurepip to make one; delete" in found.stderr


def test_an_export_without_the_converters_says_how_to_install_them(tmp_path: Path) -> None:
    code = "import sys; sys.modules['onnx'] = None; from ressq_export.cli import main; sys.exit(main(sys.argv[1:]))"
    found = subprocess.run(
        [sys.executable, "-c", code, tmp_path, "--out", tmp_path], capture_output=True, text=True, check=False
    )
    assert found.returncode == 1
    assert "found no package onnx, wanted it to convert; in the repository: pip install -e '.[export]'" in found.stderr
    assert "Traceback" not in found.stderr
