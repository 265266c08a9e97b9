"""mIoU on the device: which masks belong to which pictures, what they mean, and how sure the figure is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from ressq_runtime.commands.evaluate import main
from ressq_runtime.model import Model
from ressq_runtime.tasks.segment_evaluation import bootstrap, class_ious
from segmentations import COLOURS, LABELS, colour_model, stripes, truth, write_model

SIZE = (324, 260)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(write_model(tmp_path_factory.mktemp("model") / "colours.tflite"))


def lay_out(root: Path, mask: Image.Image | None = None, names: tuple[str, ...] = ("a", "b"), part: str = "") -> Path:
    for name in names:
        for kind, image, suffix in (("images", stripes(), "jpg"), ("masks", mask or truth(), "png")):
            path = root / kind / part / f"{name}.{suffix}"
            path.parent.mkdir(parents=True, exist_ok=True)
            image.save(path)
    return root


def measure(model: str, root: Path, capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, Any]:
    assert main([model, str(root), "--json", *words]) == 0, capsys.readouterr().err
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def as_palette() -> Image.Image:
    mask = truth()
    mask.putpalette([channel for colour in COLOURS for channel in colour])
    return mask


def as_colours() -> Image.Image:
    return as_palette().convert("RGB")


@pytest.mark.parametrize(
    "make", [truth, as_palette, as_colours, lambda: Image.merge("RGB", [truth()] * 3), lambda: truth().convert("I;16")],
    ids=["grey", "palette", "the card's colours", "grey as RGB", "16 bits"],
)  # fmt: skip
def test_masks_are_read_in_every_form(
    model: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], make: Any
) -> None:
    found = measure(model, lay_out(tmp_path, make()), capsys)
    assert found["n"] == 2
    assert found["miou"] == pytest.approx(0.975, abs=0.02)
    assert found["miou_low"] == found["miou"] == found["miou_high"], "both pictures are the same"
    assert list(found["iou"]) == list(found["pixels"]) == list(LABELS)
    assert sum(found["pixels"].values()) == sum(map(sum, found["confusion"])) == 2 * 65 * 81


def test_figures_are_those_of_the_confusion(model: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = measure(model, lay_out(tmp_path), capsys)
    matrix = np.array(found["confusion"])
    hit = matrix.diagonal()
    union = matrix.sum(0) + matrix.sum(1) - hit
    assert list(found["iou"].values()) == pytest.approx(hit / union)
    assert list(found["f1"].values()) == pytest.approx(2 * hit / (matrix.sum(0) + matrix.sum(1)))
    assert found["miou"] == pytest.approx((hit / union).mean())


def test_each_class_has_a_line_and_an_absent_one_says_so(
    model: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for kind, image in (("images", Image.new("RGB", SIZE, (220, 20, 20))), ("masks", Image.new("L", SIZE, 0))):
        (tmp_path / kind).mkdir()
        image.save(tmp_path / kind / "a.png")
    assert main([model, str(tmp_path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[1] == "mIoU  100.0%  95 % interval 100.0% to 100.0%"
    assert lines[-3].split() == ["red", "100.0%", "100.0%", "5,265"]
    assert lines[-2:] == ["green  absent in these pictures", "blue   absent in these pictures"]
    found = measure(model, tmp_path, capsys)
    assert found["iou"] == {"red": 1.0, "green": None, "blue": None}


def test_ignored_pixels_count_nowhere(model: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mask = truth()
    mask.paste(255, (150, 0, 324, 260))
    mask.paste(1, (260, 20, 320, 80))
    found = measure(model, lay_out(tmp_path, mask), capsys)
    assert found["iou"] == {"red": 1.0, "green": 1.0, "blue": None}
    assert found["ignored"] + found["pixels"]["red"] + found["pixels"]["green"] == 2 * 65 * 81


@pytest.mark.parametrize("place", ["below", "above"])
def test_of_parts_the_test_part_is_taken(
    model: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], place: str
) -> None:
    for part, count in (("train", 3), ("test", 1)):
        names = tuple(f"{part}{number}" for number in range(count))
        if place == "below":
            lay_out(tmp_path, names=names, part=part)
        else:
            lay_out(tmp_path / part, names=names)
    found = measure(model, tmp_path, capsys)
    assert found["n"] == 1
    assert "test" in found["folder"]


def write_split(path: Path, **changes: Any) -> str:
    split = {
        "format": 1, "labels": list(LABELS), "test": [["images/a.jpg", "masks/a.png"]],
        "masks": {"reading": "index", "targets": [[10, 0], [20, 1], [30, 2], [7, 255]]},
    }  # fmt: skip
    path.write_text(json.dumps({**split, **changes}))
    return str(path)


def test_a_runs_split_says_which_pictures_and_what_values_mean(
    model: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = lay_out(tmp_path / "data", truth().point([10, 20, 30] + [7] * 253))
    found = measure(model, root, capsys, "--split", write_split(tmp_path / "split.json"))
    assert found["n"] == 1
    assert found["miou"] == pytest.approx(0.975, abs=0.02)
    root = lay_out(tmp_path / "coloured", as_palette().convert("RGB").transpose(Image.Transpose.FLIP_LEFT_RIGHT))
    codes = [[r << 16 | g << 8 | b, index] for index, (r, g, b) in enumerate(COLOURS)]
    masks = {"reading": "colour", "targets": codes}
    found = measure(model, root, capsys, "--split", write_split(tmp_path / "split.json", masks=masks))
    assert found["miou"] < 0.1, "the mask is mirrored"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"labels": ["red", "blue", "green"]}, "found the model's classes in another order, wanted its own"),
        ({"masks": None}, "found nothing of the masks' values, wanted what each means; give the run's split.json"),
        ({"masks": {"reading": "index", "targets": [[1, 9]]}}, "found nothing of the masks' values"),
        ({"masks": {"reading": "index", "targets": [[256, 1]]}}, "found nothing of the masks' values"),
        ({"masks": {"reading": "index", "targets": [1]}}, "found nothing of the masks' values"),
        ({"test": [["images/a.jpg", 1]]}, "found picture 1 of its test part outside the folder or without a class"),
        ({"test": [["images/a.jpg", "../masks/a.png"]]}, "found picture 1 of its test part outside the folder"),
    ],
)  # fmt: skip
def test_an_odd_split_is_refused(
    model: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], changes: dict[str, Any], words: str
) -> None:
    root = lay_out(tmp_path / "data")
    assert main([model, str(root), "--split", write_split(tmp_path / "split.json", **changes)]) == 1
    assert words in capsys.readouterr().err


@pytest.mark.parametrize(
    ("mask", "words"),
    [
        (truth((260, 324)), "found 260x324 pixels, wanted the 324x260 of"),
        (truth((100, 80)), "found 100x80 pixels, wanted the 324x260 of"),
        (truth().point([0, 3, 2] + [0] * 253), "found the value 3, wanted 0 to 2, or 255 for what is ignored; mend"),
        (Image.new("RGB", SIZE, (1, 2, 3)), "found the colour 1,2,3, wanted those of the classes alone; mend the mask"),
        (Image.new("I;16", SIZE, 300), "found values up to 300, wanted 0 to 255; save it with 8 bits"),
        (Image.new("L", SIZE, 255), "found 255 alone in the masks, where it is ignored; give masks with classes"),
        (
            truth().point([0] + [255] * 255),
            "found 0 and 255 alone in the masks, where 255 is ignored; write 1 for green",
        ),
    ],
    ids=["turned", "size", "value", "colour", "16 bits", "ignored", "0 and 255"],
)
def test_masks_that_mean_nothing_are_named(
    model: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], mask: Image.Image, words: str
) -> None:
    assert main([model, str(lay_out(tmp_path, mask))]) == 1
    assert words in capsys.readouterr().err


def test_a_mask_that_fits_the_unturned_picture_names_exif(
    model: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = lay_out(tmp_path)
    exif = Image.Exif()
    exif[0x0112] = 6
    stripes().save(root / "images" / "a.jpg", exif=exif)
    assert main([model, str(root), "--json"]) == 1
    found = capsys.readouterr()
    assert "a.png: found 324x260 pixels, wanted the 260x324 of" in found.err
    assert "the picture is turned by its EXIF: turn the mask" in found.err
    assert json.loads(found.out)["n"] == 1, "the other one is measured"


def test_a_jpeg_is_no_mask(model: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = lay_out(tmp_path)
    for path in (root / "masks").iterdir():
        path.rename(path.with_suffix(".jpg"))
    assert main([model, str(root)]) == 1
    assert "found a JPEG, which blends neighbouring classes, wanted a PNG; save masks as PNG" in capsys.readouterr().err


def test_a_broken_mask_is_named(model: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = lay_out(tmp_path)
    (root / "masks" / "a.png").write_bytes(b"nothing")
    assert main([model, str(root)]) == 1
    assert "a.png: found a broken picture" in capsys.readouterr().err


def test_pictures_and_masks_belong_together(model: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([model, str(tmp_path)]) == 1
    assert "found no images/ beside masks/, wanted both; put pictures and masks there" in capsys.readouterr().err
    root = lay_out(tmp_path)
    (root / "masks" / "a.png").unlink()
    assert main([model, str(root)]) == 1
    assert "a.jpg: found no mask of this name, 1 in all, wanted one for each picture; add it" in capsys.readouterr().err
    (root / "images" / "a.jpg").unlink()
    (root / "images" / "b.jpg").unlink()
    assert main([model, str(root)]) == 1
    assert "b.png: found no picture of this name, 1 in all, wanted one for each mask" in capsys.readouterr().err
    (root / "masks" / "b.png").unlink()
    assert main([model, str(root)]) == 1
    assert "found no picture, wanted some with their masks in" in capsys.readouterr().err


def test_a_class_without_a_label_ends_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = str(write_model(tmp_path / "m.tflite", colour_model(shift=2)))
    assert main([path, str(lay_out(tmp_path))]) == 1
    assert "found class 4 in a class map, wanted a label's; export it again" in capsys.readouterr().err


def test_the_interval_is_that_of_drawing_pictures_again() -> None:
    drawn = np.random.default_rng(0)
    rows = [[int(hit), int(hit + miss), int(hit + more)] for hit, miss, more in drawn.integers(1, 100, (60, 3))]
    low, high = bootstrap(rows)
    table = np.array(rows)
    means = []
    for _ in range(4000):
        hit, truths, answers = table[drawn.integers(0, 60, 60)].sum(0)
        means.append(hit / (truths + answers - hit))
    assert (low, high) == pytest.approx(np.quantile(means, [0.025, 0.975]), abs=0.006)
    assert bootstrap(rows) == (low, high), "with the same seed"
    assert class_ious([3, 0, 3, 0, 4, 0]) == [0.75, None]


def test_a_self_test_tells_other_answers(tmp_path: Path) -> None:
    from ressq_runtime import ArtefactError, self_test
    from ressq_runtime.commands.model import main as describe
    from ressq_runtime.selftest import make_case

    path = write_model(tmp_path / "m.tflite")
    made = Model.load(path)
    cases = [make_case(made, made.input, seed) for seed in (1, 2)]
    good = write_model(tmp_path / "good.tflite", self_test=cases)
    assert self_test(good) == 2
    assert describe(["check", str(good)]) == 0
    assert len(cases[0]["classes"]) == 256
    assert sum(cases[0]["scores"]) == pytest.approx(1, abs=1e-3)
    other = [{**case, "classes": [(value + 1) % 3 for value in case["classes"]]} for case in cases]
    with pytest.raises(ArtefactError, match=r"self-test 1: class maps differ \(at 100% of 256 points, allowed 5%\)"):
        self_test(write_model(tmp_path / "other.tflite", self_test=other))
    other = [{**case, "scores": [0.2, 0.3, 0.5]} for case in cases]
    with pytest.raises(ArtefactError, match=r"self-test 1: scores differ .found 0.* for red on average, wanted 0.2"):
        self_test(write_model(tmp_path / "other.tflite", self_test=other))
    other = [{**case, "classes": [0]} for case in cases]
    with pytest.raises(ArtefactError, match="found 1 points in the card, wanted 256; export it again"):
        self_test(write_model(tmp_path / "other.tflite", self_test=other))
