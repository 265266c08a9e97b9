"""MNN, with the file that mnnconvert made of the `.tflite`."""

from __future__ import annotations

from typing import Any

import numpy as np
from array_model import ArrayModel
from MNN import expr, nn
from protocol import Settings, serve


class Model(ArrayModel):
    """A `.mnn` as a module."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        manager = nn.create_runtime_manager(({"backend": "CPU", "numThread": 1, "precision": "high"},))
        self._module = nn.load_module_from_file(settings.model, ["pixels"], ["scores"], runtime_manager=manager)

    def scores(self, pixels: Any) -> Any:
        """The scores of uint8 RGB pixels."""
        variable = expr.const(pixels, list(pixels.shape), expr.NHWC, expr.uint8)
        return np.array(self._module.forward([variable])[0].read())


if __name__ == "__main__":
    serve(Model)
