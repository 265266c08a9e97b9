"""How much of each layer's signal int8 keeps: the int8 `.tflite` beside the float one, on the same pictures."""

import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

# The int8 file's name for the pixels after QUANTIZE carries it; the layers keep the tensors' names.
_SUFFIX = "_quantized"


class _Tapped:
    """A `.tflite` in LiteRT's interpreter with every tensor kept.

    Without its delegate, which keeps none: the sums are the same but for the rounding of a last step.
    """

    def __init__(self, model: Path) -> None:
        from ai_edge_litert.interpreter import Interpreter, OpResolverType

        self._interpreter: Any = Interpreter(
            model_content=model.read_bytes(),
            experimental_preserve_all_tensors=True,
            experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
        )
        self._interpreter.allocate_tensors()
        self._input = self._interpreter.get_input_details()[0]
        self.tensors = {
            details["name"].removesuffix(_SUFFIX): details for details in self._interpreter.get_tensor_details()
        }

    def run(self, pixels: bytes) -> None:
        """Answer a picture: uint8 RGB pixels."""
        array = np.frombuffer(pixels, self._input["dtype"]).reshape(self._input["shape"])
        self._interpreter.set_tensor(self._input["index"], array)
        self._interpreter.invoke()

    def read(self, tensor: str) -> NDArray[np.float32]:
        """What a tensor held, as real values."""
        details = self.tensors[tensor]
        value: NDArray[np.float32] = self._interpreter.get_tensor(details["index"]).astype(np.float32)
        scale, zero_point = details["quantization"]
        return (value - np.float32(zero_point)) * np.float32(scale) if scale else value


def measure_snr(
    float_model: Path, int8_model: Path, tensors: Iterable[str], pictures: Iterable[bytes]
) -> dict[str, float]:
    """Tensor -> signal-to-noise ratio in dB: 10 log10(sum of x^2 / sum of (x - x')^2) over all pictures.

    x is the float network's value, x' the int8 network's of the same tensor. The noise is all that came so far,
    not only this layer's own. Tensors without signal or without noise are left out.

    Args:
        float_model: `.tflite`, its tensors named.
        int8_model: the `.tflite` made of it.
        tensors: to compare, int8 in `int8_model`.
        pictures: uint8 RGB pixels of the network's input.
    """
    exact, rounded = _Tapped(float_model), _Tapped(int8_model)
    signal: dict[str, float] = dict.fromkeys(tensors, 0.0)
    noise = dict(signal)
    for pixels in pictures:
        exact.run(pixels)
        rounded.run(pixels)
        for tensor in signal:
            wanted, found = exact.read(tensor), rounded.read(tensor)
            signal[tensor] += float(np.square(wanted, dtype=np.float64).sum())
            noise[tensor] += float(np.square(wanted - found, dtype=np.float64).sum())
    return {
        tensor: 10 * math.log10(signal[tensor] / noise[tensor])
        for tensor in signal
        if signal[tensor] > 0 and noise[tensor] > 0
    }
