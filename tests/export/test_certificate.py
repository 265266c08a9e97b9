"""The certificate: figures that other commands give too, a page that a browser shows without a network."""

from __future__ import annotations

import json
import math
from base64 import b64decode
from dataclasses import asdict, replace
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter, OpResolverType
from PIL import Image

from export_networks import LABELS
from ressq_edge.pages.thumbnails import make_thumbnail
from ressq_edge.pages.words import percent, worse
from ressq_export.certificate.layers import describe_layers
from ressq_export.certificate.snr import measure_snr
from ressq_export.certificate.verdict import describe_verdict
from ressq_export.convert import KINDS
from ressq_export.measurement.fidelity import Compared, Fidelity
from ressq_export.measurement.paired import Drop
from ressq_export.measurement.scores import INT8, TORCH, PictureSet, Scored
from ressq_export.measurement.verdict import Verdict
from ressq_export.quantization.search import Attempt, Int8Recipe
from ressq_export.tasks.classify import Classify
from ressq_runtime import Classifier, evaluate
from ressq_runtime.inputs.picture import to_pixels
from ressq_runtime.inputs.picture_spec import PixelSpec
from ressq_runtime.intervals import wilson

TASK = Classify(("a", "b"))


@pytest.fixture(scope="module")
def certificate(exported: dict[str, Path]) -> dict[str, Any]:
    """Of the lively network: untrained, so that int8 changes some of its answers."""
    found: dict[str, Any] = json.loads(beside(exported, "json").read_text(encoding="utf-8"))
    return found


def beside(exported: dict[str, Path], suffix: str) -> Path:
    return exported["fp32.onnx"].parent / f"café_certificate.{suffix}"


def test_its_figures_are_those_of_ressq_evaluate(
    certificate: dict[str, Any], exported: dict[str, Path], lively_run: Path
) -> None:
    (validation,) = certificate["sets"]
    for kind in KINDS:
        found = evaluate(Classifier.load(exported[kind], threads=1), lively_run.parent / "data" / "val")
        figures = validation["figures"][kind]
        assert validation["n"] == found.n
        assert (figures["top1"], figures["top1_low"], figures["top1_high"]) == (
            found.top1,
            found.top1_low,
            found.top1_high,
        )
        if kind in INT8:
            shares = {row["label"]: row["right"][kind] / row["n"] for row in validation["classes"]}
            assert shares == found.recall


def test_its_thresholds_are_those_of_ressq_evaluate(
    certificate: dict[str, Any], exported: dict[str, Path], lively_run: Path
) -> None:
    (validation,) = certificate["sets"]
    assert set(validation["thresholds"]) == set(KINDS)
    for kind, points in validation["thresholds"].items():
        found = evaluate(Classifier.load(exported[kind], threads=1), lively_run.parent / "data" / "val")
        assert points == [asdict(point) for point in found.thresholds]


def test_loss_and_agreement_are_those_of_the_files(
    certificate: dict[str, Any], exported: dict[str, Path], lively_run: Path
) -> None:
    """Counted here once more, the plain way."""
    scores: dict[str, list[list[float]]] = {}
    truths = []
    for kind in KINDS:
        model = Classifier.load(exported[kind], threads=1)
        scores[kind], truths = [], []
        for path in sorted((lively_run.parent / "data" / "val").rglob("*.png")):
            scores[kind].append(model.scores(to_pixels(path, model.spec)))
            truths.append(LABELS.index(path.parent.name))
    figures = certificate["sets"][0]["figures"]
    for kind in KINDS:
        loss = -sum(math.log(row[truth]) for row, truth in zip(scores[kind], truths, strict=True)) / len(truths)
        assert figures[kind]["nll"] == pytest.approx(loss, rel=1e-9)
        same = np.argmax(scores[kind], 1) == np.argmax(scores["fp32.onnx"], 1)
        assert figures[kind]["agreement"] == same.mean()


def test_its_files_are_those_beside_it(certificate: dict[str, Any], exported: dict[str, Path]) -> None:
    from hashlib import sha256

    for kind, path in exported.items():
        found = certificate["files"][kind]
        assert found["file"] == path.name
        assert found["size_bytes"] == path.stat().st_size
        assert found["sha256"] == sha256(path.read_bytes()).hexdigest()


