"""The checkpoint's network in its four forms, without cards, each compared with the one before it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import onnx
import torch

from ressq_edge.network.arch import count_parameters, multiply_adds_of
from ressq_edge.network.checkpoint import Checkpoint
from ressq_export import onnx_int8, tflite_int8
from ressq_export.bench import FORMATS, Bench
from ressq_export.bypasses import Bare, leave_out
from ressq_export.chatter import Log
from ressq_export.errors import SeamError
from ressq_export.evaluation import Scorer, torch_scorer
from ressq_export.gate import Gate
from ressq_export.halves import Halves, compare_halves
from ressq_export.ladder import Remedies, climb
from ressq_export.network import DeployedNetwork, deploy
from ressq_export.onnx_fp32 import export_onnx
from ressq_export.parity import (
    Logits,
    Seam,
    centred_logits,
    check_float_seam,
    check_spread,
    compare,
    tell_int8,
)
from ressq_export.progress import Screen
from ressq_export.ranges import Ranges
from ressq_export.tflite_fp32 import convert_to_tflite
from ressq_runtime.engines import load_engine

KINDS = ("fp32.onnx", "int8.onnx", "fp32.tflite", "int8.tflite")
FLOATS = ("fp32.onnx", "fp32.tflite")  # what is published where int8 is refused
# Pictures that each seam is checked on; the calibration set begins with the classes in turn.
PARITY_COUNT = 32


@dataclass(frozen=True)
class Pictures:
    """What a conversion is told by.

    calibration: uint8 RGB pixels of training pictures, classes in turn: the int8 ranges come from them.
    training: training pictures for fine-tuning, classes in turn.
    halves: the calibration pictures as two lists, each class in both; empty where they are too few.
    """

    calibration: Sequence[bytes]
    training: Sequence[Path]
    halves: Sequence[Sequence[bytes]] = ()


@dataclass(frozen=True)
class Converted:
    """What `convert` made.

    paths: the model files by kind.
    steps: how far one int8 step moves a logit, by kind; 0 for fp32.
    seams: how far apart neighbouring stages are.
    parameters, multiply_adds: of the deployed network.
    remedies: how int8 came to its accuracy.
    ranges: of the activations in both int8 files, by place.
    mended: the float `.tflite` that int8.tflite was quantised from: fp32.tflite, or what the remedies made of it.
    halves: what the choice of calibration pictures does; None where they are too few.
    left_out: bypasses too small for int8, and how many of its steps each moves a value at most.
    """

    paths: dict[str, Path]
    steps: dict[str, float]
    seams: tuple[Seam, ...]
    parameters: int
    multiply_adds: int
    remedies: Remedies
    ranges: Ranges
    mended: Path
    halves: Halves | None
    left_out: Mapping[str, float]

    @property
    def published(self) -> tuple[str, ...]:
        """The kinds that may be given to a user."""
        return FLOATS if self.remedies.refused else KINDS


def convert(
    checkpoint: Checkpoint,
    temperature: float,
    pictures: Pictures,
    gate: Gate,
    folder: Path,
    log: Log,
    screen: Screen,
) -> Converted:
    """Write the four files into `folder` and check every seam between them.

    Args:
        checkpoint: what to convert.
        temperature: divides the logits.
        pictures: to calibrate and to fine-tune on.
        gate: what int8 may lose.
        folder: for the files.
        log: takes what converters print.
        screen: shows how far it is.

    Raises:
        ConversionError: a converter failed.
        SeamError: a stage answers something else than the one before.
        CalibrationError: the pictures give no ranges.
        ExportError, PictureError: a picture cannot be read.
    """
    seen = pictures.calibration[:PARITY_COUNT]
    bare = leave_out(checkpoint, pictures.calibration, screen)
    network, paths, seams, wanted = _convert_float(checkpoint, bare, temperature, seen, folder, log, screen)
    bench = Bench(network, pictures.calibration, pictures.training, checkpoint.pixels, folder, log)
    bench.register(network, {kind: paths[f"fp32.{kind}"] for kind in FORMATS})
    climbed = climb(bench, gate.judge(paths["fp32.onnx"], screen), gate.max_drop, screen)
    remedies = gate.check(climbed)
    paths = {kind: {**paths, **climbed.paths}[kind] for kind in KINDS}
    for suffix in FORMATS:
        int8 = _file_logits(paths[f"int8.{suffix}"], seen)
        seams.append(compare(f"fp32.{suffix} -> int8.{suffix}", wanted, int8))
    if not remedies.refused:  # also with --allow-drop: a scale that is plainly wrong is no drop
        remedies = replace(remedies, refused=tell_int8(seams[-len(FORMATS) :]))
    pixels = torch.zeros((1, checkpoint.pixels.size, checkpoint.pixels.size, 3), dtype=torch.uint8)
    costs = count_parameters(network), multiply_adds_of(network, pixels)
    mended = bench.float_file(climbed.candidate.networks["tflite"], "tflite")
    halves = compare_halves(climbed.candidate, bench, pictures.halves, gate, screen)
    ranges, left_out = climbed.candidate.ranges, bare.left_out
    return Converted(paths, _steps(paths), tuple(seams), *costs, remedies, ranges, mended, halves, left_out)


def _convert_float(
    checkpoint: Checkpoint,
    bare: Bare,
    temperature: float,
    seen: Sequence[bytes],
    folder: Path,
    log: Log,
    screen: Screen,
) -> tuple[DeployedNetwork, dict[str, Path], list[Seam], Logits]:
    """The deployed network, its two float files by kind, their seams, and the ONNX file's logits of `seen`."""
    size = checkpoint.pixels.size
    paths = {f"fp32.{kind}": folder / f"fp32.{kind}" for kind in FORMATS}
    screen.stage("fold")
    trained = _logits(torch_scorer(checkpoint, temperature), seen)
    check_spread(trained)
    wanted, seams = trained, []
    if bare.left_out:
        wanted = _logits(torch_scorer(checkpoint, temperature, bare.model), seen)
        seams.append(compare(f"torch -> torch without the bypass of {', '.join(bare.left_out)}", trained, wanted))
    normalise = checkpoint.normalise
    network = deploy(bare.model, normalise.mean, normalise.std, temperature)
    seams.append(_check_float("torch -> folded", wanted, _logits(network_scorer(network, size), seen), log))
    screen.stage("ONNX fp32")
    export_onnx(network, size, paths["fp32.onnx"], log)
    found = _file_logits(paths["fp32.onnx"], seen)
    seams.append(_check_float("torch -> fp32.onnx", wanted, found, log))
    screen.stage("TFLite fp32")
    convert_to_tflite(paths["fp32.onnx"], paths["fp32.tflite"], log)
    seams.append(_check_float("fp32.onnx -> fp32.tflite", found, _file_logits(paths["fp32.tflite"], seen), log))
    return network, paths, seams, found


