"""Tests LiteRT's C API engine with every release of ai-edge-litert that it is used with, and beside them.

python tools/litert_versions.py [--if-changed] [RELEASE ...]

pip tells which releases there are; each goes into a folder of its own that comes first on the path of a child.
Known releases must give Interpreter's bytes; others, the nearest on both sides, must be left to Interpreter. With
--if-changed the oldest and the newest known one will do, while nothing that touches LiteRT has changed since.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from releases import ROOT, Matrix, call, last_line, test_all
from ressq_runtime.engines.litert_library import KNOWN

HOME = ROOT / ".venv-litert-versions"
PACKAGE = "ai-edge-litert"
TESTS = ROOT / "tests" / "runtime"
FALLBACK = TESTS / "test_litert_fallback.py"
C_API = [TESTS / f"test_litert_{name}.py" for name in ("c", "library", "refusals")]
PIP = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
MATRIX = Matrix(
    PACKAGE,
    "litert",
    (
        *("tests/runtime/test_litert_*.py", "tests/tiny_tflite.py", "tests/conftest.py"),
        *("runtime/ressq_runtime/engines/*.py", "tools/litert_versions.py"),
    ),
    "litert-versions",
)

Release = tuple[int, ...]


def main(names: list[str]) -> int:
    """Installs and tests each release, prints a line for each; exit code 1 if one failed."""
    named = [name for name in names if name != "--if-changed"]
    every: Sequence[str] = named or [*map(_name, choose(list_releases()))]
    releases = every
    if "--if-changed" in names:
        releases, said = MATRIX.choose(every, (_name(KNOWN[0]), _name(KNOWN[-1])))
        print(said, flush=True)
    files = MATRIX.files()
    good = test_all(releases, test_one, PACKAGE)
    if good and not named and releases == every:
        MATRIX.note(every, files)
    return 0 if good else 1


def test_one(name: str) -> tuple[bool, str]:
    """Whether the tests that are for this release passed, and what is told of them."""
    release = _numbers(name)
    known = release in KNOWN
    good, told = test(install(release), release, [*C_API, FALLBACK] if known else [FALLBACK])
    return good, f"{'C API' if known else 'falls back'}, {told}"


def list_releases() -> list[Release]:
    """The final releases that pip finds for this Python, ascending.

    Raises:
        SystemExit: pip finds none.
    """
    done = call([*PIP, "index", "versions", PACKAGE])
    found = re.search(r"Available versions: (.*)", done.stdout)
    if not found:
        sys.exit(f"{PACKAGE}: pip found no release ({done.stderr.strip()[-200:]}); check the network")
    names = found[1].split(", ")
    return sorted(_numbers(name) for name in names if re.fullmatch(r"\d+\.\d+\.\d+", name))


def choose(releases: list[Release]) -> list[Release]:
    """Every release from the last one before the known ones to the first one after them.

    Raises:
        SystemExit: none of the releases is a known one.
    """
    if not set(releases) & set(KNOWN):
        sys.exit(f"{PACKAGE}: found no release from {_name(KNOWN[0])} to {_name(KNOWN[-1])}")
    before = [release for release in releases if release < KNOWN[0]][-1:]
    between = [release for release in releases if KNOWN[0] <= release <= KNOWN[-1]]
    return before + between + [release for release in releases if release > KNOWN[-1]][:1]


def install(release: Release) -> Path:
    """The folder that holds this release alone: what it needs is installed already, and is shared.

    Raises:
        SystemExit: pip can't install it.
    """
    folder = HOME / _name(release)
    if not (folder / f"ai_edge_litert-{_name(release)}.dist-info" / "RECORD").is_file():
        wanted = f"{PACKAGE}=={_name(release)}"
        done = call([*PIP, "install", "--quiet", "--no-deps", "--target", str(folder), wanted])
        if done.returncode != 0:
            sys.exit(f"{wanted}: pip could not install it ({done.stderr.strip()[-200:]}); check the network")
    return folder


def test(folder: Path, release: Release, tests: list[Path]) -> tuple[bool, str]:
    """Whether the tests passed in a child that imports the release in `folder`, and pytest's last line."""
    path = os.pathsep.join([str(folder), str(ROOT / "runtime")])
    environment = {**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}
    asked = [sys.executable, "-c", f"from importlib.metadata import version; print(version({PACKAGE!r}))"]
    imported = call(asked, environment).stdout.strip()
    if imported != _name(release):
        return False, f"found {imported} on the path"
    # What needs a trained network of its own is tested with the project's release.
    pytest = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", "not an_artefact_gives"]
    done = call([*pytest, *map(str, tests)], environment)
    return last_line(done)


def _numbers(name: str) -> Release:
    return tuple(map(int, name.split(".")))


def _name(release: Release) -> str:
    return ".".join(map(str, release))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