def test_every_layer_has_its_range_and_its_noise(certificate: dict[str, Any]) -> None:
    layers = {layer["tensor"]: layer for layer in certificate["layers"]}
    assert {"conv1", "fire2.concat", "fire3.sum", "fire9.expand3x3", "logits"} <= set(layers)
    assert {layer["kind"] for layer in layers.values()} >= {"convolution", "concatenation", "sum", "difference"}
    for layer in layers.values():
        assert layer["low"] <= 0 <= layer["high"]
        assert layer["scale"] == pytest.approx((layer["high"] - layer["low"]) / 255)
        assert 5 < layer["snr_db"] < 60
        assert (layer["weights"] is not None) == (layer["kind"] in ("convolution", "matrix product"))
    by_noise = sorted(layers, key=lambda tensor: layers[tensor]["snr_db"])
    assert certificate["worst_layers"] == by_noise[:3]


def infer_as_users_do(path: Path, pixels: bytes) -> list[float]:
    return Classifier.load(path, labels=LABELS, threads=1, trusted=True).scores(pixels)


def infer_plainly(path: Path, pixels: bytes) -> list[float]:
    resolver = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    model = Interpreter(str(path), experimental_op_resolver_type=resolver)
    model.allocate_tensors()
    (entry,), (exit_,) = model.get_input_details(), model.get_output_details()
    model.set_tensor(entry["index"], np.frombuffer(pixels, np.uint8).reshape(entry["shape"]))
    model.invoke()
    scores: list[float] = model.get_tensor(exit_["index"])[0].astype(np.float64).tolist()
    return scores


def test_the_ratio_is_that_of_signal_and_noise(paths: dict[str, Path], pixels: list[bytes]) -> None:
    """Of the scores, which a plain inference gives; the delegate's, which round otherwise, are close."""
    plain, delegated = (
        [np.array([run(paths[kind], p) for p in pixels[:4]]) for kind in ("fp32.tflite", "int8.tflite")]
        for run in (infer_plainly, infer_as_users_do)
    )
    found = measure_snr(paths["fp32.tflite"], paths["int8.tflite"], ["scores"], pixels[:4])["scores"]
    for (exact, rounded), tolerance in ((plain, 1e-4), (delegated, 4)):
        wanted = 10 * math.log10((exact**2).sum() / ((exact - rounded) ** 2).sum())
        assert found == pytest.approx(wanted, abs=tolerance)
    same = measure_snr(paths["fp32.tflite"], paths["fp32.tflite"], ["scores"], pixels[:1])
    assert same == {}, "no noise, no ratio"


def test_a_wrong_scale_shows_in_its_layer(paths: dict[str, Path], pixels: list[bytes], tmp_path: Path) -> None:
    from ressq_export.network.tensor_names import pack, read_flatbuffer

    root, graph = read_flatbuffer(paths["int8.tflite"].read_bytes())
    tensor = next(tensor for tensor in graph.tensors if tensor.name == b"fire5.squeeze")
    tensor.quantization.scale = tensor.quantization.scale / 20  # nearly all values are now beyond its range
    (tmp_path / "wrong.tflite").write_bytes(pack(root))
    layers = {
        layer["tensor"]: layer for layer in describe_layers(paths["fp32.tflite"], tmp_path / "wrong.tflite", pixels[:2])
    }
    assert layers["fire5.squeeze"]["snr_db"] < 3 < 20 < layers["fire4.concat"]["snr_db"]


def scored(count: int, lost: int, gained: int = 0) -> Scored:
    """Answers of two classes: torch is right but for the `gained`, int8 but for the `lost`; TFLite and ONNX alike."""
    torch_scores, int8 = np.tile([0.8, 0.2], (count, 1)), np.tile([0.8, 0.2], (count, 1))
    torch_scores[:gained] = [0.3, 0.7]
    int8[count - lost :] = [0.4, 0.6]
    names = (TORCH, *KINDS)
    scores = {name: int8 if name in INT8 else torch_scores for name in names}
    return Scored(tuple(Path(f"/data/{i}.png") for i in range(count)), np.zeros(count, int), scores, ())


def described(found: Scored, *, named: bool = True) -> dict[str, Any]:
    return TASK.describe_set(PictureSet("validation split", Path("/data"), found), {}, named=named)


