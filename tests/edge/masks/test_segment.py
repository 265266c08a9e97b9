"""A class for each pixel, trained by ressq-train: what is learned, what goes on bit for bit, and what starts it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch
from PIL import Image

from drawn_masks import COLOURS, NAMES, lay_drawn
from ressq_edge.choices import HEADS, Head
from ressq_edge.cli import main
from ressq_edge.config import read_config
from ressq_edge.network.checkpoint import Checkpoint, load_checkpoint
from ressq_edge.network.segmentation import SegmentationNet
from runs import assert_equal_runs, refused, rows

SIDES = ["--size", "65x81", "--threads", "1"]
GUESS = 0.28  # mIoU of ground everywhere, 82 % of the pixels and one class of three


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return lay_drawn(tmp_path_factory.mktemp("drawn"), {"train": 32, "val": 8, "test": 4})


@pytest.fixture(scope="module")
def done(drawn: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of the default head, of three epochs; nobody may write into it."""
    run = tmp_path_factory.mktemp("done") / "run"
    assert main([str(drawn), "--out", str(run), "--init", "none", "--epochs", "3", *SIDES]) == 0
    return run


@pytest.fixture(scope="module")
def classifier(few: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = tmp_path_factory.mktemp("classifier") / "run"
    command = [str(few), "--out", str(run), "--init", "none", "--size", "32", "--epochs", "1", "--threads", "1"]
    assert main(command) == 0
    return run / "best.safetensors"


@pytest.mark.slow
@pytest.mark.parametrize("head", HEADS)
def test_each_head_learns_what_no_guess_reaches(head: Head, drawn: Path, tmp_path: Path) -> None:
    command = [str(drawn), "--out", str(tmp_path / "run"), "--head", head, "--init", "none", "--epochs", "16", *SIDES]
    assert main(command) == 0
    best = load_checkpoint(tmp_path / "run/best.safetensors")
    assert best.metrics["val_miou"] > 2 * GUESS
    assert (best.model.head, best.labels, best.colours) == (head, NAMES, COLOURS)
    assert best.pixels.to_json()["fit"] == "stretch"
    assert (best.pixels.height, best.pixels.width) == (65, 81)
    assert not any(".norm." in name for name in best.weights), "norms are folded"
    assert isinstance(best.build(), SegmentationNet)


def test_a_run_of_masks_holds_all_that_a_person_needs(done: Path) -> None:
    summary = (done / "summary.md").read_text(encoding="utf-8")
    assert "mIoU" in summary
    assert "95 % interval" in summary
    assert "| class | train pixels | val pixels | test pixels | loss weight | val IoU | val F1 |" in summary
    assert "head deeplabv3plus, 65 x 81 pixels in, 3 classes out" in summary
    wanted = {"best.safetensors", "confusion.png", "curves.png", "data.html", "masks.png", "split.json"}
    assert {path.name for path in done.iterdir()} >= wanted
    assert not (done / "suspects.html").exists(), "a mask cannot be doubted as a label can"
    with Image.open(done / "masks.png") as drawn:
        assert min(drawn.size) > 900
    assert list(rows(done)[0]) == ["epoch", "train_loss", "train_miou", "val_loss", "val_miou", "learning_rate"]


def test_without_thumbnails_no_picture_is_drawn(drawn: Path, tmp_path: Path) -> None:
    command = [str(drawn), "--out", str(tmp_path / "run"), "--init", "none", "--epochs", "1", "--no-thumbnails", *SIDES]
    assert main(command) == 0
    assert not (tmp_path / "run/masks.png").exists()
    assert "masks.png" not in (tmp_path / "run/summary.md").read_text(encoding="utf-8")


def test_a_killed_run_of_masks_resumes_to_the_same_bits(drawn: Path, done: Path, tmp_path: Path) -> None:
    again, run = tmp_path / "again", tmp_path / "run"
    command = [str(drawn), "--out", str(again), "--init", "none", "--epochs", "3", *SIDES]
    assert main(command) == 0
    assert_equal_runs(again, done)
    begin = Stopper(after=6)
    assert begin.train([str(drawn), "--out", str(run), "--init", "none", "--epochs", "3", *SIDES]) == 130
    assert main([str(drawn), "--out", str(run), "--resume"]) == 0
    assert_equal_runs(run, done)


class Stopper:
    """Ends a run by Ctrl-C after some steps."""

    def __init__(self, after: int) -> None:
        self.left = after

    def train(self, command: list[str]) -> int:
        import signal

        from ressq_edge.training import train

        step = train.train_step

        def count(*arguments: object) -> None:
            step(*arguments)  # type: ignore[arg-type]
            self.left -= 1
            if self.left == 0:
                signal.raise_signal(signal.SIGINT)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(train, "train_step", count)
            return main(command)


def backbone_of(checkpoint: Checkpoint) -> dict[str, torch.Tensor]:
    return {name: tensor for name, tensor in checkpoint.weights.items() if name.startswith("features.")}


def test_a_classifier_starts_the_backbone_of_a_head(drawn: Path, classifier: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    assert main([str(drawn), "--out", str(run), "--init", str(classifier), "--epochs", "1", *SIDES]) == 0
    before, after = backbone_of(load_checkpoint(classifier)), backbone_of(load_checkpoint(run / "best.safetensors"))
    assert before.keys() == after.keys()
    kept = [
        float(torch.cosine_similarity(before[name].flatten(), after[name].flatten(), 0))
        for name in before
        if before[name].ndim > 1
    ]
    assert 0.9 < min(kept) < 1 - 1e-9, "trained further, not from the start"
    assert read_config(run)[0].norms, "it grew up with norms"


def test_a_run_of_masks_starts_another_and_keeps_its_head(
    drawn: Path, done: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    best = done / "best.safetensors"
    command = [str(drawn), "--init", str(best), "--epochs", "1", *SIDES]
    assert main([*command, "--out", str(tmp_path / "same")]) == 0
    assert "is left out" not in capsys.readouterr().err
    before, after = (float(rows(run)[-1]["val_loss"]) for run in (done, tmp_path / "same"))
    assert after < 1.1 * before, "one epoch more, not one of three anew"
    assert main([*command, "--out", str(tmp_path / "other"), "--head", "unet"]) == 0
    assert "best.safetensors: its head deeplabv3plus is left out" in capsys.readouterr().err
    assert load_checkpoint(tmp_path / "other/best.safetensors").model.head == "unet"


def test_a_run_of_masks_starts_a_classifier(
    few: Path, done: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = [str(few), "--out", str(tmp_path / "run"), "--size", "32", "--epochs", "1", "--threads", "1"]
    assert main([*command, "--init", str(done / "best.safetensors")]) == 0
    assert "its head deeplabv3plus is left out" in capsys.readouterr().err
    assert load_checkpoint(tmp_path / "run/best.safetensors").colours is None


def test_options_that_mean_nothing_for_what_data_holds_are_refused(
    few: Path, drawn: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def say(data: Path, *options: str) -> str:
        return refused(capsys, data, "--out", tmp_path / "run", "--init", "none", *options)

    assert "--arch: found mobilenet_v2 for masks, wanted one of ressqueezenet1_1, " in say(
        drawn, "--arch", "mobilenet_v2"
    )
    assert "--size: found 241 for masks, wanted height and width as 241x321; give both sides" in say(
        drawn, "--size", "241"
    )
    assert "--head: found unet for class folders, wanted it for masks alone; leave --head out" in say(
        few, "--head", "unet"
    )
    assert "--head-width: found 2.0 for class folders" in say(few, "--head-width", "2")
    assert "--size: found 64x96 for class folders, wanted one side of a square; give --size 64" in say(
        few, "--size", "64x96"
    )
    assert "--size: found 16, wanted at least 32" in say(drawn, "--size", "16x96")
    assert "--size: found 4096, wanted at most 1024" in say(drawn, "--size", "96x4096")
    assert "--head-width: found 0, wanted more than 0 and at most 8" in say(drawn, "--head-width", "0")
    assert "--batch-size: found 1, wanted at least 2" in say(drawn, "--batch-size", "1")
    assert not (tmp_path / "run/config.json").exists()


def test_a_run_of_masks_goes_on_with_its_own_settings_alone(
    drawn: Path, done: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(done, tmp_path / "run")
    said = refused(capsys, drawn, "--out", tmp_path / "run", "--resume", "--head", "unet")
    assert "found a run with --head deeplabv3plus, wanted unet with --resume" in said
    said = refused(capsys, drawn, "--out", tmp_path / "run", "--resume", "--size", "65x97")
    assert "found a run with --size 65x81, wanted 65x97 with --resume" in said


@pytest.mark.parametrize("size", ["65x", "x65", "1x2x3", "axb", ""])
def test_a_size_that_is_none_is_wrong_usage(size: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        main(["data", "--out", "run", "--size", size])
    assert exit_.value.code == 2
    assert "wanted a number of pixels, or height and width as 241x321" in capsys.readouterr().err
