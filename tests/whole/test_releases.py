"""All releases of a package run where something that touches it has changed, else the oldest and the newest."""

from __future__ import annotations

from pathlib import Path
from threading import Barrier

import pytest

import releases
from releases import Matrix
from releases import test_all as run_all

MATRIX = Matrix("pillow", r"pillow|\bpil\b", ("tests/test_jpeg*.py",), "pillow-versions")
RELEASES, ENDS = ("9.4.0", "10.0.0", "11.0.0", "13.0.0"), ("9.4.0", "13.0.0")


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project in which all releases passed."""
    monkeypatch.setattr(releases, "ROOT", tmp_path)
    for name, text in {
        "runtime/ressq_runtime/jpeg.py": "from PIL import _imaging",
        "runtime/ressq_runtime/serving/serve.py": "# no picture library here, and nothing piled up",
        "tests/test_jpeg.py": "import ressq_runtime",
        "tools/note.txt": "",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    MATRIX.note(RELEASES, MATRIX.files())
    return tmp_path


def test_while_nothing_has_changed_the_oldest_and_the_newest_run(root: Path) -> None:
    (root / "runtime/ressq_runtime/serving/serve.py").write_text("# another page, of what Pillow read")
    chosen, said = MATRIX.choose(RELEASES, ENDS)
    assert chosen == ENDS
    assert "9.4.0 and 13.0.0; the 2 others do not" in said
    assert "the 2 files that touch pillow are as they were when all passed (tools/passed/pillow.json)" in said


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("runtime/ressq_runtime/jpeg.py", "from PIL import Image"),
        ("runtime/ressq_runtime/jpeg.py", None),
        ("runtime/ressq_runtime/tiff.py", "OLDEST = 'Pillow 9.4'"),
        ("runtime/ressq_runtime/serving/serve.py", "import PIL"),
        ("tests/test_jpeg.py", "import ressq_runtime.jpeg"),
        ("tests/test_jpeg_damage.py", ""),
    ],
)
def test_a_file_that_touches_the_package_and_has_changed_lets_all_run(root: Path, name: str, text: str | None) -> None:
    if text is None:
        (root / name).unlink()
    else:
        (root / name).write_text(text)
    chosen, said = MATRIX.choose(RELEASES, ENDS)
    assert chosen == RELEASES
    assert f"pillow: all 4 releases run, for these are not as they were when all passed: {name};" in said
    MATRIX.note(RELEASES, MATRIX.files())
    assert MATRIX.choose(RELEASES, ENDS)[0] == ENDS


def test_a_file_that_moves_and_is_described_anew_lets_none_run(root: Path) -> None:
    jpeg = root / "runtime/ressq_runtime/jpeg.py"
    old = '"""JPEGs."""\nfrom .tiff import read\nfrom PIL import _imaging\n'
    jpeg.write_text(old + 'def decode():\n    """What Pillow reads."""\n    return _imaging\n')
    MATRIX.note(RELEASES, MATRIX.files())
    new = '"""Reads JPEGs."""\nfrom ..pixels.tiff import read  # moved\nfrom PIL import _imaging\n'
    (root / "runtime/ressq_runtime/pictures").mkdir()
    jpeg = jpeg.rename(root / "runtime/ressq_runtime/pictures/jpeg.py")
    jpeg.write_text(new + 'def decode():\n    """The pixels, as Pillow reads them."""\n    return _imaging\n')
    assert MATRIX.choose(RELEASES, ENDS)[0] == ENDS
    jpeg.write_text(new + 'def decode():\n    """The pixels, as Pillow reads them."""\n    return None\n')
    assert (
        "all passed: runtime/ressq_runtime/pictures/jpeg.py, runtime/ressq_runtime/jpeg.py;"
        in MATRIX.choose(RELEASES, ENDS)[1]
    )


def test_of_other_files_the_lines_with_the_word_count(root: Path) -> None:
    matrix = Matrix("pillow", "pillow", ("pyproject.toml",), "pillow-versions")
    for text, chosen in (
        ('"pillow>=9.4"\n"a"', RELEASES),
        ('"pillow>=9.4"\n"b"', ENDS),
        ('"pillow>=9.5"\n"b"', RELEASES),
    ):
        (root / "pyproject.toml").write_text(text)
        assert matrix.choose(RELEASES, ENDS)[0] == chosen
        matrix.note(RELEASES, matrix.files())


def test_two_releases_are_tested_at_a_time_and_told_in_order(capsys: pytest.CaptureFixture[str]) -> None:
    both = Barrier(2)

    def test(release: str) -> tuple[bool, str]:
        both.wait(timeout=60)
        return release != "10.0.0", f"{release} told"

    assert not run_all(RELEASES, test, "Pillow")
    assert capsys.readouterr().out.splitlines() == [f"Pillow {name}: {name} told" for name in RELEASES]
    assert run_all(ENDS, test, "Pillow")


def test_another_release_lets_all_run(root: Path) -> None:
    chosen, said = MATRIX.choose((*RELEASES, "13.1.0"), ENDS)
    assert chosen == (*RELEASES, "13.1.0")
    assert "passed: release 13.1.0; make pillow-versions notes what passes in tools/passed/pillow.json" in said


def test_all_run_where_nothing_is_noted(root: Path) -> None:
    MATRIX.stamp.unlink()
    assert "passed: no tools/passed/pillow.json;" in MATRIX.choose(RELEASES, ENDS)[1]


def test_many_changes_are_counted(root: Path) -> None:
    for number in range(8):
        (root / f"tests/test_jpeg_{number}.py").touch()
    assert MATRIX.choose(RELEASES, ENDS)[1].count("test_jpeg_") == 5
    assert "and 3 more" in MATRIX.choose(RELEASES, ENDS)[1]


def test_the_patterns_find_the_files_that_touch_each_package() -> None:
    import litert_versions
    import pillow_versions

    for matrix, some in (
        (pillow_versions.MATRIX, {"jpeg_pieces.py", "tiff.py", "test_jpeg.py", "conftest.py", "pillow_versions.py"}),
        (
            litert_versions.MATRIX,
            {"litert_abi.py", "litert_c.py", "test_litert_library.py", "tiny_tflite.py", "litert_versions.py"},
        ),
    ):
        assert some <= {Path(name).name for name in matrix.files()}
        assert all(list(releases.ROOT.glob(pattern)) for pattern in matrix.tests)
