"""--explain: the map is the answer's own arithmetic, it follows the object, and plain answers load nothing of it."""

from __future__ import annotations

import json
import random
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

import tiny_tflite
from ressq_runtime import Classifier, EngineError
from ressq_runtime.artefact.installed import BUILTIN
from ressq_runtime.artefact.tflite_graph import add_outputs, read_links, read_outputs
from ressq_runtime.commands.infer import main
from ressq_runtime.engines.class_activation import read_class_maps
from ressq_runtime.engines.tensor import choose_output
from ressq_runtime.inputs.picture import to_pixels
from ressq_runtime.tasks.classify import Prediction
from ressq_runtime.tasks.classify_explanation import write_explanation
from tiny_tflite import CLASSES, SIZE, tiny_model

KINDS = ["fp32.onnx", "int8.onnx", "fp32.tflite", "int8.tflite"]
VIRIDIS_ENDS = ((68, 1, 84), (253, 231, 37))


def class_maps(classifier: Classifier, pixels: bytes) -> np.ndarray:
    scores = choose_output(classifier.path, classifier.engine.outputs, "scores").name
    return read_class_maps(classifier.path, classifier.engine, scores, pixels)


def maps_of(classifier: Classifier, picture: Path | Image.Image) -> tuple[np.ndarray, np.ndarray]:
    """The maps of a picture and its scores."""
    pixels = to_pixels(picture, classifier.spec)
    return read_class_maps(
        classifier.path, classifier.engine, choose_output("", classifier.engine.outputs, "scores").name, pixels
    ), np.array(classifier.scores(pixels))


def softmax(logits: np.ndarray) -> np.ndarray:
    shares = np.exp(logits - logits.max())
    return shares / shares.sum()


@pytest.mark.parametrize("kind", KINDS)
def test_the_mean_of_each_map_is_the_logit_of_its_class(artefacts: dict[str, Path], shapes: Path, kind: str) -> None:
    classifier = Classifier.load(artefacts[kind])
    # int8 rounds the mean and the logits, which the map is spared.
    most = 1e-5 if kind.startswith("fp32") else 0.02
    for shape in ("circle", "square", "triangle"):
        maps, scores = maps_of(classifier, shapes / shape / "07.png")
        assert maps.shape == (3, 3, 3)
        assert maps.dtype == np.float32
        assert softmax(maps.mean((1, 2))) == pytest.approx(scores, abs=most)


def test_the_builtin_model_can_be_explained() -> None:
    noise = Image.frombytes("RGB", (300, 260), random.Random(0).randbytes(300 * 260 * 3))
    maps, scores = maps_of(Classifier.load(BUILTIN), noise)
    assert maps.shape == (10, 13, 13)
    assert softmax(maps.mean((1, 2))) == pytest.approx(scores, abs=0.03)


def shape_at(centre: int) -> Image.Image:
    """A bright square on a dark ground, 80 x 80 pixels; centre: of the square, from the left."""
    image = Image.new("RGB", (80, 80), (40, 40, 40))
    ImageDraw.Draw(image).rectangle((centre - 14, 26, centre + 14, 54), fill=(230, 230, 230))
    return image


@pytest.mark.parametrize("kind", KINDS)
def test_the_map_follows_the_object(artefacts: dict[str, Path], kind: str) -> None:
    classifier = Classifier.load(artefacts[kind])
    middles = []
    for centre in (14, 66):
        maps, scores = maps_of(classifier, shape_at(centre))
        found = maps[scores.argmax()]
        weight = (found - found.min()).sum(0)
        middles.append(float((weight * np.arange(3)).sum() / weight.sum()))
    assert middles[1] - middles[0] > 0.1  # of three columns, each of which sees most of the picture


