"""The golden card, and the smallest bytes of each kind that a card can be attached to."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

GOLDEN = Path(__file__).parent / "golden"
CARD = GOLDEN / "card.json"
# What `auto` takes for .tflite files: a 32-bit board has tflite-runtime alone.
TFLITE_ENGINE = "litert" if importlib.util.find_spec("ai_edge_litert") else "tflite"
FLATBUFFER = b"\x1c\0\0\0TFL3" + bytes(24) + bytes(range(256)) * 8  # a model without a field


def golden_card(**changes: Any) -> dict[str, Any]:
    card: dict[str, Any] = json.loads(CARD.read_text())
    return {**card, **changes}


def onnx_model() -> bytes:
    """One Relu, float32 [1], with the metadata `names`; no onnx is needed to have it."""
    return (GOLDEN / "relu.onnx").read_bytes()


def model_for(suffix: str) -> bytes:
    return FLATBUFFER if suffix == ".tflite" else onnx_model()
