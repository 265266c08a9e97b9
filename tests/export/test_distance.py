"""The output that tells how far a picture lies from the training pictures."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import numpy as np
import pytest

from export_networks import LABELS, SIZE, checkpoint_of
from ressq_export.abstention import choose_limit
from ressq_export.convert import KINDS, Converted
from ressq_export.distance import COMPONENTS, DISTANCE, add_distance, measure_onnx
from ressq_export.errors import ConversionError
from ressq_export.metadata import add_metadata
from ressq_runtime.classify import Classifier
from ressq_runtime.engines import load_engine
from ressq_runtime.engines.interpreter import open_litert_interpreter

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def extended(converted: Converted, pixels: list[bytes], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The four model files with the second output."""
    folder = tmp_path_factory.mktemp("extended")
    paths = {kind: folder / path.name for kind, path in converted.paths.items()}
    for kind, path in converted.paths.items():
        shutil.copy(path, paths[kind])
    add_distance(paths.values(), pixels, SIZE)
    return paths


def by_torch(pixels: bytes, seen: list[bytes]) -> float:
    """The distance as its definition says, by the trained network itself."""
    import torch

    checkpoint = checkpoint_of()
    model, mean, std = checkpoint.build(), checkpoint.normalise.mean, checkpoint.normalise.std
    layers = [*model.features.fires()]
    fire6 = next(fire for name, fire in layers if name == "fire6")
    kept: list[np.ndarray] = []
    fire6.register_forward_hook(lambda _m, _i, output: kept.append(output.mean((2, 3))[0].double().numpy()))
    for picture in [*seen, pixels]:
        array = torch.frombuffer(bytearray(picture), dtype=torch.uint8).view(1, SIZE, SIZE, 3).permute(0, 3, 1, 2) / 255
        with torch.no_grad():
            model((array - torch.tensor(mean).view(1, 3, 1, 1)) / torch.tensor(std).view(1, 3, 1, 1))
    typical, found = np.array(kept[:-1]), kept[-1]
    centre = typical.mean(0)
    _, vectors = np.linalg.eigh((typical - centre).T @ (typical - centre))
    rest = vectors[:, :-COMPONENTS]  # eigh sorts upwards: what is left beside the largest
    usual = (((typical - centre) @ rest) ** 2).sum(1).mean()
    return float((((found - centre) @ rest) ** 2).sum() / usual)


@pytest.mark.parametrize("kind", KINDS)
def test_every_file_gives_the_distance_that_the_definition_says(
    extended: dict[str, Path], pixels: list[bytes], kind: str
) -> None:
    strange = bytes(range(256)) * (SIZE * SIZE * 3 // 256)
    engine = load_engine(str(extended[kind]))
    engine.run(strange)
    (found,) = engine.read(DISTANCE) or ()
    # int8 clips what lies beyond the calibration pictures' ranges, and this lies far beyond
    assert found == pytest.approx(by_torch(strange, pixels), rel=0.5 if kind.startswith("int8") else 0.01)
    assert found > 2
    assert engine.read("features") is None


@pytest.mark.parametrize("kind", KINDS)
def test_the_scores_are_those_without_the_output(
    extended: dict[str, Path], converted: Converted, pixels: list[bytes], kind: str
) -> None:
    before, after = load_engine(str(converted.paths[kind])), load_engine(str(extended[kind]))
    for picture in pixels[:4]:
        assert after.run(picture) == before.run(picture)


@pytest.mark.parametrize("kind", ["fp32.tflite", "int8.tflite"])
def test_the_interpreter_reads_what_the_c_api_reads(extended: dict[str, Path], pixels: list[bytes], kind: str) -> None:
    fast, other = load_engine(str(extended[kind])), open_litert_interpreter(str(extended[kind]), 1)
    assert other is not None
    for picture in pixels[:4]:
        assert fast.run(picture) == other.run(picture)
        assert fast.read(DISTANCE) == other.read(DISTANCE)
    assert other.read("features") is None


@pytest.mark.parametrize("kind", KINDS)
def test_the_calibration_pictures_lie_at_one_on_average_by_each_files_own_features(
    extended: dict[str, Path], pixels: list[bytes], kind: str
) -> None:
    engine, found = load_engine(str(extended[kind])), []
    for picture in pixels:
        engine.run(picture)
        found += engine.read(DISTANCE) or []
    assert np.mean(found) == pytest.approx(1, rel=0.01)


def test_equal_pictures_are_refused(converted: Converted, pixels: list[bytes]) -> None:
    with pytest.raises(ConversionError, match="found the same features in all pictures, wanted different pictures"):
        measure_onnx(converted.paths["fp32.onnx"], [pixels[0]] * 3, SIZE)


@pytest.mark.parametrize("kind", ["fp32.onnx", "fp32.tflite"])
def test_a_file_of_another_network_is_refused(
    converted: Converted, pixels: list[bytes], kind: str, tmp_path: Path
) -> None:
    other = tmp_path / kind
    other.write_bytes(converted.paths[kind].read_bytes().replace(b"fire6.concat", b"other.concat"))
    with pytest.raises(ConversionError, match="found no output of fire6, wanted a block of the network"):
        add_distance([other], pixels, SIZE)


def test_the_metadata_describes_both_outputs(extended: dict[str, Path]) -> None:
    model = add_metadata(extended["int8.tflite"].read_bytes(), "n", "a", SIZE)
    assert b"How far the picture lies" in model


@pytest.mark.parametrize("n", [20, 99, 341])
def test_the_limit_gives_as_many_false_alarms_as_allowed(n: int) -> None:
    distances = np.random.default_rng(0).exponential(1, n)
    found = choose_limit(distances)
    assert found is not None
    assert 0.05 - 1 / n < found.false_alarms <= 0.05
    assert found.false_alarms == (distances >= found.threshold).mean()


def test_too_few_pictures_and_equal_ones_raise_no_alarm() -> None:
    assert choose_limit(np.arange(19.0)) is None
    found = choose_limit(np.ones(100))
    assert found is not None
    assert found.false_alarms == 0


def test_a_lively_run_of_few_pictures_has_the_output_and_no_limit(
    exported: dict[str, Path], pixels: list[bytes]
) -> None:
    for path in exported.values():
        classifier = Classifier.load(path)
        assert classifier.card is not None
        assert "unlike" not in classifier.card.data
        classifier.scores(pixels[0])
        distance = classifier.distance()
        assert distance is not None
        assert classifier.rank([0.5, 0.3, 0.2], 3, distance).unlike is None
        assert len(classifier.labels) == len(LABELS)
