"""The container and the card, without a network: any flatbuffer or ModelProto may carry them."""

from __future__ import annotations

import io
import json
import os
import zipfile
from pathlib import Path

import pytest

from cards import CARD, FLATBUFFER, golden_card, model_for, onnx_model
from ressq_runtime import ArtefactError, Card, Classifier, PixelSpec, read_card
from ressq_runtime.artefact.card import FORMAT
from ressq_runtime.artefact.container import attach_card
from ressq_runtime.artefact.zip_and_protobuf import find_onnx_property, find_zip_entry
from ressq_runtime.engines.tensor import TensorSpec
from ressq_runtime.inputs import read_input
from ressq_runtime.tasks import make_task

CORPUS = Path(__file__).parents[1] / "fuzz" / "corpus" / "artefact"


@pytest.fixture(params=[".tflite", ".onnx"])
def suffix(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def artefact(tmp_path: Path, suffix: str) -> Path:
    path = tmp_path / f"leaf{suffix}"
    path.write_bytes(attach_card(model_for(suffix), golden_card(), suffix))
    return path


def test_the_golden_card_is_a_whole_example() -> None:
    card = Card.from_json(CARD.read_text(), "card.json")
    assert card.labels == ["oak", "beech"]
    assert PixelSpec.from_json(card.input) == PixelSpec.for_size(224)
    assert card.data["input"] == PixelSpec.for_size(224).to_json()
    assert [case["seed"] for case in card.self_test] == [1, 2]


def test_every_key_of_the_golden_card_is_documented() -> None:
    text = (Path(__file__).parents[2] / "docs" / "artefact.md").read_text()
    card = golden_card(card_sha256="")
    keys = [*card, *(key for value in card.values() if isinstance(value, dict) for key in value)]
    keys.remove("ressq-edge")  # versions: any package
    missing = [key for key in keys if f"`{key}`" not in text and key not in card["versions"]]
    assert missing == []


def test_the_card_comes_back_with_the_hashes_filled_in(artefact: Path) -> None:
    card = read_card(artefact)
    assert card is not None
    assert {**card.data, "sha256": "", "card_sha256": ""} == golden_card(sha256="", card_sha256="")


def test_labels_of_any_script_survive(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"leaf{suffix}"
    path.write_bytes(attach_card(model_for(suffix), golden_card(labels=["Eiche, grün", "山毛榉 'x'"]), suffix))
    card = read_card(path)
    assert card is not None
    assert card.labels == ["Eiche, grün", "山毛榉 'x'"]


def test_a_zip_reader_finds_labels_and_card_behind_the_flatbuffer(tmp_path: Path) -> None:
    whole = attach_card(FLATBUFFER, golden_card(), ".tflite")
    assert whole.startswith(FLATBUFFER)
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["labels.txt", "ressq.json"]
        assert archive.read("labels.txt") == b"oak\nbeech\n"
        assert json.loads(archive.read("ressq.json"))["name"] == "leaf"


@pytest.mark.host
def test_onnx_finds_the_card_among_the_metadata() -> None:
    import onnx

    model = onnx.load_model_from_string(attach_card(onnx_model(), golden_card(), ".onnx"))
    properties = {entry.key: entry.value for entry in model.metadata_props}
    assert json.loads(properties["ressq"])["name"] == "leaf"
    assert properties["names"] == "{0: 'oak'}"
    assert len(model.graph.node) == 1


def test_a_model_without_a_card_has_none(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"foreign{suffix}"
    path.write_bytes(model_for(suffix))
    assert read_card(path) is None


def test_every_flipped_byte_is_found(artefact: Path) -> None:
    whole = artefact.read_bytes()
    step = max(1, len(whole) // 400)
    for index in range(0, len(whole), step):
        flipped = bytearray(whole)
        flipped[index] ^= 0x10
        artefact.write_bytes(flipped)
        try:
            card = read_card(artefact)
        except ArtefactError:
            continue
        # What may go unnoticed: bytes that no reader uses, in the directory behind the card or the card's own place.
        assert card is None or card.data["card_sha256"] == json.loads(_card_text(whole, artefact.suffix))["card_sha256"]


def _card_text(whole: bytes, suffix: str) -> bytes:
    found = find_zip_entry(whole, "ressq.json") if suffix == ".tflite" else find_onnx_property(whole, "ressq")
    assert found is not None
    return found[1]


def test_a_card_with_a_flipped_byte_is_to_be_copied_again_before_it_is_exported_again(artefact: Path) -> None:
    whole = artefact.read_bytes()
    start = whole.index(_card_text(whole, artefact.suffix))
    for index in range(start, start + len(_card_text(whole, artefact.suffix)), 7):
        flipped = bytearray(whole)
        flipped[index] ^= 0x02
        artefact.write_bytes(flipped)
        with pytest.raises(ArtefactError, match=r"; copy it again|found card format \d+, wanted 2"):
            read_card(artefact)


def test_other_bytes_before_the_card_are_found(artefact: Path) -> None:
    whole = bytearray(artefact.read_bytes())
    whole[60] ^= 1
    artefact.write_bytes(whole)
    with pytest.raises(ArtefactError, match=r"found other bytes than its card was made for \(hash|broken model file"):
        read_card(artefact)


def test_swapped_labels_are_found(artefact: Path) -> None:
    # Same length, and the zip's own checksum made right again: as an editor of the file would.
    whole = artefact.read_bytes()
    if artefact.suffix == ".tflite":
        entries = zipfile.ZipFile(io.BytesIO(whole))
        card = entries.read("ressq.json").replace(b'"oak",\n  "beech"', b'"beech",\n  "oak"')
        assert card != entries.read("ressq.json")
        labels = entries.read("labels.txt")
        from ressq_runtime.artefact.zip_and_protobuf import zip_directory, zip_entry

        body = FLATBUFFER + zip_entry("labels.txt", labels)
        whole = body + zip_entry("ressq.json", card)
        whole += zip_directory([("labels.txt", labels, len(FLATBUFFER)), ("ressq.json", card, len(body))], len(whole))
    else:
        whole = whole.replace(b'"oak",\n  "beech"', b'"beech",\n  "oak"')
    artefact.write_bytes(whole)
    with pytest.raises(ArtefactError, match="found a card that was changed after it was written"):
        read_card(artefact)


def test_a_file_that_was_cut_is_to_be_copied_again(tmp_path: Path, suffix: str) -> None:
    """But where it ends like a model without a card: behind the flatbuffer, or behind a property of the ModelProto."""
    model = (CORPUS / ("tiny.tflite" if suffix == ".tflite" else "relu.onnx")).read_bytes()
    whole, path = attach_card(model, golden_card(), suffix), tmp_path / f"leaf{suffix}"
    looks_whole = []
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        try:
            assert read_card(path) is None
            looks_whole.append(length)
        except ArtefactError as error:
            assert "; copy it again" in str(error), length  # noqa: PT017
    if suffix == ".tflite":
        assert looks_whole == [len(model) + more for more in range(4)], "less of the archive than its first signature"
    else:
        assert len(looks_whole) < 10


@pytest.mark.parametrize("kind", ["int8.tflite", "fp32.tflite", "int8.onnx", "fp32.onnx"])
def test_a_model_that_was_cut_or_filled_with_zeros_is_to_be_copied_again(
    artefacts: dict[str, Path], tmp_path: Path, kind: str
) -> None:
    whole, path = artefacts[kind].read_bytes(), tmp_path / f"leaf.{kind[5:]}"
    zeros = bytes(100_000)
    for content in (
        *(whole[: len(whole) * part // 20] for part in range(20)),
        *(whole[: -len(zeros)] + zeros, whole + zeros, whole + bytes(1), whole[:-200] + bytes(200)),
    ):
        path.write_bytes(content)
        for labels in (None, ["a", "b", "c"]):
            with pytest.raises(ArtefactError, match=r"leaf\.(tflite|onnx): found .*; copy it again"):
                Classifier.load(path, labels=labels)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "found an empty file, wanted a .tflite or .onnx model; copy it again"),
        (bytes(5000), "found zeros alone, .*; copy it again"),
        (
            b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 857319\n",
            "a Git LFS pointer, .*git lfs pull",
        ),
        (b"\n<!DOCTYPE html>\n<html>", "found a web page, .*; download the file itself"),
        (b'<?xml version="1.0"?><Error>', "found a web page"),
        (b"404: Not Found", "found a text that begins '404: Not Found', .*; download or copy the file itself"),
        (b'\xef\xbb\xbf{"message": "Not Found"}', "found a text that begins"),
        (b"PK\3\4" + bytes(40), "found a zip archive, .*; unpack it and name the model inside"),
        (b"PK\3\4" + bytes(26) + b"net/data.pkl", "found PyTorch weights, .*ressq-export RUN --out dist"),
        (b"\x80\x02}q\0", "found PyTorch weights"),
        (b'\x40\0\0\0\0\0\0\0{"a":{}}', r"found weights \(.safetensors\)"),
        (b"\x1f\x8b\x08\0", "found a gzip archive"),
        (b"\x89HDF\r\n\x1a\n", "found a Keras model, .*; convert it"),
        (b"\xff\xd8\xff\xe0\0", "found a picture, .*; name the model here"),
    ],
)
@pytest.mark.parametrize("name", ["model.tflite", "model.onnx", "model.bin"])
def test_a_file_of_another_kind_is_called_so_whatever_its_name(
    tmp_path: Path, content: bytes, words: str, name: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ArtefactError, match=f"{name}: .*{words}"):
        read_card(tmp_path / name)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no named pipes")
def test_a_pipe_that_nobody_writes_to_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(
        ArtefactError, match=r"pipe: found another kind of file, wanted a .tflite or .onnx model; name one"
    ):
        read_card(tmp_path / "pipe")


def test_a_model_under_another_name_is_to_be_renamed(tmp_path: Path) -> None:
    for content, name, wanted in (
        (FLATBUFFER, "m.onnx", "tflite"),
        (FLATBUFFER, "m.tflite.1", "tflite"),
        (onnx_model(), "m.tflite", "onnx"),
        (onnx_model(), "m.bin", "onnx"),
    ):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(
            ArtefactError, match=f"found a model whose name does not say its kind; rename it to end in .{wanted}"
        ):
            read_card(tmp_path / name)


def test_a_newer_format_says_how_to_upgrade(artefact: Path, suffix: str) -> None:
    with pytest.raises(ArtefactError, match=rf"found card format {FORMAT + 1}, wanted {FORMAT}; install the wheel of"):
        Card.from_json(json.dumps(golden_card(format=FORMAT + 1)), "leaf")


def test_a_card_that_does_not_say_what_goes_in_is_of_pictures() -> None:
    found = {key: value for key, value in golden_card()["input"].items() if key != "kind"}
    assert read_input("leaf", found, [TensorSpec("pixels", "uint8", (1, 224, 224, 3))]) == PixelSpec.for_size(224)


def read_whole(data: dict[str, object]) -> None:
    card = Card.from_json(json.dumps(data), "leaf")
    make_task("leaf", card, {})
    read_input("leaf", card.input, [TensorSpec("pixels", "uint8", (1, 224, 224, 3))])


def test_an_unknown_key_is_ignored() -> None:
    assert Card.from_json(json.dumps(golden_card(mood="good")), "leaf").name == "leaf"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"format": "2"}, "found card format '2', wanted 2; copy it again"),
        ({"format": 1}, "leaf: found card format 1, wanted 2; export it again"),
        ({"labels": ["oak"]}, "found 1 labels in the card, wanted two or more"),
        ({"labels": ["oak", "oak"]}, "found a label twice"),
        ({"labels": ["oak", "be\nech"]}, "found a control character in a label"),
        ({"labels": ["oak", "\x1b[2Jbeech"]}, "found a control character in a label"),
        ({"labels": ["oak", "\x9b31mbeech"]}, "found a control character in a label"),
        ({"labels": ["oak", "be\ud800ech"]}, "found a control character in a label"),
        ({"labels": "oak"}, "found labels 'oak' in the card, wanted a list"),
        ({"task": "count"}, "found task 'count', wanted 'classify' or 'segment'; upgrade"),
        ({"input": {**golden_card()["input"], "kind": "smell"}}, "kind 'smell', wanted 'picture' or 'series'; upgrade"),
        ({"input": {**golden_card()["input"], "crop": "none"}}, "found crop 'none' in the card's input"),
        ({"input": {**golden_card()["input"], "fingerprint": "0"}}, "found fingerprint '0'"),
        ({"input": {"size": 300, "resize": 200}}, "found size 300 and resize 200"),
        ({"self_test": [3]}, "found a self-test case 3"),
        ({"self_test": [{"seed": 1, "pixels_sha256": "", "scores": [1]}]}, "found 1 self-test scores, wanted 2"),
        ({"output": {"step": True}}, "found step True in the card, wanted a number"),
    ],
)  # fmt: skip
def test_a_wrong_card_is_refused_with_its_fault(changes: dict[str, object], words: str) -> None:
    with pytest.raises(ArtefactError, match=words):
        read_whole(golden_card(**changes))


@pytest.mark.parametrize(("text", "words"), [("{", "not JSON"), ("[]", "no JSON object"), ("[" * 100_000, "not JSON")])
def test_a_card_that_is_no_json_object_is_refused(text: str, words: str) -> None:
    with pytest.raises(ArtefactError, match=words):
        Card.from_json(text, "leaf")


def test_another_kind_of_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model.pt").write_bytes(b"\x01\x02")
    with pytest.raises(ArtefactError, match=r"model.pt: found another kind of file, wanted a .tflite or .onnx model"):
        read_card(tmp_path / "model.pt")
    with pytest.raises(ArtefactError, match=r"none.onnx: No such file or directory"):
        read_card(tmp_path / "none.onnx")
    (tmp_path / "other.tflite").write_bytes(b"\x01\x02" * 20)
    with pytest.raises(ArtefactError, match=r"broken model file \(it is no TFLite flatbuffer\)"):
        read_card(tmp_path / "other.tflite")
    (tmp_path / "empty.onnx").write_bytes(b"\x08\x0a")
    with pytest.raises(ArtefactError, match=r"broken model file \(it holds no ONNX graph\)"):
        read_card(tmp_path / "empty.onnx")
