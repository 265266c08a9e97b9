"""The checkpoint's network in its four forms, without cards, each compared with the one before it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import onnx

from ressq_edge.network.arch import count_parameters, multiply_adds_of
from ressq_edge.network.checkpoint import Checkpoint
from ressq_export.float_files import convert_floats, file_answers
from ressq_export.formats import onnx_int8, tflite_int8
from ressq_export.formats.converter_log import Log
from ressq_export.measurement.stage_comparison import StageComparison, compare
from ressq_export.network.input_tensor import input_tensor
from ressq_export.network.ranges import Ranges
from ressq_export.progress import Screen
from ressq_export.quantization.bypasses import leave_out
from ressq_export.quantization.calibration_coverage import tell_unlike
from ressq_export.quantization.calibration_stability import CalibrationStability, measure_stability
from ressq_export.quantization.gate import Gate, beside_usual
from ressq_export.quantization.quantizer import FORMATS, Candidate, Quantizer
from ressq_export.quantization.search import Int8Recipe, SearchResult, search_steps
from ressq_export.quantization.steps.min_max import take_min_max

KINDS = ("fp32.onnx", "int8.onnx", "fp32.tflite", "int8.tflite")
FLOATS = ("fp32.onnx", "fp32.tflite")  # what is published where int8 is refused
# Training pictures that each stage is compared on; they begin with the classes in turn.
PARITY_COUNT = 32


@dataclass(frozen=True)
class Pictures:
    """What a conversion is told by.

    calibration: uint8 RGB pixels: the int8 ranges come from them.
    training: training pictures for fine-tuning, classes in turn.
    halves: the calibration pictures as two lists, each class in both; empty where they are too few.
    others: pixels of training pictures, classes in turn, where --calibration named others to calibrate on.
    mixed: likewise, the classes as often as they come.
    """

    calibration: Sequence[bytes]
    training: Sequence[Path]
    halves: Sequence[Sequence[bytes]] = ()
    others: Sequence[bytes] = ()
    mixed: Sequence[bytes] = ()

    @property
    def usual(self) -> Sequence[bytes]:
        """Training pictures, whatever was calibrated on."""
        return self.others or self.calibration


@dataclass(frozen=True)
class Converted:
    """What `convert` made.

    paths: the model files by kind.
    steps: how far one int8 step moves a logit, by kind; 0 for fp32.
    comparisons: how far apart neighbouring stages are.
    parameters, multiply_adds: of the deployed network.
    recipe: how int8 came to its accuracy.
    ranges: of the activations in both int8 files, by tensor.
    float_tflite: what int8.tflite was quantised from: fp32.tflite, or what the quantization steps made of it.
    stability: what the choice of calibration pictures does; None where they are too few.
    left_out: bypasses too small for int8, and how many of its steps each moves a value at most.
    unlike: what tells the calibration pictures from the training pictures, each as a clause about "them".
    """

    paths: dict[str, Path]
    steps: dict[str, float]
    comparisons: tuple[StageComparison, ...]
    parameters: int
    multiply_adds: int
    recipe: Int8Recipe
    ranges: Ranges
    float_tflite: Path
    stability: CalibrationStability | None
    left_out: Mapping[str, float]
    unlike: Sequence[str]

    @property
    def published(self) -> tuple[str, ...]:
        """The kinds that may be given to a user."""
        return FLOATS if self.recipe.verdict.refused else KINDS


def convert(
    checkpoint: Checkpoint,
    temperature: float,
    pictures: Pictures,
    gate: Gate,
    folder: Path,
    log: Log,
    screen: Screen,
) -> Converted:
    """Write the four files into `folder` and compare each stage with the one before.

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
        ParityError: a stage answers something else than the one before.
        CalibrationError: the pictures give no ranges.
        ExportError, PictureError: a picture cannot be read.
    """
    seen = pictures.usual[:PARITY_COUNT]
    bare = leave_out(checkpoint, pictures.usual, screen)
    network, paths, comparisons, wanted = convert_floats(checkpoint, bare, temperature, seen, folder, log, screen)
    quantizer = Quantizer(network, pictures.calibration, pictures.training, checkpoint.input, folder, log)
    quantizer.register(network, {kind: paths[f"fp32.{kind}"] for kind in FORMATS})
    found = _search(quantizer, pictures, gate, paths["fp32.onnx"], screen)
    beside = pictures.calibration, pictures.others, pictures.mixed
    unlike = tell_unlike(paths["fp32.onnx"], *beside, gate.task, input_tensor(gate.spec).shape[1])
    recipe = gate.check(found, unlike)
    paths = {kind: {**paths, **found.paths}[kind] for kind in KINDS}
    for suffix in FORMATS:
        found_logits = file_answers(paths[f"int8.{suffix}"], seen).logits
        comparisons.append(compare(f"fp32.{suffix} -> int8.{suffix}", wanted.logits, found_logits))
    costs = count_parameters(network), multiply_adds_of(network, input_tensor(checkpoint.input).example())
    float_tflite = quantizer.float_file(found.candidate.networks["tflite"], "tflite")
    stability = measure_stability(found.candidate, quantizer, pictures.halves, gate, screen)
    ranges, left_out = found.candidate.ranges, bare.left_out
    return Converted(
        paths, _steps(paths), tuple(comparisons), *costs, recipe, ranges, float_tflite, stability, left_out, unlike
    )


def _search(quantizer: Quantizer, pictures: Pictures, gate: Gate, reference: Path, screen: Screen) -> SearchResult:
    """The search; where others were calibrated on, beside files with ranges from training pictures."""
    judge = gate.judge(reference, screen)
    if pictures.others:
        screen.stage("ranges from training pictures")
        usual = replace(quantizer, calibration=pictures.others)
        judge = beside_usual(
            judge, usual.quantise(take_min_max(Candidate(dict.fromkeys(FORMATS, quantizer.original), {}), usual))
        )
    return search_steps(quantizer, judge, gate.max_drop, screen)


def _steps(paths: dict[str, Path]) -> dict[str, float]:
    steps = dict.fromkeys(KINDS, 0.0)
    steps["int8.tflite"] = tflite_int8.logit_step(paths["int8.tflite"].read_bytes())
    steps["int8.onnx"] = onnx_int8.logit_step(onnx.load(paths["int8.onnx"]))
    return steps