def test_the_verdict_says_what_labels_and_what_all_pictures_tell() -> None:
    pictures = described(scored(300, 9))
    drop, all_ = Drop(**pictures["paired"]["int8.onnx"]), Fidelity(1200, 30, 0.018, 0.035, 0.0123, 22.4)
    attempts = tuple(Attempt.of(step, "int8.onnx", Compared(drop, all_), 2) for step in ("min/max", "bias correction"))
    found = Verdict("unsure", "int8 may be 3.5 points worse", "to tell 0.5 points takes about 900 validation pictures")
    verdict = describe_verdict(
        TASK.tell_drops(pictures), Int8Recipe("bias correction", 0.005, attempts, found, "top-1")
    )
    assert (verdict["outcome"], verdict["max_drop"], verdict["fault"]) == ("unsure", 0.005, "")
    assert verdict["headline"] == "int8 may be 3.5 points worse"
    text = "\n".join(verdict["sentences"])
    assert f"of 300 pictures and is right on {percent(0.97)}" in text
    assert f"{worse(0.03)}, 95 % interval " in text
    assert (
        text.count("int8.onnx changes 30 of 1,200 answers, training pictures included; their probabilities are 1.2 ")
        == 1
    )
    assert text.endswith("\nTo tell 0.5 points takes about 900 validation pictures.")


def test_flips_are_lost_ones_first_with_both_answers() -> None:
    flips = described(scored(10, 2, gained=1))["flips"]
    assert [flip["picture"] for flip in flips] == ["8.png", "9.png", "0.png"]
    assert flips[0]["truth"] == "a"
    assert flips[0]["answers"][TORCH] == {"label": "a", "probability": 0.8}
    assert flips[0]["answers"]["int8.onnx"] == {"label": "b", "probability": 0.6}
    assert [flip["picture"] for flip in described(scored(10, 2), named=False)["flips"]] == [None, None]


def test_of_pictures_in_groups_the_intervals_are_over_groups() -> None:
    found = scored(40, 10)
    plain, grouped = described(found), described(replace(found, groups=tuple(n // 10 for n in range(40))))
    assert (plain["groups"], grouped["groups"]) == (None, 4)
    one, other = (pictures["figures"]["int8.tflite"] for pictures in (plain, grouped))
    assert (one["top1_low"], one["top1_high"]) == wilson(30, 40)
    assert other["top1"] == one["top1"] == 0.75
    assert other["top1_low"] < one["top1_low"] < one["top1_high"] < other["top1_high"]
    assert grouped["figures"][TORCH]["top1_low"] == pytest.approx(wilson(4, 4)[0])


def test_a_threshold_tells_what_is_answered_and_how_often_that_is_right() -> None:
    found = scored(40, 10)
    points = {point["threshold"]: point for point in described(found)["thresholds"]["int8.tflite"]}
    assert [(points[t]["answered"], points[t]["top1"]) for t in (0.0, 0.6, 0.7, 0.9)] == [
        (40, 0.75), (40, 0.75), (30, 1.0), (0, None),
    ]  # fmt: skip
    assert (points[0.7]["top1_low"], points[0.7]["top1_high"]) == wilson(30, 30)
    grouped = described(replace(found, groups=tuple(n // 10 for n in range(40))))["thresholds"]["int8.tflite"]
    assert grouped[0]["top1_low"] < points[0.0]["top1_low"]
    assert next(point for point in grouped if point["threshold"] == 0.7)["top1_low"] == pytest.approx(wilson(3, 3)[0])


def test_top5_of_two_classes_is_not_told() -> None:
    assert described(scored(10, 2))["figures"][TORCH]["top5"] is None


def test_a_thumbnail_is_what_the_network_saw_and_nothing_else(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x010E] = "Jane Doe, born 1970"
    picture = Image.new("RGB", (400, 300), (200, 30, 30))
    picture.save(tmp_path / "patient.jpg", exif=exif)
    uri = make_thumbnail(tmp_path / "patient.jpg", PixelSpec.for_size(64))
    content = b64decode(uri.removeprefix("data:image/jpeg;base64,"))
    assert b"Jane" not in content
    with Image.open(BytesIO(content)) as found:
        assert found.size == (144, 144)
        assert not found.getexif()
