"""A picture as a plain script makes it: decoded in full, shorter side to `resize`, centre crop."""

from __future__ import annotations

from typing import Any

import numpy as np
from PIL import Image


def plain_pixels(path: str, size: int, resize: int) -> Any:
    """uint8 RGB, (1, size, size, 3)."""
    with Image.open(path) as opened:
        image = opened.convert("RGB")
    scale = resize / min(image.size)
    width, height = (round(side * scale) for side in image.size)
    left, top = (width - size) // 2, (height - size) // 2
    image = image.resize((width, height), Image.Resampling.BILINEAR).crop((left, top, left + size, top + size))
    return np.asarray(image)[None]


def as_array(pixels: bytes, size: int) -> Any:
    """The same of pixels in memory, without a copy."""
    return np.frombuffer(pixels, np.uint8).reshape(1, size, size, 3)
