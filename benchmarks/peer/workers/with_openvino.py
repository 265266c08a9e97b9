"""OpenVINO."""

from __future__ import annotations

from typing import Any

import openvino
from array_model import ArrayModel
from protocol import Settings, serve

# Left alone it computes fp32 models in bf16 where the CPU can: another precision than its peers'.
OPTIONS = {"INFERENCE_NUM_THREADS": 1, "PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": "f32"}


class Model(ArrayModel):
    """A `.onnx` compiled for the CPU."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self._request = openvino.Core().compile_model(settings.model, "CPU", OPTIONS).create_infer_request()

    def scores(self, pixels: Any) -> Any:
        """The scores of uint8 RGB pixels."""
        return self._request.infer({0: pixels}, share_inputs=True)[0]


if __name__ == "__main__":
    serve(Model)