def test_the_picture_shows_the_crop_the_map_and_the_answer(
    artefacts: dict[str, Path], shapes: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    picture, model = str(shapes / "circle" / "00.png"), str(artefacts["int8.tflite"])
    assert main([picture, "--model", model, "--json"]) == 0
    plain = json.loads(capsys.readouterr().out)
    for name, kind in (("out.png", "PNG"), ("out.JPG", "JPEG")):
        assert main([picture, "--model", model, "--json", "--explain", str(tmp_path / name)]) == 0
        captured = capsys.readouterr()
        assert json.loads(captured.out)["predictions"] == plain["predictions"]
        assert f"wrote {tmp_path / name}" in captured.err
        with Image.open(tmp_path / name) as image:
            assert (image.format, image.mode, image.size) == (kind, "RGB", (448, 488))
    page = np.asarray(Image.open(tmp_path / "out.png")).astype(int)
    legend = page[448:]
    for end in VIRIDIS_ENDS:
        assert (np.abs(legend - end).max(2) <= 2).any()
    assert (legend[:, :200] < 64).all(2).any(), "no text in the legend"
    # Half of each pixel is the grey photo's: the same crop in grey, from the original's pixels.
    grey = np.frombuffer(to_pixels(picture, Classifier.load(model).spec), np.uint8).reshape(64, 64, 3).mean(2)
    small = np.asarray(Image.open(tmp_path / "out.png").crop((0, 0, 448, 448)).convert("L").resize((64, 64)))
    assert np.corrcoef(grey.ravel(), small.ravel())[0, 1] > 0.6


def test_a_flat_map_and_a_label_longer_than_the_page_are_drawn(
    tiny: Classifier, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    picture = tmp_path / "photo.png"
    Image.new("RGB", (64, 64), (90, 90, 90)).save(picture)
    best = Prediction(LONG, 0.5)
    write_explanation(tiny.model, tiny._task, str(picture), best, str(tmp_path / "large.png"))

    def old_default(*size: int) -> object:
        if size:
            raise TypeError("takes 0 arguments")  # as before Pillow 10.1
        return small

    small = getattr(ImageFont, "load_default_imagefont", ImageFont.load_default)()
    monkeypatch.setattr(ImageFont, "load_default", old_default)
    write_explanation(tiny.model, tiny._task, str(picture), best, str(tmp_path / "small.png"))
    pages = [np.asarray(Image.open(tmp_path / f"{name}.png"))[448:] for name in ("large", "small")]
    assert not np.array_equal(*pages)
    for page in pages:
        assert (page[:, :20] < 64).all(2).any(), "the legend does not begin"
        assert (page[:, 440:] == 255).all(), "something is cut off at the right"


LONG = "пальто " * 40


@pytest.fixture
def tiny(tmp_path: Path) -> Classifier:
    """A foreign model: convolution, mean, softmax; no matrix product."""
    path = tmp_path / "tiny.tflite"
    path.write_bytes(tiny_model(name="other"))
    return Classifier.load(path, labels=[LONG, "b", "c", "d"], trusted=True)


def test_a_model_whose_last_convolution_comes_before_the_mean_is_explained(tiny: Classifier) -> None:
    maps, scores = maps_of(tiny, Image.frombytes("RGB", (64, 64), random.Random(1).randbytes(64 * 64 * 3)))
    assert maps.shape == (CLASSES, SIZE - 2, SIZE - 2)
    assert softmax(maps.mean((1, 2))) == pytest.approx(scores, abs=1e-5)


def odd_onnx(path: Path, axes: list[int]) -> Classifier:
    """uint8 NHWC -> float -> two means, the first over `axes`, -> softmax; axes []: a maximum in its place."""
    onnx = pytest.importorskip("onnx")
    make, kind = onnx.helper, onnx.TensorProto
    nodes = [
        make.make_node("Cast", ["pixels"], ["real"], to=kind.FLOAT),
        make.make_node("ReduceMean" if axes else "ReduceMax", ["real", "axes"], ["mean"], keepdims=0),
        make.make_node("Softmax", ["mean"], ["scores"]),
    ]
    graph = make.make_graph(
        nodes, "odd", [make.make_tensor_value_info("pixels", kind.UINT8, [1, 32, 32, 3])],
        [make.make_tensor_value_info("scores", kind.FLOAT, [1, 32 if 3 in axes else 3])],
        [make.make_tensor("axes", kind.INT64, [2], axes or [1, 2])],
    )  # fmt: skip
    model = make.make_model(graph, opset_imports=[make.make_opsetid("", 18)], ir_version=9)
    path.write_bytes(model.SerializeToString())
    return Classifier.load(path, labels=[f"class {index}" for index in range(32 if 3 in axes else 3)], trusted=True)


def test_a_foreign_onnx_is_explained_or_refused_with_what_was_looked_for(tmp_path: Path) -> None:
    noise = Image.frombytes("RGB", (64, 64), random.Random(1).randbytes(64 * 64 * 3))
    maps, scores = maps_of(odd_onnx(tmp_path / "a.onnx", [1, 2]), noise)
    assert softmax(maps.mean((1, 2))) == pytest.approx(scores, abs=1e-5)
    with pytest.raises(EngineError, match=r"found ReduceMax before the scores, wanted a mean over positions, then at"):
        maps_of(odd_onnx(tmp_path / "b.onnx", []), noise)
    with pytest.raises(
        EngineError, match=r"found a last layer of \[1, 32, 32, 3\], wanted \[1, H, W, C\] and \[32, C\]"
    ):
        maps_of(odd_onnx(tmp_path / "c.onnx", [2, 3]), noise)


def test_a_tflite_without_a_mean_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(tiny_tflite._OPERATORS, "MEAN", tiny_tflite.schema.BuiltinOperator.REDUCE_MAX)
    path = tmp_path / "max.tflite"
    path.write_bytes(tiny_model())
    classifier = Classifier.load(path, labels=["a", "b", "c", "d"], trusted=True)
    with pytest.raises(EngineError, match=r"max\.tflite: found operator 82 before the scores, wanted a mean"):
        class_maps(classifier, bytes(SIZE * SIZE * 3))


def test_without_interpreter_beside_the_c_api_the_error_says_what_to_install(
    tiny: Classifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    for package in ("ai_edge_litert", "tflite_runtime"):
        monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(EngineError, match=r"tiny\.tflite: found no (ai-edge-litert|tflite-runtime), wanted one of"):
        class_maps(tiny, bytes(SIZE * SIZE * 3))


def test_a_model_that_went_away_is_named(tiny: Classifier) -> None:
    Path(tiny.path).unlink()
    with pytest.raises(EngineError, match=r"tiny\.tflite: No such file or directory; leave the model in its place"):
        class_maps(tiny, bytes(SIZE * SIZE * 3))


def test_more_outputs_leave_the_rest_of_the_file_alone() -> None:
    model = tiny_model() + b"zip"
    edited = add_outputs(model, [2, 3])
    assert read_outputs(edited) == [*read_outputs(model), 2, 3]
    assert read_links(edited) == read_links(model)
    assert sum(a != b for a, b in zip(model, edited, strict=False)) <= 4
    with pytest.raises(EngineError, match="found no outputs in the model"):
        add_outputs(struct.pack("<I4sHHi", 12, b"TFL3", 4, 4, 4), [1])


@pytest.mark.parametrize("words", [
    ["a.jpg", "b.jpg"], ["."], ["--stdin0"],
], ids=" ".join)  # fmt: skip
def test_several_pictures_want_a_folder(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("a.jpg", "b.jpg"):
        Image.new("RGB", (64, 64)).save(name)
    assert main([*words, "--explain", "out.png"]) == 1
    assert "out.png: found the name of one picture, wanted a folder for several" in capsys.readouterr().err
    if "--stdin0" not in words:
        assert main([*words, "--explain", "shown", "--csv", "t.csv"]) == 0
        assert sorted(path.name for path in (tmp_path / "shown").iterdir()) == ["a.jpg", "b.jpg"]


@pytest.mark.parametrize(("out", "words"), [
    ("out.gif", "out.gif: found another suffix, wanted .png, .jpg, .jpeg"),
    ("none/out.png", "none/out.png: found no such folder; create it first"),
    ("photo.png", "photo.png: found the picture itself, wanted a new file for the explanation; name another"),
    ("folder.png", "folder.png: Is a directory; free space, or write elsewhere"),
])  # fmt: skip
def test_a_place_that_can_not_be_written_is_named(
    out: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder.png").mkdir()
    Image.new("RGB", (64, 64), (90, 90, 90)).save("photo.png")
    before = Path("photo.png").read_bytes()
    assert main(["photo.png", "--explain", out]) == 1
    assert f"ressq-infer: error: {words}" in capsys.readouterr().err
    assert Path("photo.png").read_bytes() == before


def test_a_broken_picture_leaves_no_explanation(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "photo.png").write_bytes(b"no picture")
    assert main([str(tmp_path / "photo.png"), "--explain", str(tmp_path / "out.png")]) == 1
    assert "photo.png" in capsys.readouterr().err
    assert not (tmp_path / "out.png").exists()


def test_the_plain_answer_loads_nothing_of_it(tmp_path: Path) -> None:
    Image.new("RGB", (64, 64), (90, 90, 90)).save(tmp_path / "photo.jpg")
    code = (
        "import sys; from ressq_runtime.commands.infer import main; assert main(sys.argv[1:]) == 0\n"
        "print(*(name for name in sys.modules if name.startswith('ressq_runtime')), file=sys.stderr)"
    )
    new = {
        "ressq_runtime.tasks.classify_explanation",
        "ressq_runtime.engines.class_activation",
        "ressq_runtime.artefact.tflite_graph",
    }
    for more, wanted in ([], set()), (["--explain", str(tmp_path / "out.png")], new):
        found = subprocess.run(
            [sys.executable, "-c", code, tmp_path / "photo.jpg", *more], capture_output=True, text=True, check=True
        )
        assert set(found.stderr.splitlines()[-1].split()) & new == wanted
