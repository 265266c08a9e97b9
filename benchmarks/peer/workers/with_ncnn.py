"""ncnn, with the float32 network that pnnx made; it takes pixels by itself."""

from __future__ import annotations

from typing import Any

import ncnn
import numpy as np
from array_model import ArrayModel
from protocol import Settings, serve


class Model(ArrayModel):
    """A `.param` and a `.bin` in `Net`."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self._net = ncnn.Net()
        self._net.opt.num_threads = 1
        # Off by default where it would be float16 or bfloat16 arithmetic: the same precision for all.
        self._net.opt.use_fp16_storage = self._net.opt.use_fp16_packed = self._net.opt.use_fp16_arithmetic = False
        if self._net.load_param(settings.model) or self._net.load_model(settings.model.replace(".param", ".bin")):
            raise RuntimeError(f"{settings.model}: ncnn refuses it")

    def scores(self, pixels: Any) -> Any:
        """The scores of uint8 RGB pixels."""
        size = self.settings.size
        extractor = self._net.create_extractor()
        extractor.input("in0", ncnn.Mat.from_pixels(pixels[0], ncnn.Mat.PixelType.PIXEL_RGB, size, size))
        return np.array(extractor.extract("out0")[1])


if __name__ == "__main__":
    serve(Model)
