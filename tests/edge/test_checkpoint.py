"""Checkpoints: one file, whole or not there, and nothing in it that could run."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from ressq_edge import atomic
from ressq_edge.atomic import replacing, write_text
from ressq_edge.errors import CheckpointError
from ressq_edge.network.arch import ModelSpec, SeriesShape, build_model
from ressq_edge.network.checkpoint import (
    Checkpoint,
    Normalise,
    load_checkpoint,
    normalise_channels,
    read_tensors,
    save_checkpoint,
    write_tensors,
)
from ressq_runtime.errors import OutputError
from ressq_runtime.inputs.picture_spec import PixelSpec
from ressq_runtime.inputs.series_spec import Channel, SeriesSpec

SPEC = ModelSpec("ressqueezenet1_1", "gated", 3)


@pytest.fixture
def checkpoint() -> Checkpoint:
    weights = build_model(SPEC).state_dict()
    labels = ("cat", "dög", "fox")
    return Checkpoint(SPEC, PixelSpec.for_size(64), Normalise(), labels, {"seed": 1}, {"val_top1": 0.1 + 0.2}, weights)


def test_a_checkpoint_survives_its_file_bit_for_bit(checkpoint: Checkpoint, tmp_path: Path) -> None:
    save_checkpoint(tmp_path / "best.safetensors", checkpoint)
    loaded = load_checkpoint(tmp_path / "best.safetensors")
    assert replace(loaded, weights={}) == replace(checkpoint, weights={})
    assert loaded.weights.keys() == checkpoint.weights.keys()
    assert all(torch.equal(loaded.weights[name], tensor) for name, tensor in checkpoint.weights.items())
    assert not loaded.build().training


def test_a_checkpoint_of_windows_survives_its_file(tmp_path: Path) -> None:
    series = SeriesSpec(200, 50, 50, [Channel("ax", "g", 0.5, 2, -4, 4), Channel("wx", "", 1e5, 1e3, 0, 2e5)])
    model = ModelSpec("ressqueezenet1d", "simple", 3, series=SeriesShape(2, 4, 16))
    weights = build_model(model).state_dict()
    written = Checkpoint(model, series, normalise_channels(series), ("a", "b", "c"), {}, {}, weights)
    save_checkpoint(tmp_path / "best.safetensors", written)
    loaded = load_checkpoint(tmp_path / "best.safetensors")
    assert replace(loaded, weights={}) == replace(written, weights={})
    assert loaded.series == series
    assert loaded.normalise == Normalise((0.5, 1e5), (2.0, 1e3))


def test_a_checkpoint_of_pictures_says_nothing_of_windows(checkpoint: Checkpoint, tmp_path: Path) -> None:
    save_checkpoint(tmp_path / "best.safetensors", checkpoint)
    about = read_tensors(tmp_path / "best.safetensors")[1]
    assert "series" not in about
    assert "series" not in about["model"]


def test_a_checkpoint_is_readable_by_whom_the_umask_allows(checkpoint: Checkpoint, tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        save_checkpoint(tmp_path / "best.safetensors", checkpoint)
    finally:
        os.umask(before)
    assert (tmp_path / "best.safetensors").stat().st_mode & 0o777 == 0o644


def test_a_write_that_fails_leaves_the_old_file_and_no_other(tmp_path: Path) -> None:
    target = tmp_path / "file.txt"
    write_text(target, "old")

    def fail(error: BaseException) -> None:
        with replacing(target) as temporary:
            temporary.write_text("half of the n")
            raise error

    with pytest.raises(OutputError, match=r"file\.txt: cannot write: no space left on device; free space"):
        fail(OSError(28, "No space left on device"))
    with pytest.raises(KeyboardInterrupt):
        fail(KeyboardInterrupt())
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full on this system")
def test_a_full_disk_is_an_error_in_words(checkpoint: Checkpoint, tmp_path: Path) -> None:
    (tmp_path / f".best.{os.getpid()}.tmp.safetensors").symlink_to("/dev/full")
    with pytest.raises(OutputError, match=r"best\.safetensors: cannot write: no space left on device"):
        save_checkpoint(tmp_path / "best.safetensors", checkpoint)
    assert not (tmp_path / "best.safetensors").exists()


def test_a_folder_that_is_not_there_is_an_error_in_words(checkpoint: Checkpoint, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="cannot write: no such file or directory"):
        save_checkpoint(tmp_path / "none/best.safetensors", checkpoint)


def test_files_that_are_no_checkpoint_say_what_they_are(checkpoint: Checkpoint, tmp_path: Path) -> None:
    path = tmp_path / "best.safetensors"
    with pytest.raises(CheckpointError, match="found no such file; check the path"):
        load_checkpoint(path)
    save_checkpoint(path, checkpoint)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(CheckpointError, match="found no safetensors file"):
        load_checkpoint(path)
    save_file({"a": torch.zeros(1)}, path)
    with pytest.raises(CheckpointError, match="found no 'ressq' in its header, wanted ressq-train's file"):
        load_checkpoint(path)
    save_file({"a": torch.zeros(1)}, path, {"ressq": "[]"})
    with pytest.raises(CheckpointError, match="found no 'ressq' in its header"):
        load_checkpoint(path)
    save_file({"a": torch.zeros(1)}, path, {"ressq": '{"format": 2}'})
    with pytest.raises(CheckpointError, match="found format 2, wanted 1; upgrade ressq-edge"):
        load_checkpoint(path)
    write_tensors(path, {"a": torch.zeros(1)}, {"labels": []})
    with pytest.raises(CheckpointError, match="found a damaged checkpoint"):
        load_checkpoint(path)
    save_checkpoint(path, replace(checkpoint, model=replace(SPEC, num_classes=4)))
    with pytest.raises(CheckpointError, match=r"found a damaged checkpoint .*size mismatch"):
        load_checkpoint(path)


@pytest.mark.parametrize("times", [2, 99])
def test_a_file_that_another_program_holds_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, times: int
) -> None:
    """Windows moves no file over one that is open, in a spreadsheet or a scanner; Linux does, so here it is refused."""
    move, refusals = Path.replace, iter([None] * times)

    def held(path: Path, target: Path) -> Path:
        if next(refusals, 0) is None:
            raise PermissionError(13, "Permission denied")
        return move(path, target)

    monkeypatch.setattr(Path, "replace", held)
    monkeypatch.setattr(atomic, "WAITS", (0.0,) * 5)
    path = tmp_path / "metrics.csv"
    if times == 2:
        write_text(path, "new")
        assert path.read_text() == "new"
    else:
        with pytest.raises(OutputError, match="permission denied; close the program that holds it"):
            write_text(path, "new")
    assert list(tmp_path.iterdir()) == ([path] if times == 2 else [])


def test_colours_of_classes_survive_and_as_many_as_classes_are_wanted(checkpoint: Checkpoint, tmp_path: Path) -> None:
    colours = ((1, 2, 3), (4, 5, 6), (7, 8, 9))
    save_checkpoint(tmp_path / "best.safetensors", replace(checkpoint, colours=colours))
    assert load_checkpoint(tmp_path / "best.safetensors").colours == colours
    save_checkpoint(tmp_path / "two.safetensors", replace(checkpoint, colours=colours[:2]))
    with pytest.raises(CheckpointError, match=r"two\.safetensors: found a damaged checkpoint .*2 colours of 3 classes"):
        load_checkpoint(tmp_path / "two.safetensors")
