"""Every picture is decoded once, before training starts; what it costs is paid once.

Training pictures are kept with their shorter side at the spec's `resize`, so that crops can be drawn
from them; evaluation pictures as the device will see them, by the runtime's one function.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import batched
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ressq_runtime.errors import PictureError
from ressq_runtime.inputs.picture import decode, to_pixels
from ressq_runtime.inputs.picture_spec import PixelSpec

Pixels = NDArray[np.uint8]
Reader = Callable[[Path, PixelSpec], Pixels]

# A panorama keeps this many times its shorter side: enough for any crop, and bounded in memory.
LONGEST_ASPECT = 3


def training_pixels(path: Path, spec: PixelSpec) -> Pixels:
    """uint8 (H, W, 3) RGB, the shorter side spec.resize: what augmentation draws its crops from.

    Raises:
        PictureError: the picture cannot be decoded.
    """
    image = decode(path, spec.resize)
    width, height = image.size
    shorter = min(width, height)
    longer = min(max(width, height), LONGEST_ASPECT * shorter)
    kept_width, kept_height = (longer, shorter) if width > height else (shorter, longer)
    left, top = (width - kept_width) // 2, (height - kept_height) // 2
    scaled = [(n * spec.resize + shorter // 2) // shorter for n in (kept_width, kept_height)]
    box = (left, top, left + kept_width, top + kept_height)
    return np.asarray(image.resize(scaled, Image.Resampling.BILINEAR, box))


def evaluation_pixels(path: Path, spec: PixelSpec) -> Pixels:
    """uint8 (height, width, 3) RGB: byte for byte what the device gives its network.

    Raises:
        PictureError: the picture cannot be decoded.
    """
    pixels = to_pixels(path, spec)
    return np.frombuffer(pixels, np.uint8).reshape(spec.height, spec.width, 3)


def decode_all(paths: list[Path], read: Reader, spec: PixelSpec, threads: int) -> Iterator[Pixels | PictureError]:
    """The pixels of each path, in order, or the reason why it has none; memory stays bounded."""

    def attempt(path: Path) -> Pixels | PictureError:
        try:
            return read(path, spec)
        except PictureError as error:
            return error

    with ThreadPoolExecutor(threads) as pool:  # Pillow decodes without holding the interpreter lock
        for some in batched(paths, 16 * threads):
            yield from pool.map(attempt, some)
