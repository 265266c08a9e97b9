"""The certificate as JSON: docs/certificate.md describes its keys."""

import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any, cast

from ressq_export.card import Description, round_steps, today, tool_versions
from ressq_export.certificate.layers import SNR_COUNT, describe_layers
from ressq_export.certificate.verdict import describe_verdict
from ressq_export.convert import KINDS
from ressq_export.inputs import open_input
from ressq_export.measurement.confidence import BIN_COUNT, Confidence
from ressq_export.measurement.scores import PictureSet
from ressq_export.quantization.search import Int8Recipe
from ressq_export.tasks import open_task
from ressq_runtime.artefact.card import Card
from ressq_runtime.artefact.container import read_card
from ressq_runtime.profiling.device import describe_device

FORMAT = 2
_WORST = 3  # layers that are named
_INTERPRETERS = ("ai-edge-litert", "onnxruntime")


@dataclass(frozen=True)
class Evidence:
    """What a certificate is made of.

    about: what all four files have in common.
    paths: the artefacts that are published, by kind.
    sets: pictures and answers, the validation split first.
    medians_ms: of one inference by torch and each file, here.
    confidence: the temperature and what it changed.
    pixels: of training pictures, uint8 RGB.
    pair: the float `.tflite` that int8.tflite was quantised from, and that.
    notes: what the figures do not say by themselves.
    """

    about: Description
    paths: Mapping[str, Path]
    sets: Sequence[PictureSet]
    medians_ms: Mapping[str, float]
    confidence: Confidence
    pixels: Sequence[bytes]
    pair: tuple[Path, Path]
    notes: tuple[str, ...] = ()


def make_document(evidence: Evidence, *, named: bool) -> dict[str, Any]:
    """The certificate of freshly exported files.

    Args:
        evidence: what was measured.
        named: pictures may be called by their names.
    """
    about, task = evidence.about, open_task(evidence.about.checkpoint)
    cards = {kind: cast(Card, read_card(path)).data for kind, path in evidence.paths.items()}
    sets = [task.describe_set(pictures, cards, named=named) for pictures in evidence.sets]
    layers = describe_layers(*evidence.pair, evidence.pixels)
    return {
        "format": FORMAT,
        "name": about.name,
        "about": about.about,
        "created": today(),
        "verdict": describe_verdict(task.tell_drops(sets[0]), about.recipe),
        "notes": list(evidence.notes),
        "model": _model(about),
        **task.describe_card(),
        "files": {kind: _file(path, cards[kind]) for kind, path in evidence.paths.items()},
        "latency": {"median_ms": dict(evidence.medians_ms), "threads": 1, **_machine()},
        "sets": sets,
        "pictures_named": named,
        "quantization": _quantization(about.recipe),
        "confidence": evidence.confidence.to_json(),
        "ece_bins": BIN_COUNT,
        "snr": {"pictures": min(SNR_COUNT, len(evidence.pixels))},
        "layers": layers,
        "worst_layers": _worst(layers),
        "calibration": about.calibration.to_json(),
        "versions": _versions(),
    }


def _model(about: Description) -> dict[str, object]:
    model, given = about.checkpoint.model, open_input(about.checkpoint.input)
    return {
        "arch": model.arch,
        "bypass": model.bypass,
        **({"head": model.head, "head_width": model.width} if model.head else {}),
        **({"depth": model.series.depth, "width": model.series.width} if model.series else {}),
        **given.describe_size(),
        "parameters": about.parameters,
        "multiply_adds": about.multiply_adds,
        "checkpoint_sha256": about.checkpoint_sha256,
        "left_out": round_steps(about.left_out),
    }


def _quantization(recipe: Int8Recipe) -> dict[str, object]:
    attempts = [found.to_json() for found in recipe.attempts]
    return {"step": recipe.step, "metric": recipe.metric, "max_drop": recipe.max_drop, "attempts": attempts}


def _file(path: Path, card: Mapping[str, object]) -> dict[str, object]:
    return {
        "file": path.name,
        "size_bytes": path.stat().st_size,
        "sha256": sha256(path.read_bytes()).hexdigest(),
        "precision": card["precision"],
        "abstention": card.get("abstention"),
    }


def _machine() -> dict[str, object]:
    device = describe_device()
    return {"machine": f"{device.model}, {device.cores} cores, {device.machine}"}


def _worst(layers: Sequence[Mapping[str, Any]]) -> list[str]:
    """The tensors with the least signal to noise, worst first."""
    noisy = [layer for layer in layers if layer["snr_db"] is not None]
    return [layer["tensor"] for layer in sorted(noisy, key=lambda layer: float(layer["snr_db"]))[:_WORST]]


def _versions() -> dict[str, str]:
    tools = {name: found for kind in KINDS for name, found in tool_versions(kind).items()}
    return {**tools, **{name: version(name) for name in _INTERPRETERS}, "python": platform.python_version()}
