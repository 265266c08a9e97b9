"""ONNX Runtime."""

from __future__ import annotations

import os
from typing import Any

from array_model import ArrayModel
from protocol import Settings, serve

os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # before the import, or it reports to its maker


class Model(ArrayModel):
    """A `.onnx` in an `InferenceSession`."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(settings.model, options, providers=["CPUExecutionProvider"])

    def scores(self, pixels: Any) -> Any:
        """The scores of uint8 RGB pixels."""
        return self._session.run(["scores"], {"pixels": pixels})[0]


if __name__ == "__main__":
    serve(Model)
