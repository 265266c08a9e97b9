"""benchmarks/pi.py's counts of networks that answer for each pixel: what references hold, what is not counted."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image

from board.heads import HEADS, make_head
from board.masks import ALONE, WHOLE, check_masks, check_outputs, to_section
from pi import MASK_BOARDS

ROOT = Path(__file__).parents[2]
# Million instructions of an int8 inference of 241x321 on a Pi 5.
BOUNDS = {"deeplabv3plus": 80, "unet": 92, "segnet": 95, "pspnet": 126}
PHOTOS = ("400x441", "4000x3000")


def counts_of(board: str) -> dict[str, int]:
    found: dict[str, int] = json.loads((ROOT / "benchmarks" / "reference" / f"pi-{board}.json").read_text())["counts"]
    return found


@pytest.mark.parametrize("head", HEADS)
def test_a_head_takes_no_more_on_a_pi_5_than_it_may_and_fp32_nearly_three_times_as_much(head: str) -> None:
    counts = counts_of("pi5")
    assert counts[f"int8 {head} {ALONE}"] <= 1e6 * BOUNDS[head]
    assert counts[f"fp32 {head} {ALONE}"] >= 2.7 * counts[f"int8 {head} {ALONE}"]
    assert counts[f"int8 {head} {WHOLE}"] <= counts[f"int8 {head} {ALONE}"] + 21e6  # class map and probabilities


@pytest.mark.parametrize("photo", PHOTOS)
def test_a_pi_5_needs_half_of_the_plain_scripts_instructions_from_file_to_mask(photo: str) -> None:
    counts = counts_of("pi5")
    ours, plain = (counts[f"int8 {HEADS[0]} {photo} mask {who}"] for who in ("ressq-infer", "plain script"))
    assert ours <= 0.5 * plain


@pytest.mark.parametrize("board", MASK_BOARDS)
def test_every_board_has_masks_among_its_references(board: str) -> None:
    counts = counts_of(board)
    assert f"int8 {HEADS[0]} {WHOLE}" in counts
    (what, counted, beside) = next(row for row in to_section(counts).table.rows if "file to mask" in row[0])  # type: ignore[union-attr]
    assert what == "int8 deeplabv3plus 400x441, file to mask, whole process"
    assert counted == f"{counts['int8 deeplabv3plus 400x441 mask ressq-infer'] / 1e6:,.1f}"
    assert "of the plain script's" in beside


def test_another_mask_than_the_plain_scripts_is_not_counted(tmp_path: Path) -> None:
    for name, value in (("a", 1), ("b", 1), ("c", 2)):
        Image.new("L", (10, 10), value).save(tmp_path / f"{name}.png")
    check_masks(tmp_path / "a.png", tmp_path / "b.png", 1.0)
    with pytest.raises(SystemExit, match=r"found the plain script's class at 0.0% of the pixels; nothing is counted"):
        check_masks(tmp_path / "a.png", tmp_path / "c.png", 0.9)
    Image.new("L", (10, 11), 1).save(tmp_path / "b.png")
    with pytest.raises(SystemExit, match="nothing is counted"):
        check_masks(tmp_path / "a.png", tmp_path / "b.png", 0.9)


@pytest.mark.slow
def test_a_head_is_kept_and_other_outputs_than_this_machines_are_not_counted(tmp_path: Path) -> None:
    path = make_head(tmp_path, "deeplabv3plus")["int8.tflite"]
    made = path.read_bytes()
    assert make_head(tmp_path, "deeplabv3plus")["int8.tflite"].read_bytes() == made
    with pytest.raises(SystemExit, match="found other outputs than this machine's; nothing is counted"):
        check_outputs(path, {"classes": 0, "scores": 0})
