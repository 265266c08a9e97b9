"""The golden card, and the smallest bytes of each kind that a card can be attached to."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from onnx import TensorProto, helper

CARD = Path(__file__).parent / "golden" / "card.json"
FLATBUFFER = b"\x1c\0\0\0TFL3" + bytes(range(256)) * 8


def golden_card(**changes: Any) -> dict[str, Any]:
    card: dict[str, Any] = json.loads(CARD.read_text())
    return {**card, **changes}


def onnx_model() -> bytes:
    value = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in "xy"]
    model = helper.make_model(helper.make_graph([helper.make_node("Relu", ["x"], ["y"])], "g", value[:1], value[1:]))
    model.metadata_props.add(key="names", value="{0: 'oak'}")
    serialized: bytes = model.SerializeToString()
    return serialized


def model_for(suffix: str) -> bytes:
    return FLATBUFFER if suffix == ".tflite" else onnx_model()
