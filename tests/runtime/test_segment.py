"""A class for each pixel: areas, boxes, masks and overlays of a photo, in words, as JSON and as a table."""

from __future__ import annotations

import csv
import json
import random
import subprocess
import sys
from pathlib import Path
from time import sleep
from typing import Any

import numpy as np
import pytest
from PIL import Image

import ressq_runtime
from ressq_runtime import ArtefactError, EngineError, OutputError
from ressq_runtime.commands.infer import main
from ressq_runtime.commands.watch import main as watch
from ressq_runtime.model import Model
from ressq_runtime.tasks.segment_boxes import find_boxes
from ressq_runtime.tasks.segment_counts import count_pixels, spread
from ressq_runtime.tasks.segment_files import write_mask
from ressq_runtime.tasks.segment_pictures import draw_mask
from segmentations import COLOURS, HEIGHT, LABELS, WIDTH, colour_model, stripes, truth, write_model


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_model(tmp_path_factory.mktemp("model") / "colours.tflite")


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "photo.jpg"
    stripes().save(path, quality=95)
    return path


def as_json(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def sizes() -> list[tuple[int, int]]:
    drawn = random.Random(3)
    return [
        (81, 65),
        (40, 33),
        (1, 1),
        (4000, 3000),
        *[(drawn.randint(1, 900), drawn.randint(1, 900)) for _ in range(40)],
    ]


@pytest.mark.parametrize("size", sizes(), ids=str)
def test_pixels_and_boxes_are_those_of_the_map_that_pillow_resizes(size: tuple[int, int]) -> None:
    small = np.random.default_rng(size[0]).integers(0, 4, (9, 11), np.uint8)
    small[:, 3:] = small[:4].repeat(3, 0)[:9, 3:]
    classes = np.asarray(Image.fromarray(small).resize((WIDTH, HEIGHT), Image.Resampling.NEAREST))
    large = np.asarray(Image.fromarray(classes).resize(size, Image.Resampling.NEAREST))
    found = count_pixels(classes.tobytes(), (HEIGHT, WIDTH), size, range(5))
    assert found == np.bincount(large.ravel(), minlength=5).tolist()
    wanted = {}
    for value in np.unique(large):
        rows, columns = np.nonzero(large == value)
        wanted[int(value)] = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
    assert find_boxes(classes.tobytes(), (HEIGHT, WIDTH), size) == wanted


def test_a_row_is_spread_as_pillow_spreads_it_whatever_the_sizes() -> None:
    drawn = random.Random(0)
    for cells, pixels in [(drawn.randint(1, 2048), drawn.randint(1, 9000)) for _ in range(60)]:
        row = Image.fromarray(np.arange(cells, dtype=np.int32)[None]).resize((pixels, 1), Image.Resampling.NEAREST)
        assert spread(cells, pixels) == np.bincount(np.asarray(row)[0], minlength=cells).tolist()


def test_each_class_has_a_line_the_largest_first(model: Path, photo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(photo), "--model", str(model)]) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert [label for label, _ in lines] == ["red", "green", "blue"]
    assert [float(share.rstrip("%")) for _, share in lines] == pytest.approx([50, 25, 25], abs=1)
    assert main([str(photo), "--model", str(model), "--top-k", "1"]) == 0
    assert capsys.readouterr().out.split()[::2] == ["red"]