def _check_float(name: str, wanted: Logits, found: Logits, log: Log) -> Seam:
    try:
        return check_float_seam(name, wanted, found)
    except SeamError as error:
        raise SeamError(f"{error}; report this with {log.keep()}") from error


def _steps(paths: dict[str, Path]) -> dict[str, float]:
    steps = dict.fromkeys(KINDS, 0.0)
    steps["int8.tflite"] = tflite_int8.logit_step(paths["int8.tflite"].read_bytes())
    steps["int8.onnx"] = onnx_int8.logit_step(onnx.load(paths["int8.onnx"]))
    return steps


def _logits(score: Scorer, pixels: Sequence[bytes]) -> Logits:
    return centred_logits(score(picture) for picture in pixels)


def _file_logits(path: Path, pixels: Sequence[bytes]) -> Logits:
    engine = load_engine(str(path))
    try:
        return _logits(engine.run, pixels)
    finally:
        engine.close()


def network_scorer(network: DeployedNetwork, size: int) -> Scorer:
    """The deployed network in PyTorch: pixels -> scores."""

    def score(pixels: bytes) -> list[float]:
        array = torch.frombuffer(bytearray(pixels), dtype=torch.uint8).view(1, size, size, 3)
        with torch.inference_mode():
            found: list[float] = network(array)[0].tolist()
        return found

    return score
