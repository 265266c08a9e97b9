"""The output that tells how far a picture lies from the training pictures."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import numpy as np
import pytest

from export_networks import LABELS, SIZE, checkpoint_of, drawn_pixels
from ressq_export.convert import KINDS, Converted
from ressq_export.errors import ConversionError
from ressq_export.formats.metadata import add_metadata
from ressq_export.measurement.abstention import choose_limit
from ressq_export.network.deployed import SCORED_TENSORS
from ressq_export.out_of_distribution.score import add_score
from ressq_export.out_of_distribution.training_statistics import COMPONENTS, SHRINKAGE
from ressq_runtime.artefact.card import OUT_OF_DISTRIBUTION
from ressq_runtime.classifier import Classifier
from ressq_runtime.engines import load_engine
from ressq_runtime.engines.interpreter import open_litert_interpreter

if TYPE_CHECKING:
    from pathlib import Path

PLACES = SCORED_TENSORS["ressqueezenet1_1"]
GREY = bytes(range(256)) * (SIZE * SIZE * 3 // 256)
HELD = drawn_pixels(73)[25:]
UNSEEN = drawn_pixels(25)[24]


@pytest.fixture(scope="module")
def extended(converted: Converted, pixels: list[bytes], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The four model files with the second output."""
    folder = tmp_path_factory.mktemp("extended")
    paths = {kind: folder / path.name for kind, path in converted.paths.items()}
    for kind, path in converted.paths.items():
        shutil.copy(path, paths[kind])
    add_score(paths.values(), pixels, HELD, PLACES)
    return paths


def features_by_torch(pixels: bytes) -> tuple[np.ndarray, np.ndarray]:
    """Look and content as their definitions say, by the trained network itself."""
    import torch
    from torch.nn.functional import avg_pool2d

    checkpoint = checkpoint_of()
    model, mean, std = checkpoint.build(), checkpoint.normalise.mean, checkpoint.normalise.std
    kept: list[torch.Tensor] = []
    for place in (model.features[8], model.features):  # pooled behind fire5; what the last layer takes
        place.register_forward_hook(lambda _m, _i, output: kept.append(output))
    array = torch.frombuffer(bytearray(pixels), dtype=torch.uint8).view(1, SIZE, SIZE, 3).permute(0, 3, 1, 2).float()
    with torch.no_grad():
        model((array / 255 - torch.tensor(mean).view(1, 3, 1, 1)) / torch.tensor(std).view(1, 3, 1, 1))
    corners = {(y, x): array[..., y::8, x::8].mean(1, keepdim=True) for y in (0, 1) for x in (0, 1)}
    flat = avg_pool2d(array, 2, 2)[..., ::4, ::4]
    across = (corners[0, 0] + corners[1, 0] - corners[0, 1] - corners[1, 1]) / 2
    down = (corners[0, 0] + corners[0, 1] - corners[1, 0] - corners[1, 1]) / 2
    crossed = (corners[0, 0] + corners[1, 1] - corners[1, 0] - corners[0, 1]) / 2
    seen = torch.cat([flat, 255 - flat, flat - flat[:, [1, 2, 0]], across, down, crossed], 1)
    look = np.concatenate([(x.double() ** 2).mean((2, 3))[0].numpy() for x in (seen, kept[0])])
    return look, kept[1].double().mean((2, 3))[0].numpy()