def test_several_pictures_have_a_line_each_of_the_classes_that_are_there(
    model: Path, photo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Image.new("RGB", (100, 80), (10, 230, 20)).save(tmp_path / "grass.png")
    assert main([str(tmp_path / "grass.png"), str(photo), "--model", str(model)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"{tmp_path / 'grass.png'}: green 100.0%"
    assert lines[1].startswith(f"{photo}: red 5") and "%, green 2" in lines[1]  # noqa: PT018


def test_json_has_areas_in_the_pixels_of_the_photo(
    model: Path, photo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(photo), "--model", str(model), "--json"]) == 0
    (found,) = as_json(capsys)
    assert list(found) == ["path", "width", "height", "areas", "latency_ms"]
    assert (found["width"], found["height"]) == (324, 260)
    assert [area["label"] for area in found["areas"]] == list(LABELS)
    assert sum(area["pixels"] for area in found["areas"]) == 324 * 260
    assert [area["share"] for area in found["areas"]] == pytest.approx(
        [area["pixels"] / (324 * 260) for area in found["areas"]], abs=1e-6
    )
    for area, box in zip(found["areas"], [(0, 0, 162, 260), (162, 0, 324, 130), (162, 130, 324, 260)], strict=True):
        assert area["box"] == pytest.approx(box, abs=8)


def test_a_class_that_is_not_there_has_no_box(model: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    Image.new("RGB", (100, 80), (10, 230, 20)).save(tmp_path / "grass.png")
    assert main([str(tmp_path / "grass.png"), "--model", str(model), "--json"]) == 0
    areas = as_json(capsys)[0]["areas"]
    assert areas[0] == {"label": "red", "share": 0.0, "pixels": 0, "box": None}
    assert areas[1] == {"label": "green", "share": 1.0, "pixels": 8000, "box": [0, 0, 100, 80]}


@pytest.mark.parametrize("orientation", [1, 6])
def test_a_mask_has_the_size_of_the_upright_photo_its_indices_and_the_cards_colours(
    model: Path, tmp_path: Path, orientation: int, capsys: pytest.CaptureFixture[str]
) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = stripes() if orientation == 1 else stripes().transpose(Image.Transpose.ROTATE_90)
    stored.save(tmp_path / "photo.jpg", quality=95, exif=exif)
    out = tmp_path / "mask.png"
    assert main([str(tmp_path / "photo.jpg"), "--model", str(model), "--mask", str(out), "--json"]) == 0
    (row,) = as_json(capsys)
    with Image.open(out) as mask:
        assert (mask.mode, mask.size) == ("P", (324, 260))
        found = np.asarray(mask)
        palette = mask.getpalette()
        assert palette is not None
        assert tuple(tuple(palette[at : at + 3]) for at in (0, 3, 6)) == COLOURS
    assert (found == np.asarray(truth())).mean() > 0.97
    assert np.bincount(found.ravel(), minlength=3).tolist() == [area["pixels"] for area in row["areas"]]
    assert row["mask"] == str(out)


@pytest.mark.parametrize("size", [(1, 1), (1, 300), (300, 1), (7, 5), (81, 65), (82, 64), (400, 441), (1999, 1501)])
def test_a_mask_is_the_map_as_pillow_stretches_it(model: Path, tmp_path: Path, size: tuple[int, int]) -> None:
    answer, _ = Model.load(model).answer(stripes())
    answer.size, state = size, np.random.default_rng(0)
    answer.classes = state.choice([0, 1, 2, 255], 65 * 81).astype(np.uint8).tobytes()
    write_mask(answer, str(tmp_path / "mask.png"))
    wanted = draw_mask(answer, size)
    with Image.open(tmp_path / "mask.png") as mask:
        assert (mask.mode, mask.size, mask.info["Software"]) == ("P", size, "ressq-infer")
        assert mask.getpalette() == wanted.getpalette()
        assert mask.tobytes() == wanted.tobytes()


def test_an_overlay_is_the_photo_under_the_colours(model: Path, photo: Path, tmp_path: Path) -> None:
    for name in ("over.jpg", "over.png"):
        assert main([str(photo), "--model", str(model), "--overlay", str(tmp_path / name)]) == 0
        with Image.open(tmp_path / name) as over:
            assert over.size == (324, 260)
            assert over.convert("RGB").getpixel((40, 130)) == pytest.approx((210, 10, 10), abs=6)


def test_below_a_threshold_a_pixel_is_unsure(
    model: Path, photo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, over = tmp_path / "mask.png", tmp_path / "over.png"
    words = ["--model", str(model), "--threshold", "0.6", "--json", "--mask", str(out), "--overlay", str(over)]
    assert main([str(photo), *words]) == 0
    areas = {area["label"]: area for area in as_json(capsys)[0]["areas"]}
    assert list(areas) == [*LABELS, "unsure"]
    assert 0.01 < areas["unsure"]["share"] < 0.1, "along the lines between the classes alone"
    found = np.asarray(Image.open(out))
    assert set(np.unique(found)) == {0, 1, 2, 255}
    assert (found == 255).sum() == areas["unsure"]["pixels"]
    assert set(found[:60, 150:174].ravel()) >= {255}
    assert 255 not in found[:, :120]
    with Image.open(over) as shown, Image.open(photo) as before:
        row, column = map(int, np.argwhere(found == 255)[0])
        assert shown.getpixel((column, row)) == before.getpixel((column, row)), "what is unsure has no colour"
    assert main([str(photo), "--model", str(model), "--threshold", "1"]) == 0
    assert capsys.readouterr().out.split()[:2] == ["unsure", "100.0%"]


def test_a_folder_gives_a_mask_and_an_overlay_for_each_picture(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("road/a.jpg", "road/far/a.jpg", "road/far/b.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        stripes((100, 80)).save(tmp_path / name)
    out, table = tmp_path / "out", tmp_path / "areas.csv"
    words = [str(tmp_path / "road"), "--model", str(model), "--mask", str(out), "--overlay", str(out)]
    assert main([*words, "--csv", str(table), "--json"]) == 0
    rows = as_json(capsys)
    written = sorted(path.relative_to(out).as_posix() for path in out.rglob("*.*"))
    assert written == ["a.jpg", "a.png", "far/a.jpg", "far/a.png", "far/b.jpg", "far/b.png"]
    assert [row["mask"] for row in rows] == [str(out / name) for name in ("a.png", "far/a.png", "far/b.png")]
    with table.open() as file:
        cells = list(csv.DictReader(file))
    assert [*cells[0]][:4] == ["path", *LABELS]
    assert [float(cells[0][label]) for label in LABELS] == pytest.approx([0.5, 0.25, 0.25], abs=0.02)
    assert main([*words, "--csv", str(table)]) == 0, "continued, and ours are replaced"
    assert len(table.read_text().splitlines()) == 4


def test_a_table_of_another_threshold_is_not_continued(
    model: Path, photo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = str(tmp_path / "t.csv")
    assert main([str(photo), "--model", str(model), "--csv", table, "--threshold", "0.5"]) == 0
    assert "unsure_below_0.5" in Path(table).read_text()
    capsys.readouterr()
    assert main([str(photo), "--model", str(model), "--csv", table, "--threshold", "0.6"]) == 1
    assert "found unsure_below_0.5, wanted unsure_below_0.6; set --threshold as before" in capsys.readouterr().err
    assert main([str(photo), "--model", str(model), "--csv", table]) == 1
    assert "found unsure_below_0.5, wanted no unsure pixels; set --threshold" in capsys.readouterr().err
    Path(table).write_text(Path(table).read_text().replace("0.5", "half"))
    assert main([str(photo), "--model", str(model), "--csv", table, "--threshold", "0.5"]) == 1


@pytest.mark.parametrize(
    ("out", "words"),
    [
        ("mask.jpg", "mask.jpg: found another suffix, wanted .png; name another file"),
        ("none/mask.png", "none/mask.png: found no such folder; create it first"),
        ("photo.png", "photo.png: found the picture itself, wanted a new file; name another"),
        ("truth.png", "truth.png: found a file that ressq-infer did not write, wanted a new one; name another"),
        ("folder.png", "folder.png: Is a directory; name another file"),
    ],
)
def test_a_mask_that_must_not_be_written_is_refused_before_anything_is_computed(
    model: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    out: str,
    words: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    stripes().save("photo.png")
    truth().save("truth.png")
    Path("folder.png").mkdir()
    before = Path("truth.png").read_bytes()
    assert main(["photo.png", "--model", str(model), "--mask", out]) == 1
    found = capsys.readouterr()
    assert words in found.err
    assert not found.out
    assert Path("truth.png").read_bytes() == before


def test_masks_of_a_folder_replace_nobodys_files(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for folder in ("images", "masks"):
        Path(folder).mkdir()
    stripes().save("images/a.jpg")
    truth().save("masks/a.png")
    before = Path("masks/a.png").read_bytes()
    assert main(["images", "--model", str(model), "--mask", "masks"]) == 1
    assert "masks/a.png: found a file that ressq-infer did not write" in capsys.readouterr().err
    assert Path("masks/a.png").read_bytes() == before
    assert main(["images", "--model", str(model), "--overlay", "images"]) == 1
    assert "images/a.jpg: found the picture itself" in capsys.readouterr().err
    stripes().save("images/a.png")
    assert main(["images", "--model", str(model), "--mask", "new"]) == 1
    assert "new/a.png: found images/a.jpg and images/a.png for it, wanted a file for each" in capsys.readouterr().err
    assert main(["images/a.jpg", "images/a.png", "--model", str(model), "--mask", "one.png"]) == 1
    assert "one.png: found the name of one picture, wanted a folder for several" in capsys.readouterr().err
    Path("file").touch()
    assert main(["images", "--model", str(model), "--mask", "file"]) == 1
    assert "file: File exists, wanted a folder for several pictures; name one" in capsys.readouterr().err


@pytest.mark.parametrize("several", [False, True])
def test_a_classifier_refuses_masks_in_words(
    photo: Path, tmp_path: Path, several: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / ("masks" if several else "mask.png")
    assert main([str(photo)] * (1 + several) + ["--mask", str(out)]) == 1
    found = capsys.readouterr()
    assert "and a model that classifies, wanted one that segments; leave it out" in found.err
    assert not found.out
    assert not out.exists()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"colours": [[1, 2, 3]] * 2}, r"found colours \[\[1, 2, 3\], .* wanted \[r, g, b\] of 0 to 255 for each of 3"),
        ({"colours": [[1, 2, 256]] * 3}, "wanted .r, g, b. of 0 to 255"),
        ({"colours": [[1, 2, True]] * 3}, "wanted .r, g, b. of 0 to 255"),
        ({"colours": [[1, 2]] * 3}, "wanted .r, g, b. of 0 to 255"),
        ({"colours": "red"}, "found colours 'red' in the card, wanted a list"),
        ({"labels": [f"c{n}" for n in range(256)]}, "found 256 classes, wanted at most 255"),
        ({"input": ressq_runtime.PixelSpec(64, 64).to_json()}, "found a crop as the card's input, wanted the whole"),
        ({"output": {}}, "found step None"),
        ({"self_test": [{"seed": 1, "pixels_sha256": "", "classes": [1], "scores": [0.5]}]}, "found scores .0.5. in a"),
        ({"self_test": [{"seed": 1, "pixels_sha256": "", "classes": ["1"], "scores": [0, 0, 1]}]}, "found classes"),
    ],
)  # fmt: skip
def test_an_odd_card_is_refused_with_its_fault(tmp_path: Path, changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ArtefactError, match=words):
        Model.load(write_model(tmp_path / "m.tflite", **changes))


@pytest.mark.parametrize(
    ("content", "changes", "words"),
    [
        ({"classes": "float32"}, {}, r"found the outputs classes float32 .*, wanted classes of int32 \[1, 65, 81\];"),
        ({"names": ("map", "scores")}, {}, r"found the outputs map int32 .* wanted classes of int32"),
        ({"names": ("classes", "logits")}, {}, r"wanted scores of float32 \[1, h, w, 3\]"),
        ({}, {"labels": ["a", "b"], "colours": [[0, 0, 0]] * 2}, r"wanted scores of float32 \[1, h, w, 2\]"),
        ({}, {"input": ressq_runtime.PixelSpec.stretched(81, 65).to_json()}, r"wanted classes of int32 \[1, 81, 65\]"),
    ],
)  # fmt: skip
def test_outputs_of_another_shape_or_type_are_refused(
    tmp_path: Path, content: dict[str, Any], changes: dict[str, Any], words: str
) -> None:
    with pytest.raises(EngineError, match=words):
        Model.load(write_model(tmp_path / "m.tflite", colour_model(**content), **changes))


@pytest.mark.parametrize("classes", ["int32", "uint8"])
def test_a_class_without_a_label_is_named(tmp_path: Path, classes: str) -> None:
    model = Model.load(write_model(tmp_path / "m.tflite", colour_model(classes, shift=2)))
    with pytest.raises(EngineError, match="found class 4 in its map, wanted 0 to 2; export it again"):
        model.answer(stripes())


@pytest.mark.parametrize("shift", [-1, 255, 70_000])
def test_a_class_that_fits_no_byte_is_named(tmp_path: Path, shift: int) -> None:
    model = Model.load(write_model(tmp_path / "m.tflite", colour_model(shift=shift)))
    with pytest.raises(EngineError, match="classes: found a class that is none of 0 to 255 in the map"):
        model.answer(stripes())


def test_maps_of_both_types_are_one(tmp_path: Path) -> None:
    answers = []
    for classes in ("int32", "uint8"):
        path = write_model(tmp_path / f"{classes}.tflite", colour_model(classes))
        answers += [Model.load(path, threshold=below).answer(stripes())[0].classes for below in (0, 0.6)]
    assert answers[:2] == answers[2:]
    assert len(answers[0]) == HEIGHT * WIDTH


def test_a_classifier_is_no_name_for_it_and_a_model_answers(model: Path, photo: Path) -> None:
    with pytest.raises(ArtefactError, match="found a model to segment, wanted a classifier; load it as a Model"):
        ressq_runtime.Classifier.load(model)
    answer, _ = ressq_runtime.Model.load(model).answer(photo)
    assert answer.to_json()["areas"]


def test_labels_beside_the_cards_are_refused(model: Path) -> None:
    with pytest.raises(ArtefactError, match="found labels inside the artefact and --labels too; leave --labels out"):
        Model.load(model, labels=["a", "b", "c"])


def test_a_model_is_loaded_again_as_it_was_set(model: Path) -> None:
    import pickle

    loaded = Model.load(model, threshold=0.6, top_k=1)
    again = pickle.loads(pickle.dumps(loaded))
    assert again.task.settings == {"threshold": 0.6, "top_k": 1}
    assert again.answer(stripes())[0].to_text() == loaded.answer(stripes())[0].to_text()


def test_no_numpy_is_loaded_and_for_text_and_mask_of_a_jpeg_no_imaging_library(
    model: Path, photo: Path, tmp_path: Path
) -> None:
    code = (
        "import sys; import ressq_runtime.commands.infer as infer\n"
        "assert infer.main(sys.argv[1:]) == 0\n"
        "print(*sys.modules, file=sys.stderr)"
    )
    path = [str(Path(ressq_runtime.__file__).parents[1]), *(entry for entry in sys.path if entry)]
    drawn = ["--mask", str(tmp_path / "m.png"), "--overlay", str(tmp_path / "o.jpg"), "--json", "--threshold", "0.5"]
    lean = {"numpy", "PIL.Image", "argparse", "json"}
    for more, absent in ([], lean), (drawn[:2], lean - {"argparse"}), (drawn, {"numpy"}):
        found = subprocess.run(
            [sys.executable, "-S", "-c", code, photo, "--model", model, *more],
            capture_output=True, text=True, check=True, env={"PYTHONPATH": ":".join(path)},
        )  # fmt: skip
        loaded = set(found.stderr.splitlines()[-1].split())
        assert "ressq_runtime.tasks.segment" in loaded
        assert loaded & absent == set()
        assert "ressq_runtime.tasks.classify" not in loaded


def test_a_full_disk_is_told(model: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    answer, _ = Model.load(model).answer(stripes())
    with pytest.raises(OutputError, match="/dev/full: No space left on device; free space, or write elsewhere"):
        write_mask(answer, "/dev/full")


def test_a_watched_folder_gives_masks_as_pictures_come(model: Path, tmp_path: Path) -> None:
    incoming = tmp_path / "incoming"
    (incoming / "far").mkdir(parents=True)
    stripes().save(incoming / "a.jpg")
    stripes().save(incoming / "far" / "b.jpg")
    words = [str(incoming), "--model", str(model), "--csv", str(tmp_path / "t.csv"), "--mask", str(tmp_path / "masks")]
    command = [sys.executable, "-c", "from ressq_runtime.commands.watch import run; run()", *words]
    process = subprocess.Popen([*command, "--overlay", str(tmp_path / "over")], stderr=subprocess.PIPE)
    wanted = [tmp_path / "masks" / "a.png", tmp_path / "masks" / "far" / "b.png", tmp_path / "over" / "far" / "b.jpg"]
    try:
        for _ in range(600):
            if all(path.exists() for path in wanted):
                break
            sleep(0.1)
    finally:
        process.terminate()
        process.wait(30)
        assert process.stderr is not None
        process.stderr.close()
    assert all(path.exists() for path in wanted)


def test_masks_do_not_go_where_pictures_are_watched(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = str(tmp_path / "t.csv")
    for folder in (tmp_path, tmp_path / "masks"):
        assert watch([str(tmp_path), "--model", str(model), "--csv", table, "--mask", str(folder)]) == 1
        assert "found it in the watched folder, wanted it elsewhere, or it would be answered" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        watch(["0", "--model", str(model), "--mask", "masks"])
    assert "found --mask or --overlay and a camera, wanted them with a folder" in capsys.readouterr().err
