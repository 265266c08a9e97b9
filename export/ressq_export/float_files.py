"""The float network of a checkpoint as ONNX and as TFLite, each compared with the form before it."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ressq_edge.network.arch import head_name
from ressq_edge.network.checkpoint import Checkpoint
from ressq_export.errors import ParityError
from ressq_export.formats.converter_log import Log
from ressq_export.formats.onnx_fp32 import export_onnx
from ressq_export.formats.tflite_fp32 import convert_to_tflite
from ressq_export.measurement.learned import check_moved
from ressq_export.measurement.scores import torch_logits
from ressq_export.measurement.stage_comparison import (
    Answers,
    StageComparison,
    centred_logits,
    check_float_answers,
    check_trained,
    compare,
)
from ressq_export.network.deploy import deploy_trained
from ressq_export.network.deployed import Deployed
from ressq_export.network.deployed_segmentation import answer_pixels
from ressq_export.network.input_tensor import Spec, input_tensor
from ressq_export.network.tensor_names import CLASSES, OUTPUT
from ressq_export.progress import Screen
from ressq_export.quantization.bypasses import Bare
from ressq_export.quantization.quantizer import FORMATS
from ressq_runtime.engines import load_engine

# Pixels -> the outputs of a stage by their names, channels last, for one picture.
Stage = Callable[[bytes], Mapping[str, NDArray[Any]]]


def convert_floats(
    checkpoint: Checkpoint,
    bare: Bare,
    temperature: float,
    seen: Sequence[bytes],
    folder: Path,
    log: Log,
    screen: Screen,
) -> tuple[Deployed, dict[str, Path], list[StageComparison], Answers]:
    """The deployed network, its two float files by kind, their comparisons, and the ONNX file's answers to `seen`.

    Raises:
        ConversionError: a converter failed.
        ParityError: a form answers something else than the one before.
    """
    paths = {f"fp32.{kind}": folder / f"fp32.{kind}" for kind in FORMATS}
    screen.stage("fold")
    trained = _answers(_trained_stage(checkpoint, temperature), seen)
    check_trained(trained)
    last = head_name(bare.model)
    check_moved(checkpoint.weights[f"{last}.bias"], last)
    wanted, comparisons = trained, []
    if bare.left_out:
        wanted = _answers(_trained_stage(checkpoint, temperature, bare.model), seen)
        name = f"torch -> torch without the bypass of {', '.join(bare.left_out)}"
        comparisons.append(compare(name, trained.logits, wanted.logits))
    normalise = checkpoint.normalise
    network = deploy_trained(bare.model, normalise.mean, normalise.std, temperature)
    folded = _answers(_deployed_stage(network, checkpoint.input), seen)
    comparisons.append(_check_float("torch -> folded", wanted, folded, log))
    screen.stage("ONNX fp32")
    export_onnx(network, checkpoint.input, paths["fp32.onnx"], log)
    found = file_answers(paths["fp32.onnx"], seen)
    comparisons.append(_check_float("torch -> fp32.onnx", wanted, found, log))
    screen.stage("TFLite fp32")
    convert_to_tflite(paths["fp32.onnx"], paths["fp32.tflite"], log)
    comparisons.append(_check_float("fp32.onnx -> fp32.tflite", found, file_answers(paths["fp32.tflite"], seen), log))
    return network, paths, comparisons, found


def _check_float(name: str, wanted: Answers, found: Answers, log: Log) -> StageComparison:
    try:
        return check_float_answers(name, wanted, found)
    except ParityError as error:
        raise ParityError(f"{error}; report this with {log.keep()}") from error


def _answers(stage: Stage, pixels: Sequence[bytes]) -> Answers:
    outputs = [stage(picture) for picture in pixels]
    logits = centred_logits(np.concatenate([found[OUTPUT].reshape(-1, found[OUTPUT].shape[-1]) for found in outputs]))
    maps = np.concatenate([found[CLASSES] for found in outputs]) if CLASSES in outputs[0] else None
    return Answers(logits, maps)


def file_answers(path: Path, pixels: Sequence[bytes]) -> Answers:
    """What a model file makes of pixels."""
    engine = load_engine(str(path))

    def stage(picture: bytes) -> Mapping[str, NDArray[Any]]:
        found = engine.run(picture).values()
        return {tensor.name: np.frombuffer(tensor.data, tensor.dtype).reshape(tensor.shape) for tensor in found}

    try:
        return _answers(stage, pixels)
    finally:
        engine.close()


def _trained_stage(checkpoint: Checkpoint, temperature: float, network: nn.Module | None = None) -> Stage:
    """The trained network itself, or another that takes its pictures."""
    compute, taken = torch_logits(checkpoint, network), input_tensor(checkpoint.input)

    def stage(picture: bytes) -> Mapping[str, NDArray[Any]]:
        logits = compute(picture) / temperature
        if logits.dim() == 2:
            return _to_arrays([OUTPUT], [logits.softmax(1)])
        return _to_arrays([CLASSES, OUTPUT], answer_pixels(logits, taken.shape[1:3]))

    return stage


def _deployed_stage(network: Deployed, spec: Spec) -> Stage:
    """The deployed network in PyTorch."""
    taken = input_tensor(spec)

    def stage(picture: bytes) -> Mapping[str, NDArray[Any]]:
        with torch.inference_mode():
            found = network(taken.batch([picture]))
        return _to_arrays(network.outputs, found if isinstance(found, tuple) else [found])

    return stage


def _to_arrays(names: Sequence[str], outputs: Sequence[Tensor]) -> dict[str, NDArray[Any]]:
    return {name: output.numpy() for name, output in zip(names, outputs, strict=True)}
