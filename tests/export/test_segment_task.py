"""What is measured, told and shown of a network that answers for each pixel, on class maps drawn by code."""

from __future__ import annotations

import json
from base64 import b64decode
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from pixel_answers import COLOURS, LABELS, MASKS, SIZE, Map, answer, draw_scene, flip, write_truths
from ressq_edge.data.split import Split
from ressq_edge.errors import MaskError
from ressq_export.convert import KINDS
from ressq_export.errors import ExportError
from ressq_export.measurement.fidelity import Compared
from ressq_export.measurement.scores import INT8, TORCH, PictureSet, Scored
from ressq_export.measurement.verdict import Verdict, decide
from ressq_export.tasks.segment import Segment
from ressq_runtime.engines.tensor import Tensor, TensorSpec
from ressq_runtime.errors import FolderError, PictureError
from ressq_runtime.inputs.picture_spec import PixelSpec

TASK = Segment(LABELS, COLOURS, SIZE)
SCENES = [draw_scene(seed) for seed in range(24)]
SPLIT = Split("folders", 0, LABELS, (), (("a.png", "masks/a.png"),), (), masks=MASKS)


def score(folder: Path, exact: list[Map], rounded: list[Map], truths: list[Map] = SCENES) -> Scored:
    """Float files that answer as torch does, and both int8 files alike; the photos are noise."""
    folder.mkdir(parents=True, exist_ok=True)
    generator = np.random.default_rng(0)
    paths = tuple(folder / f"{number}.png" for number in range(len(truths)))
    for path in paths:
        Image.fromarray(generator.integers(0, 255, (*SIZE, 3), np.uint8)).save(path)
    one, other = (tuple(answer(classes, 0.9, seed) for seed, classes in enumerate(maps)) for maps in (exact, rounded))
    scores = {name: other if name in INT8 else one for name in (TORCH, *KINDS)}
    return Scored(paths, np.array(write_truths(folder / "masks", truths)), scores, ())


def described(found: Scored, *, named: bool = True) -> dict[str, Any]:
    shown = TASK.describe_set(PictureSet("validation split", found.paths[0].parent, found), {}, named=named)
    return json.loads(json.dumps(shown, allow_nan=False))  # type: ignore[no-any-return]


def judge(found: Scored) -> Verdict:
    compared = {
        kind: Compared(
            TASK.measure_drop(found.scores[TORCH], found.scores[kind], found.targets),
            TASK.measure_fidelity(found.scores[TORCH], found.scores[kind]),
        )
        for kind in INT8
    }
    return decide(compared, 0.005, TASK.metric)


def test_equal_files_keep_the_accuracy(tmp_path: Path) -> None:
    maps = [flip(classes, 0.05, seed) for seed, classes in enumerate(SCENES)]
    verdict = judge(score(tmp_path, maps, maps))
    assert (verdict.outcome, verdict.fault) == ("kept", "")


def test_two_classes_swapped_are_refused(tmp_path: Path) -> None:
    verdict = judge(score(tmp_path, SCENES, [np.array([0, 2, 1], np.uint8)[classes] for classes in SCENES]))
    assert verdict.refused
    assert "found mIoU 66.67 points worse than fp32's (24 validation pictures, 95 %:" in verdict.fault


def test_boundaries_that_are_moved_are_refused(tmp_path: Path) -> None:
    verdict = judge(score(tmp_path, SCENES, [np.roll(classes, 1, axis=0) for classes in SCENES]))
    assert verdict.refused
    assert "wanted at most 0.5" in verdict.fault


def test_on_one_picture_that_a_file_answers_otherwise_what_all_pixels_say_decides(tmp_path: Path) -> None:
    other = [np.array([0, 2, 1], np.uint8)[SCENES[0]]]
    verdict = judge(score(tmp_path, SCENES[:1], other, SCENES[:1]))
    assert verdict.refused
    assert "of the pixels of the worst of 1 pictures with fp32's class" in verdict.fault


