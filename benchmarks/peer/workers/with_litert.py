"""A plain script with LiteRT's Interpreter."""

from __future__ import annotations

from typing import Any

from ai_edge_litert.interpreter import Interpreter
from array_model import ArrayModel
from protocol import Settings, serve


class Model(ArrayModel):
    """A `.tflite` in `Interpreter`."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self._interpreter = Interpreter(settings.model, num_threads=1)
        self._interpreter.allocate_tensors()
        self._input = self._interpreter.get_input_details()[0]["index"]
        self._output = self._interpreter.get_output_details()[0]["index"]

    def scores(self, pixels: Any) -> Any:
        """The scores of uint8 RGB pixels."""
        self._interpreter.set_tensor(self._input, pixels)
        self._interpreter.invoke()
        return self._interpreter.get_tensor(self._output)


if __name__ == "__main__":
    serve(Model)
