"""What an artefact says of itself: the card (docs/artefact.md) and the keys other ONNX tools read."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version

import onnx

import ressq_edge
import ressq_runtime
from ressq_edge.network.checkpoint import Checkpoint
from ressq_export.inputs import open_input
from ressq_export.measurement.abstention import OutOfDistribution
from ressq_export.quantization.calibration import CalibrationSet
from ressq_export.quantization.search import Int8Recipe
from ressq_export.tasks import open_task
from ressq_runtime.artefact.card import FORMAT, OUT_OF_DISTRIBUTION

_OURS = {"ressq-edge": ressq_edge.__version__, "ressq-runtime": ressq_runtime.__version__}
_PACKAGES = ("torch", "onnx")
_CONVERTERS = {
    "fp32.onnx": (),
    "int8.onnx": ("onnxruntime",),
    "fp32.tflite": ("onnx2tf",),
    "int8.tflite": ("onnx2tf", "ai-edge-quantizer"),
}


@dataclass(frozen=True)
class Description:
    """What all four files have in common.

    name: the NAME of the file names.
    about: free text.
    checkpoint: what was trained.
    checkpoint_sha256: of the file it was read from; tells whether an artefact is of this run.
    parameters: learned values in the deployed network.
    multiply_adds: of one inference, in the deployed network.
    temperature: divides the logits.
    calibration: what the int8 ranges were taken from.
    recipe: how int8 came to its accuracy.
    left_out: bypasses too small for int8, and how many of its steps each moves a value at most.
    """

    name: str
    about: str
    checkpoint: Checkpoint
    checkpoint_sha256: str
    parameters: int
    multiply_adds: int
    temperature: float
    calibration: CalibrationSet
    recipe: Int8Recipe
    left_out: Mapping[str, float] = field(default_factory=dict)


def make_card(
    about: Description,
    kind: str,
    step: float,
    answers: Mapping[str, object],
    limit: OutOfDistribution | None,
    self_test: list[dict[str, object]],
) -> dict[str, object]:
    """The card of one file, all keys but `sha256`.

    Args:
        about: what all files share.
        kind: "fp32.onnx", "int8.onnx", "fp32.tflite" or "int8.tflite".
        step: how far one int8 step moves a logit; 0 for fp32.
        answers: what the task says of this very file's, on the validation split.
        limit: of the out-of-distribution score, on the same pictures; None where they are too few.
        self_test: golden cases.
    """
    model = about.checkpoint.model
    return {
        "format": FORMAT,
        "name": about.name,
        "about": about.about,
        **open_task(about.checkpoint).describe_card(),
        "created": today(),
        "model": {
            "arch": model.arch,
            "bypass": model.bypass,
            **({"head": model.head, "head_width": model.width} if model.head else {}),
            **({"depth": model.series.depth, "width": model.series.width} if model.series else {}),
            "parameters": about.parameters,
            "multiply_adds": about.multiply_adds,
            "checkpoint_sha256": about.checkpoint_sha256,
            "left_out": round_steps(about.left_out),
        },
        "input": about.checkpoint.input.to_json(),
        "output": {"activation": "softmax", "temperature": about.temperature, "step": step},
        "precision": _precision(kind),
        "quantization": about.recipe.to_json(kind) if kind.startswith("int8") else None,
        "calibration": about.calibration.to_json() if kind.startswith("int8") else None,
        **answers,
        **({OUT_OF_DISTRIBUTION: limit.to_json("val")} if limit else {}),
        "versions": tool_versions(kind),
        "self_test": self_test,
    }


def round_steps(left_out: Mapping[str, float]) -> dict[str, float]:
    """The card's `model.left_out`, rounded to 6 digits."""
    return {name: round(steps, 6) for name, steps in left_out.items()}


def _precision(kind: str) -> dict[str, object]:
    if kind.startswith("fp32"):
        return {"scheme": "fp32", "weights": "float32", "activations": "float32", "quantizer": "none"}
    # ONNX Runtime's reduce_range leaves int8 weights 7 of their bits
    onnx_file = kind.endswith("onnx")
    quantizer = _CONVERTERS[kind][-1]
    return {
        "scheme": "int8 static per-channel",
        "weights": f"int8 symmetric per-channel{', 7 bits used' if onnx_file else ''}",
        "activations": f"{'uint8' if onnx_file else 'int8'} asymmetric per-tensor",
        "quantizer": f"{quantizer} {version(quantizer)}",
    }


def tool_versions(kind: str) -> dict[str, str]:
    """Version of each package that had a hand in a file of this kind."""
    return {**_OURS, **{name: version(name) for name in (*_PACKAGES, *_CONVERTERS[kind])}}


def today() -> str:
    """The UTC date, YYYY-MM-DD."""
    return datetime.now(UTC).date().isoformat()


def add_properties(model: onnx.ModelProto, about: Description) -> None:
    """Set the metadata_props that Ultralytics' tools and Netron read."""
    properties: Mapping[str, str] = {
        "description": about.about or f"{about.name}: {about.checkpoint.model.arch}",
        "author": "ressq-export",
        "date": today(),
        "version": ressq_edge.__version__,
        "license": "see description",
        **open_task(about.checkpoint).describe_onnx(),
        **open_input(about.checkpoint.input).describe_onnx(),
    }
    onnx.helper.set_model_props(model, dict(properties))