def test_what_a_file_answers_is_read_from_its_two_outputs() -> None:
    classes = SCENES[0]
    scores = np.random.default_rng(0).random((*(side // 4 for side in SIZE), 3)).astype(np.float32)
    outputs = {
        "classes": Tensor(TensorSpec("classes", "uint8", (1, *SIZE)), classes.tobytes()),
        "scores": Tensor(TensorSpec("scores", "float32", (1, *scores.shape)), scores.tobytes()),
    }
    found = TASK.read(outputs, b"pixels")
    assert (found.classes.unpack() == classes).all()
    assert {tuple(row) for row in found.cells.tolist()} <= {tuple(row) for row in scores.reshape(-1, 3).tolist()}


def test_all_files_keep_the_same_cells_of_a_picture_and_each_picture_others() -> None:
    one, same, other = (answer(SCENES[0], seed=seed) for seed in (1, 1, 2))
    assert (one.places == same.places).all()
    assert not (one.places == other.places).all()


def test_the_networks_logits_are_resized_as_in_the_files_and_a_cell_is_the_pixel_in_its_middle() -> None:
    """A cell of four pixels has the class of the block that it stands for."""
    blocks = np.random.default_rng(3).integers(0, 3, [side // 4 for side in SIZE])
    logits = torch.nn.functional.one_hot(torch.from_numpy(blocks), 3).permute(2, 0, 1)[None] * 8.0
    found = TASK.read_logits(logits, b"pixels", 2.0)
    wanted = torch.nn.functional.interpolate(logits, SIZE, mode="bilinear", align_corners=False).argmax(1)[0]
    assert (found.classes.unpack() == wanted.numpy()).all()
    sure = np.exp(4) / (np.exp(4) + 2)
    assert found.cells.max(1) == pytest.approx(sure)
    inside = np.repeat(np.repeat(blocks, 4, 0), 4, 1).reshape(-1)[found.places]
    assert (found.cells.argmax(1) == inside).all()


def test_the_temperature_is_that_of_pixels_and_ignored_ones_do_not_count(tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    kept, maps = [], []
    for seed in range(30):
        cells = generator.normal(0, 2, (1, 3, SIZE[0] // 4, SIZE[1] // 4)).astype(np.float32)
        shares = torch.from_numpy(cells).softmax(1)[0].permute(1, 2, 0).reshape(-1, 3).numpy()
        drawn = (shares.cumsum(1) < generator.random((len(shares), 1))).sum(1).clip(max=2)
        truth = np.repeat(np.repeat(drawn.reshape(cells.shape[2:]), 4, 0), 4, 1).astype(np.uint8)
        truth[:, :8] = 255
        maps.append(truth)
        kept.append(TASK.keep_logits(torch.from_numpy(cells) * 2, bytes([seed])))
    found = TASK.fit_confidence(kept, write_truths(tmp_path, maps))
    assert found.temperature == pytest.approx(2, abs=0.25)
    assert found.after.nll < found.before.nll
    assert 30 * 40 < found.after.n < 30 * 64
    assert f"on {found.after.n} val pixels" in str(found)


def test_figures_and_classes_of_each_file(tmp_path: Path) -> None:
    rounded = [flip(classes, 0.02 * (seed == 7), seed) for seed, classes in enumerate(SCENES)]
    found = score(tmp_path, SCENES, rounded)
    shown = described(found)
    exact, int8 = (shown["figures"][name] for name in (TORCH, "int8.tflite"))
    assert (exact["miou"], exact["boundary_f"], exact["agreement"]) == (1, 1, 1)
    share = (rounded[7] == SCENES[7]).mean()
    assert int8["agreement_worst"] == pytest.approx(share)
    assert int8["agreement"] == pytest.approx((23 + share) / 24)
    assert int8["miou_low"] < int8["miou"] < 1
    assert int8["boundary_f"] < 1
    assert [row["label"] for row in shown["classes"]] == list(LABELS)
    assert sum(row["share"] for row in shown["classes"]) == pytest.approx(1)
    measured = TASK.measure(found)["int8.tflite"]
    assert {row["label"]: row["iou"]["int8.tflite"] for row in shown["classes"]} == measured.iou
    assert shown["changed"]["int8.tflite"]["changed"] == (rounded[7] != SCENES[7]).sum()
    assert shown["worst"][0]["picture"] == "7.png"
    assert set(shown["reliability"]) == {TORCH, *INT8}


def test_a_class_that_is_absent_has_no_figure_anywhere(tmp_path: Path) -> None:
    bare = [np.minimum(classes, 1) for classes in SCENES]
    found = score(tmp_path, bare, bare, bare)
    row = described(found)["classes"][2]
    assert row["pixels"] == 0
    assert set(row["iou"].values()) | set(row["f1"].values()) | set(row["boundary_f"].values()) == {None}
    card = TASK.describe_file(found, "int8.tflite")["accuracy"]
    assert card["iou"] == {"road": 1.0, "grass": 1.0, "car": None}
    assert card["miou"] == 1
    assert TASK.tell(found) == ["car: absent in the validation pictures, so that nothing is known of them"]


def test_a_class_that_is_never_found_is_told(tmp_path: Path) -> None:
    found = score(tmp_path, [np.minimum(classes, 1) for classes in SCENES], SCENES)
    pixels = sum(int((classes == 2).sum()) for classes in SCENES)
    assert TASK.tell(found) == [f"car: none of its {pixels:,} validation pixels is found"]


def test_a_picture_that_is_ignored_throughout_spoils_no_figure(tmp_path: Path) -> None:
    truths = [np.full(SIZE, 255, np.uint8), *SCENES[1:]]
    shown = described(score(tmp_path, SCENES, SCENES, truths))
    assert shown["figures"][TORCH]["miou"] == shown["figures"][TORCH]["boundary_f"] == 1
    alone = described(score(tmp_path / "one", SCENES[:1], SCENES[:1], truths[:1]))
    assert alone["figures"][TORCH]["miou"] is None
    assert alone["reliability"] == {}


def test_groups_are_counted_and_one_group_has_no_interval(tmp_path: Path) -> None:
    found = replace(score(tmp_path, SCENES, [flip(one, 0.01, 1) for one in SCENES]), groups=(3,) * 24)
    shown = described(found)
    assert (shown["groups"], shown["paired"]["int8.tflite"]["units"]) == (1, 1)
    assert (shown["figures"][TORCH]["miou_low"], shown["figures"][TORCH]["miou_high"]) == (0, 1)
    assert "one group tells nothing of others" in TASK.tell_drops(shown)[0]


def test_what_int8_loses_is_told_in_sentences_of_one_figure(tmp_path: Path) -> None:
    told = TASK.tell_drops(described(score(tmp_path, SCENES, [np.roll(one, 1, axis=0) for one in SCENES])))
    assert [line.split()[0] for line in told] == list(INT8)
    first, worst, lost, near = told[0].split(". ")
    assert first.startswith("int8.tflite gives the float network's class to")
    assert worst.startswith("In the worst of 24 pictures it gives it to")
    assert "points worse than float's, 95 % interval" in lost
    assert near.endswith("lie at a boundary of classes.")
    same = TASK.tell_drops(described(score(tmp_path, SCENES, SCENES)))[0]
    assert "Its mIoU is as good as float's" in same
    assert "Of the pixels that changed" not in same


def test_the_worst_pictures_are_drawn_side_by_side_and_stay_small(tmp_path: Path) -> None:
    noise = [np.random.default_rng(seed).integers(0, 3, SIZE).astype(np.uint8) for seed in range(24)]
    found = score(tmp_path, noise, [flip(one, 0.5, 1) for one in noise])
    drawn = TASK.draw_set(PictureSet("set", tmp_path, found), PixelSpec.stretched(*SIZE))
    assert len(drawn) == 6
    for pictures in drawn.values():
        assert list(pictures) == ["photo", "truth", "float", "int8.tflite", "difference"]
        assert all(len(address) < 36_000 for address in pictures.values())
    number = int(described(found)["worst"][0]["picture"].removesuffix(".png"))
    with Image.open(BytesIO(b64decode(drawn[0]["truth"].partition(",")[2]))) as image:
        shown = np.asarray(image.convert("RGB"))
    wanted = np.array(COLOURS, np.uint8)[SCENES[number]]
    assert (shown == np.asarray(Image.fromarray(wanted).resize(shown.shape[1::-1], Image.Resampling.NEAREST))).all()


def test_without_names_no_picture_is_named(tmp_path: Path) -> None:
    text = json.dumps(described(score(tmp_path, SCENES, SCENES), named=False))
    assert ".png" not in text


def test_a_card_names_labels_and_colours() -> None:
    assert TASK.describe_card() == {
        "task": "segment",
        "labels": list(LABELS),
        "colours": [[90, 90, 90], [60, 160, 60], [200, 40, 40]],
    }
    assert TASK.describe_onnx()["names"] == "{0: 'road', 1: 'grass', 2: 'car'}"


def test_the_accuracy_in_a_card(tmp_path: Path) -> None:
    found = TASK.describe_file(score(tmp_path, SCENES, SCENES), "int8.tflite")
    iou = dict.fromkeys(LABELS, 1.0)
    shares = {"miou": 1.0, "miou_low": 1.0, "miou_high": 1.0, "agreement_fp32": 1.0, "agreement_worst": 1.0}
    assert found == {"accuracy": {"split": "val", "n": 24, **shares, "iou": iou}}


def test_calibration_pictures_of_one_class_are_told() -> None:
    usual, grass = list(map(answer, SCENES)), [answer(np.ones(SIZE, np.uint8))] * 3
    assert TASK.tell_one_sided(usual, usual) == []
    (told,) = TASK.tell_one_sided(grass, usual)
    assert told.startswith("fp32 calls 100% of their pixels grass and ")


def lay_out(root: Path, masks: dict[str, Map], pictures: str = "images", names: str = "masks") -> Path:
    for name, classes in masks.items():
        for folder, pixels in ((pictures, np.zeros((*classes.shape, 3), np.uint8)), (names, classes)):
            (root / folder / name).parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels).save(root / folder / name)
    return root


def test_a_folder_without_a_table_is_read_as_the_runs_masks(tmp_path: Path) -> None:
    bare = np.where(SCENES[0] == 2, 0, SCENES[0]).astype(np.uint8)
    bare[0] = 255
    ((picture, truth),) = TASK.list_samples(lay_out(tmp_path, {"a.png": bare}), SPLIT)
    assert picture == tmp_path / "images/a.png"
    assert (truth.unpack() == bare).all()


def test_a_folders_own_table_is_followed_by_name(tmp_path: Path) -> None:
    lay_out(tmp_path, {"a.png": SCENES[0]})
    (tmp_path / "classes.csv").write_text("index,name\n0,car\n1,void\n2,road\n3,grass\n")
    ((_, truth),) = TASK.list_samples(tmp_path, SPLIT)
    assert (truth.unpack() == np.array([2, 255, 0], np.uint8)[SCENES[0]]).all()


def test_masks_are_brought_to_the_networks_size_by_nearest_neighbour(tmp_path: Path) -> None:
    large = np.repeat(np.repeat(SCENES[0], 3, 0), 3, 1)
    ((_, truth),) = TASK.list_samples(lay_out(tmp_path, {"a.png": large}), SPLIT)
    assert (truth.unpack() == SCENES[0]).all()


def test_of_a_folder_with_parts_the_test_part_is_taken(tmp_path: Path) -> None:
    lay_out(tmp_path, {"train/a.png": SCENES[0], "test/b.png": SCENES[1]})
    assert [path.name for path, _ in TASK.list_samples(tmp_path, SPLIT)] == ["b.png"]
    (tmp_path / "images/test").rename(tmp_path / "images/val")
    (tmp_path / "masks/test").rename(tmp_path / "masks/val")
    with pytest.raises(FolderError, match="found no test part, wanted one beside train; move pictures"):
        TASK.list_samples(tmp_path, SPLIT)


def test_a_folder_that_cannot_be_evaluated_is_refused_with_what_is_wrong(tmp_path: Path) -> None:
    with pytest.raises(FolderError, match="found no pictures with masks, wanted images/ and masks/; check the path"):
        TASK.list_samples(tmp_path, SPLIT)
    unknown = lay_out(tmp_path / "values", {"a.png": SCENES[0] + np.uint8(3)})
    with pytest.raises(ExportError, match=r"found the value 3, which no mask of the run has, in 1 of 1 masks, wanted"):
        TASK.list_samples(unknown, SPLIT)
    lay_out(tmp_path / "named", {"a.png": SCENES[0]})
    (tmp_path / "named/classes.csv").write_text("index,name\n0,road\n1,grass\n2,lorry\n")
    with pytest.raises(
        ExportError, match=r"found the class lorry with 196 pixels, wanted one of road, grass, car; name"
    ):
        TASK.list_samples(tmp_path / "named", SPLIT)
    (tmp_path / "named/classes.csv").write_text("index,name\n0,road\n1,grass\n")
    with pytest.raises(ExportError, match=r"a.png: found 1 value \(2; 196 pixels\) that classes.csv does not have"):
        TASK.list_samples(tmp_path / "named", SPLIT)
    lay_out(tmp_path / "sizes", {"a.png": SCENES[0]})
    Image.new("RGB", (50, 50)).save(tmp_path / "sizes/images/a.png")
    with pytest.raises(ExportError, match=r"found 64x48 pixels, wanted 50x50 as in images/a\.png"):
        TASK.list_samples(tmp_path / "sizes", SPLIT)
    (tmp_path / "sizes/masks/a.png").write_bytes(b"no picture")
    with pytest.raises(PictureError, match=r"a\.png"):
        TASK.list_samples(tmp_path / "sizes", SPLIT)
    lay_out(tmp_path / "pair", {"a.png": SCENES[0]})
    (tmp_path / "pair/masks/a.png").rename(tmp_path / "pair/masks/b.png")
    with pytest.raises(MaskError, match=r"found 1 picture without a mask \(images/a.png\) and 1 mask without"):
        TASK.list_samples(tmp_path / "pair", SPLIT)


def test_a_folder_whose_masks_ignore_every_pixel_is_refused(tmp_path: Path) -> None:
    lay_out(tmp_path, {"a.png": np.full(SIZE, 255, np.uint8)})
    with pytest.raises(ExportError, match="found masks that ignore every pixel, wanted some of a class; draw them"):
        TASK.list_samples(tmp_path, SPLIT)


def test_a_picture_that_cannot_be_read_is_left_to_where_its_pixels_are_wanted(tmp_path: Path) -> None:
    lay_out(tmp_path, {"a.png": SCENES[0]})
    (tmp_path / "images/a.png").write_bytes(b"no picture")
    assert [path.name for path, _ in TASK.list_samples(tmp_path, SPLIT)] == ["a.png"]


def test_a_run_that_lost_what_its_masks_mean_is_refused(tmp_path: Path) -> None:
    lost = replace(SPLIT, masks=None)
    with pytest.raises(ExportError, match=r"split\.json: found no classes of masks, wanted those of the run; train"):
        TASK.open_target("masks/a.png", tmp_path, lost)