def mahalanobis(known: np.ndarray, found: np.ndarray) -> np.ndarray:
    """Distances of the rows of `found`, the smaller components with one variance; those of `known` are 1 on average."""
    spread, directions = np.linalg.eigh(np.cov(known.T, bias=True))
    kept = min(COMPONENTS, len(known) // 4, len(spread) // 2)
    shrunk = SHRINKAGE * spread.mean() + (1 - SHRINKAGE) * spread
    shrunk[:-kept] = shrunk[:-kept].mean()  # eigh sorts upwards
    own, far = ((((x - known.mean(0)) @ directions) ** 2 / shrunk).sum(1) for x in (known, found))
    return far / own.mean()


def by_torch(pixels: bytes, seen: list[bytes]) -> float:
    """The distance as its definition says: the larger of two, in units of what few unseen pictures have."""
    known, found = ([features_by_torch(p) for p in pictures] for pictures in (seen, [*HELD, pixels]))
    (known_look, known_content), (look, content) = (map(np.array, zip(*rows, strict=True)) for rows in (known, found))
    silence = (0.05 * np.sqrt(known_look[:, 12:]).mean()) ** 2
    parts = [
        mahalanobis(np.log(known_look[:, part] + floor), np.log(look[:, part] + floor))
        for part, floor in ((slice(12), 1), (slice(12, None), silence))
    ]
    unit = [rows / np.linalg.norm(rows, axis=1, keepdims=True) for rows in (known_content, content)]
    far = np.array([np.mean(parts, 0), mahalanobis(*unit)])
    logs = np.log(far[:, :-1])
    return float((far[:, -1] / np.exp(logs.mean(1) + np.array([2.2, 1.75]) * logs.std(1))).max())


@pytest.mark.parametrize("kind", KINDS)
def test_every_file_gives_the_distance_that_the_definition_says(
    extended: dict[str, Path], pixels: list[bytes], kind: str
) -> None:
    engine = load_engine(str(extended[kind]))
    # Of the grey one the look says most, of the other one the content.
    for strange, least in ((GREY, 5), (UNSEEN, 0.2)):
        (found,) = engine.run(strange)[OUT_OF_DISTRIBUTION].values()
        # int8 clips what lies beyond the calibration pictures' ranges
        assert found == pytest.approx(by_torch(strange, pixels), rel=0.2 if kind.startswith("int8") else 0.001)
        assert found > least
    assert list(engine.run(strange)) == ["scores", OUT_OF_DISTRIBUTION]


@pytest.mark.parametrize("kind", KINDS)
def test_the_scores_are_those_without_the_output(
    extended: dict[str, Path], converted: Converted, pixels: list[bytes], kind: str
) -> None:
    before, after = load_engine(str(converted.paths[kind])), load_engine(str(extended[kind]))
    for picture in pixels[:4]:
        found, wanted = after.run(picture), before.run(picture)
        assert found["scores"].data == wanted["scores"].data


@pytest.mark.parametrize("kind", ["fp32.tflite", "int8.tflite"])
def test_the_interpreter_reads_what_the_c_api_reads(extended: dict[str, Path], pixels: list[bytes], kind: str) -> None:
    fast, other = load_engine(str(extended[kind])), open_litert_interpreter(str(extended[kind]), 1)
    assert other is not None
    for picture in pixels[:4]:
        ours, theirs = fast.run(picture), other.run(picture)
        assert {name: tensor.data for name, tensor in ours.items()} == {
            name: each.data for name, each in theirs.items()
        }
        assert list(ours) == ["scores", OUT_OF_DISTRIBUTION]


def measure(path: Path, pictures: list[bytes]) -> list[float]:
    engine, found = load_engine(str(path)), []
    for picture in pictures:
        found += engine.run(picture)[OUT_OF_DISTRIBUTION].values()
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_one_in_twenty_unseen_pictures_lies_beyond_one_by_each_files_own_features(
    extended: dict[str, Path], kind: str
) -> None:
    far = np.array(measure(extended[kind], HELD))
    assert 1 <= (far > 1).sum() <= 5, f"of {len(far)}, look and content together"


@pytest.mark.parametrize("kind", ["fp32.onnx", "fp32.tflite"])
def test_equal_pictures_are_refused(converted: Converted, pixels: list[bytes], kind: str, tmp_path: Path) -> None:
    copy = shutil.copy(converted.paths[kind], tmp_path / kind)
    with pytest.raises(ConversionError, match="found the same features in all pictures, wanted different pictures"):
        add_score([copy], [pixels[0]] * 20, HELD, PLACES)


@pytest.mark.parametrize("kind", ["fp32.onnx", "fp32.tflite"])
def test_a_file_of_another_network_is_refused(
    converted: Converted, pixels: list[bytes], kind: str, tmp_path: Path
) -> None:
    copy = shutil.copy(converted.paths[kind], tmp_path / kind)
    with pytest.raises(ConversionError, match="found no output of fire10, wanted a network with that module"):
        add_score([copy], pixels, HELD, ("fire10",))


@pytest.mark.parametrize("kind", KINDS)
def test_several_modules_may_be_looked_at(
    converted: Converted, extended: dict[str, Path], pixels: list[bytes], kind: str, tmp_path: Path
) -> None:
    copy = shutil.copy(converted.paths[kind], tmp_path / kind)
    add_score([copy], pixels, HELD, ("pool3", "fire6"))
    one, other = (np.array(measure(path, HELD)) for path in (copy, extended[kind]))
    assert 1 <= (one > 1).sum() <= 5
    assert not np.allclose(one, other)


def test_a_grey_picture_is_far_from_coloured_ones_and_a_coloured_one_from_grey_ones(
    converted: Converted, pixels: list[bytes], tmp_path: Path
) -> None:
    colours = [*pixels, *HELD]
    values = [np.frombuffer(p, np.uint8).reshape(-1, 3).mean(1).round().astype(np.uint8) for p in colours]
    greys = [np.repeat(picture, 3).tobytes() for picture in values]
    for seen, strange in ((colours, greys), (greys, colours)):
        copy = shutil.copy(converted.paths["int8.tflite"], tmp_path / "int8.tflite")
        add_score([copy], seen[:24], seen[24:48], PLACES)
        assert min(measure(copy, strange[48:])) > 1.5
        assert np.mean(measure(copy, seen[48:])) < 1


def test_the_metadata_describes_both_outputs(extended: dict[str, Path]) -> None:
    model = add_metadata(extended["int8.tflite"].read_bytes(), "n", "a")
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
        assert OUT_OF_DISTRIBUTION not in classifier.card.data
        classifier.scores(pixels[0])
        distance = classifier.out_of_distribution()
        assert distance is not None
        assert classifier.rank([0.5, 0.3, 0.2], 3, distance).out_of_distribution is None
        assert len(classifier.labels) == len(LABELS)
