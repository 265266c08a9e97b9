"""Four files or none."""

from __future__ import annotations

from pathlib import Path

import pytest

from ressq_export.publish import publish, refuse_overwriting, workshop
from ressq_runtime.errors import OutputError

NAMES = ("a_fp32.onnx", "a_int8.onnx", "a_fp32.tflite", "a_int8.tflite")


def make(folder: Path, content: str) -> list[Path]:
    paths = [folder / name for name in NAMES]
    for path in paths:
        path.write_text(content)
    return paths


def test_files_that_are_there_are_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / NAMES[2]).write_text("old")
    with pytest.raises(OutputError, match=r"a_fp32.tflite: found 1 of 4 files already there, .* give --force"):
        refuse_overwriting([tmp_path / name for name in NAMES])


def test_what_is_published_replaces_what_was_there_and_leaves_nothing_else(tmp_path: Path) -> None:
    make(tmp_path, "old")
    with workshop(tmp_path) as folder:
        publish(make(folder, "new"), tmp_path)
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == dict.fromkeys(NAMES, "new")


def test_what_is_stale_goes_when_the_new_is_there(tmp_path: Path) -> None:
    make(tmp_path, "old")
    with workshop(tmp_path) as folder:
        made = make(folder, "new")
        publish(made[:2], tmp_path, [tmp_path / name for name in (*NAMES[2:], "never_there")])
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == dict.fromkeys(NAMES[:2], "new")


def test_if_one_cannot_be_moved_all_is_as_before(tmp_path: Path) -> None:
    make(tmp_path, "old")
    (tmp_path / "new").mkdir()
    made = make(tmp_path / "new", "new")
    made[3].unlink()
    with pytest.raises(OutputError, match=r"cannot write: .*; free space or choose another --out"):
        publish(made, tmp_path)
    left = {path.name: path.read_text() for path in tmp_path.iterdir() if path.is_file()}
    assert left == dict.fromkeys(NAMES, "old")


def fail_in(out: Path, fault: BaseException) -> None:
    with workshop(out) as folder:
        make(folder, "half")
        raise fault


def test_a_failure_leaves_no_trace(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        fail_in(tmp_path / "new", KeyboardInterrupt())
    assert list((tmp_path / "new").iterdir()) == []


def write_to_full_disk(out: Path) -> None:
    with workshop(out):
        Path("/dev/full").write_text("x" * 100_000)


def test_a_full_disk_is_an_error_with_its_place(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="cannot write: no space left on device; free space or choose another"):
        write_to_full_disk(tmp_path)


def test_a_name_that_no_disk_takes_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"^n{40}: found a name of 310 letters, wanted one that the disk takes"):
        refuse_overwriting([tmp_path / f"{'n' * 300}_fp32.onnx"])


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="cannot write: "), workshop(tmp_path / "file"):
        pass


@pytest.mark.parametrize("move", range(9))
@pytest.mark.parametrize("when", ["before", "after"])
def test_an_interruption_at_any_move_leaves_all_as_before(
    tmp_path: Path, move: int, when: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    stale = Path(tmp_path, "stale")
    for path in (*make(tmp_path, "old"), stale):
        path.write_text("old")
    replace, moves = Path.replace, iter(range(9))

    def interrupted(source: Path, target: Path) -> Path:
        now = next(moves, None) == move
        if now and when == "before":
            raise KeyboardInterrupt
        moved = replace(source, target)
        if now:
            raise KeyboardInterrupt
        return moved

    with workshop(tmp_path) as folder:
        made = make(folder, "new")
        monkeypatch.setattr(Path, "replace", interrupted)
        with pytest.raises(KeyboardInterrupt):
            publish(made, tmp_path, [stale])
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == dict.fromkeys((*NAMES, "stale"), "old")
