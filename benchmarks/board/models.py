"""Networks with random weights, as the exporter makes them: what an inference costs hardly depends on the weights."""

from __future__ import annotations

import random
import tempfile
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from artefacts import ROOT
from ressq_runtime import read_card
from ressq_runtime.artefact.container import attach_card
from ressq_runtime.artefact.installed import BUILTIN

if TYPE_CHECKING:
    from ressq_edge.network.arch import ModelSpec

# The built-in network's, and ressq-train's default.
ARCHITECTURE = "ressqueezenet1_1"
FEATURES = 512  # that the last layer takes
_CALIBRATION_PICTURES = 4
_MEASURED = ("abstention", "out_of_distribution")  # of the built-in network: random weights have neither


def make_random(
    path: Path, classes: int | None = None, size: int | None = None, *, arch: str = ARCHITECTURE, plain: bool = False
) -> Path:
    """An artefact of what ressq-train begins with from random weights, kept until networks or exporter change.

    Args:
        path: ends in one of the four kinds, `int8.tflite` for instance.
        classes: None: the built-in network's, with its labels.
        size: side of the input in pixels; None: the built-in network's.
        arch: as ressq-train's.
        plain: the last layer before the mean, as a converter leaves it that nobody helps.
    """
    stamp = made_of()
    if path.exists() and (kept := read_card(str(path))) and kept.data.get("made_of") == stamp:
        return path
    from ressq_edge.network.arch import ModelSpec
    from ressq_edge.network.init import default_bypass, load_init
    from ressq_export.formats.converter_log import Log
    from ressq_runtime.inputs.picture_spec import PixelSpec

    card = read_card(BUILTIN)
    if card is None:
        raise SystemExit(f"{BUILTIN}: found a model without a card, wanted the built-in artefact")
    labels = list(card.labels) if classes is None else [f"class {index}" for index in range(classes)]
    spec = PixelSpec.from_json(card.input) if size is None else PixelSpec.for_size(size)
    model = ModelSpec(arch, default_bypass(arch, load_init("none", arch)), len(labels))
    with tempfile.TemporaryDirectory() as folder:
        content = _convert(path, model, spec.height, plain, Path(folder), Log(Path(folder, "log")))
        precision = card.data["precision"] if "int8" in path.name else {"scheme": "fp32"}
        known = {key: value for key, value in card.data.items() if key not in _MEASURED}
        about = {
            **known, "name": path.stem, "precision": precision, "labels": labels, "input": spec.to_json(),
            "model": {**card.data["model"], **_describe(model, spec.height, plain)},  # type: ignore[dict-item]
            "self_test": [], "made_of": stamp, "about": "Random weights, to count with.",
        }  # fmt: skip
        path.write_bytes(attach_card(content, about, path.suffix))
    return path


def made_of() -> str:
    """Of the sources that decide what is made; without PyTorch, whose import takes longer than what is counted."""
    folders = (ROOT / "ressq_edge" / "network", ROOT / "export" / "ressq_export")
    sources = sorted(path for folder in folders for path in folder.rglob("*.py"))
    return sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()[:12]


def _convert(path: Path, model: ModelSpec, size: int, plain: bool, folder: Path, log: Any) -> bytes:
    import torch

    from ressq_edge.network.arch import build_model
    from ressq_edge.network.checkpoint import Normalise
    from ressq_edge.network.init import initialise, load_init
    from ressq_export.formats.onnx_fp32 import export_onnx
    from ressq_export.formats.onnx_int8 import quantise_onnx
    from ressq_export.formats.tflite_fp32 import convert_to_tflite
    from ressq_export.formats.tflite_int8 import quantise_tflite
    from ressq_export.network.deployed import FoldedHead, deploy
    from ressq_export.quantization.ranges import measure_ranges
    from ressq_runtime.inputs.picture_spec import PixelSpec

    torch.manual_seed(0)
    trained, normalise = build_model(model).eval(), Normalise()
    initialise(trained, load_init("none", model.arch), ())
    network = deploy(trained, normalise.mean, normalise.std, 1.0)
    if plain:
        conv = next(layer for layer in cast(Any, trained).classifier if isinstance(layer, torch.nn.Conv2d))
        network.head = FoldedHead(conv, relu=True)
    onnx, tflite, made = folder / "float.onnx", folder / "float.tflite", folder / f"made{path.suffix}"
    export_onnx(network, PixelSpec.for_size(size), onnx, log)
    if path.suffix == ".tflite":
        convert_to_tflite(onnx, tflite, log)
    if "int8" not in path.name:
        return (onnx if path.suffix == ".onnx" else tflite).read_bytes()
    drawn = random.Random(0)
    pictures = [drawn.randbytes(size * size * 3) for _ in range(_CALIBRATION_PICTURES)]
    ranges = measure_ranges(onnx, pictures)
    if path.suffix == ".onnx":
        quantise_onnx(onnx, ranges, made, log)
    else:
        quantise_tflite(tflite, ranges, made, log)
    return made.read_bytes()


def _describe(model: ModelSpec, size: int, plain: bool) -> dict[str, object]:
    """What the card says of the network."""
    return {"arch": model.arch, "bypass": model.bypass, "multiply_adds": _count(model, size, plain)}


def _count(model: ModelSpec, size: int, plain: bool) -> int:
    """Multiply-adds of the deployed network; behind the mean the last layer has one place instead of all."""
    from ressq_edge.network.arch import count_multiply_adds

    total = count_multiply_adds(model, size)
    if plain:
        return total
    one_more = count_multiply_adds(replace(model, num_classes=model.num_classes + 1), size) - total
    return total - model.num_classes * (one_more - FEATURES)
