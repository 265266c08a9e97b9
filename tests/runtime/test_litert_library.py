"""Which libLiteRt.so is used: only one whose release was tried; anything else is left to Interpreter."""

from __future__ import annotations

import _ctypes
import sys
from pathlib import Path

import pytest

from ressq_runtime.engines.litert_library import MODEL_IN_ENVIRONMENT_SINCE, Unavailable, find_library

BEFORE = list(sys.path)

pytest.importorskip("ai_edge_litert", reason="LiteRT is not installed")


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A site folder, the only one on sys.path, with the installed libLiteRt.so but no version yet."""
    installed = next(Path(folder) for folder in sys.path if (Path(folder) / "ai_edge_litert").is_dir())
    (tmp_path / "ai_edge_litert").mkdir()
    (tmp_path / "ai_edge_litert/__init__.py").touch()
    (tmp_path / "ai_edge_litert/libLiteRt.so").symlink_to(installed / "ai_edge_litert/libLiteRt.so")
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    return tmp_path


@pytest.mark.parametrize("versions", [
    ["2.1.1"], ["2.0.3"], ["2.2.1"], ["2.3.1"], ["3.0.0"], ["2.3.0.dev20261101"], ["2.3"], [], ["2.1.2", "2.3.0"],
], ids=str)  # fmt: skip
def test_a_release_that_was_not_tried_is_not_used(site: Path, versions: list[str]) -> None:
    for version in versions:
        (site / f"ai_edge_litert-{version}.dist-info").mkdir()
    with pytest.raises(Unavailable, match=r"wanted a release that was tried, 2\.1\.2 to 2\.3\.0"):
        find_library()


def test_a_library_that_contradicts_its_version_is_not_used(site: Path) -> None:
    environment_first = b"LiteRtCreateModelFromFd" in (site / "ai_edge_litert/libLiteRt.so").read_bytes()
    claimed = "2.1.5" if environment_first else ".".join(map(str, MODEL_IN_ENVIRONMENT_SINCE))
    (site / f"ai_edge_litert-{claimed}.dist-info").mkdir()
    with pytest.raises(Unavailable, match="found another interface than that of"):
        find_library()


def test_a_release_without_the_library_is_not_passed_over_for_a_later_folder(
    site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (site / "ai_edge_litert/libLiteRt.so").unlink()
    (site / "ai_edge_litert-2.0.3.dist-info").mkdir()
    installed = next(folder for folder in BEFORE if (Path(folder) / "ai_edge_litert").is_dir())
    monkeypatch.setattr(sys, "path", [str(site), installed])
    with pytest.raises(Unavailable, match=r"found ai-edge-litert 2\.0\.3"):
        find_library()


@pytest.mark.parametrize("library", ["not a library", _ctypes.__file__], ids=["text", "other"])
def test_a_library_that_is_not_litert_is_not_used(site: Path, library: str) -> None:
    path = site / "ai_edge_litert/libLiteRt.so"
    path.unlink()
    if Path(library).is_file():
        path.symlink_to(library)
    else:
        path.write_text(library)
    (site / "ai_edge_litert-2.3.0.dist-info").mkdir()
    with pytest.raises(Unavailable, match=r"libLiteRt\.so: "):
        find_library()


def test_without_litert_there_is_nothing_to_use(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    with pytest.raises(Unavailable, match=r"found no ai_edge_litert on sys\.path"):
        find_library()
