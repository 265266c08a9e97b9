"""Tests the runtime's reading of files with every release of Pillow that it is used with.

python tools/pillow_versions.py [--if-changed] [RELEASE ...]

What `ressq_runtime.decoding.jpeg` knows is what passed here. The oldest needs Python 3.11 (PYTHON names another). There
is one environment with pytest, and a folder of its own for each release, in build/pillow. With --if-changed the oldest
and the newest will do, while nothing that touches Pillow has changed since all passed.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from releases import ROOT, Matrix, call, last_line, test_all

HOME = ROOT / "build" / "pillow"
PYTHON = HOME / "env" / "bin" / "python"
PIP = [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
TESTS = ("test_jpeg.py", "test_jpeg_damage.py", "test_metadata.py", "test_tiff_*.py")
RELEASES = (
    *("9.4.0", "9.5.0", "10.0.0", "10.0.1", "10.1.0", "10.2.0", "10.3.0", "10.4.0", "11.0.0", "11.1.0", "11.2.1"),
    *("11.3.0", "12.0.0", "12.1.0", "12.1.1", "12.2.0", "12.3.0", "13.0.0"),
)
MATRIX = Matrix(
    "pillow",
    r"pillow|\bpil\b",
    (
        *(f"tests/runtime/{name}" for name in TESTS),
        *("tests/*pictures.py", "tests/jpegs.py", "tests/conftest.py"),
        *("runtime/ressq_runtime/decoding/*.py", "tools/pillow_versions.py", "runtime/pyproject.toml"),
    ),
    "pillow-versions",
)


def main(arguments: Sequence[str]) -> int:
    """Installs and tests each release, prints a line for each; exit code 1 if one failed."""
    named = [name for name in arguments if name != "--if-changed"]
    releases: Sequence[str] = named or RELEASES
    if "--if-changed" in arguments:
        releases, said = MATRIX.choose(releases, (RELEASES[0], RELEASES[-1]))
        print(said, flush=True)
    if not (PYTHON.parent / "pytest").exists():
        _must([os.environ.get("PYTHON", "python3.11"), "-m", "venv", str(HOME / "env")])
        _must([*PIP, "pytest>=8"])
    files = MATRIX.files()
    good = test_all(releases, lambda release: test(install(release)), "Pillow")
    if good and tuple(releases) == RELEASES:
        MATRIX.note(releases, files)
    return 0 if good else 1


def install(release: str) -> Path:
    """The folder that holds this release alone."""
    folder: Path = HOME / release
    if not folder.is_dir():
        partial = HOME / f"{release}.part"
        _must([*PIP, "--no-deps", "--only-binary=:all:", "--target", str(partial), f"pillow=={release}"])
        partial.rename(folder)
    return folder


def test(folder: Path) -> tuple[bool, str]:
    """Whether the tests passed with the release in `folder`, and pytest's last line, or all it said."""
    environment = {**os.environ, "PYTHONPATH": f"{folder}{os.pathsep}runtime", "PYTHONDONTWRITEBYTECODE": "1"}
    found = call([str(PYTHON), "-c", "import PIL; print(PIL.__version__)"], environment).stdout.strip()
    if found != folder.name:
        return False, f"found {found or 'none'} on the path"
    tests = [str(path) for name in TESTS for path in sorted((ROOT / "tests" / "runtime").glob(name))]
    return last_line(call([str(PYTHON), "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests], environment))


def _must(command: Sequence[str]) -> None:
    done = call(command)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command[:4])}: failed ({done.stderr.strip()[-200:]}); check the network and python3.11")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
