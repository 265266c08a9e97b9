"""The float network of a checkpoint as ONNX and as TFLite, each compared with the form before it."""

from collections.abc import Sequence
from pathlib import Path

import torch

from ressq_edge.network.checkpoint import Checkpoint
from ressq_export.errors import ParityError
from ressq_export.formats.converter_log import Log
from ressq_export.formats.onnx_fp32 import export_onnx
from ressq_export.formats.tflite_fp32 import convert_to_tflite
from ressq_export.measurement.scores import Scorer, scorer_of, torch_scorer
from ressq_export.measurement.stage_comparison import (
    Logits,
    StageComparison,
    centred_logits,
    check_float_stages,
    check_spread,
    compare,
)
from ressq_export.network.deployed import DeployedNetwork, deploy
from ressq_export.progress import Screen
from ressq_export.quantization.bypasses import Bare
from ressq_export.quantization.quantizer import FORMATS
from ressq_runtime.engines import load_engine


def convert_floats(
    checkpoint: Checkpoint,
    bare: Bare,
    temperature: float,
    seen: Sequence[bytes],
    folder: Path,
    log: Log,
    screen: Screen,
) -> tuple[DeployedNetwork, dict[str, Path], list[StageComparison], Logits]:
    """The deployed network, its two float files by kind, their comparisons, and the ONNX file's logits of `seen`.

    Raises:
        ConversionError: a converter failed.
        ParityError: a form answers something else than the one before.
    """
    size = checkpoint.pixels.height
    paths = {f"fp32.{kind}": folder / f"fp32.{kind}" for kind in FORMATS}
    screen.stage("fold")
    trained = _logits(torch_scorer(checkpoint, temperature), seen)
    check_spread(trained)
    wanted, comparisons = trained, []
    if bare.left_out:
        wanted = _logits(torch_scorer(checkpoint, temperature, bare.model), seen)
        comparisons.append(compare(f"torch -> torch without the bypass of {', '.join(bare.left_out)}", trained, wanted))
    normalise = checkpoint.normalise
    network = deploy(bare.model, normalise.mean, normalise.std, temperature)
    comparisons.append(_check_float("torch -> folded", wanted, _logits(_network_scorer(network, size), seen), log))
    screen.stage("ONNX fp32")
    export_onnx(network, size, paths["fp32.onnx"], log)
    found = file_logits(paths["fp32.onnx"], seen)
    comparisons.append(_check_float("torch -> fp32.onnx", wanted, found, log))
    screen.stage("TFLite fp32")
    convert_to_tflite(paths["fp32.onnx"], paths["fp32.tflite"], log)
    comparisons.append(_check_float("fp32.onnx -> fp32.tflite", found, file_logits(paths["fp32.tflite"], seen), log))
    return network, paths, comparisons, found


def _check_float(name: str, wanted: Logits, found: Logits, log: Log) -> StageComparison:
    try:
        return check_float_stages(name, wanted, found)
    except ParityError as error:
        raise ParityError(f"{error}; report this with {log.keep()}") from error


def _logits(score: Scorer, pixels: Sequence[bytes]) -> Logits:
    return centred_logits(score(picture) for picture in pixels)


def file_logits(path: Path, pixels: Sequence[bytes]) -> Logits:
    """What a model file makes of pixels, centred."""
    engine = load_engine(str(path))
    try:
        return _logits(scorer_of(engine), pixels)
    finally:
        engine.close()


def _network_scorer(network: DeployedNetwork, size: int) -> Scorer:
    """The deployed network in PyTorch: pixels -> scores."""

    def score(pixels: bytes) -> list[float]:
        array = torch.frombuffer(bytearray(pixels), dtype=torch.uint8).view(1, size, size, 3)
        with torch.inference_mode():
            found: list[float] = network(array)[0].tolist()
        return found

    return score
