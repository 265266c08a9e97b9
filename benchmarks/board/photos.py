"""Pictures with the statistics of photos, drawn from a seed: the same on every machine, and nobody's."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

SEED = 0
QUALITY = 92
# Mean and spread of brightness, spread of colour, noise of the sensor: of 255.
BRIGHTNESS, CONTRAST, COLOUR, NOISE = 120, 50, 18, 2.5
# How fast amplitudes fall with the frequency: 1.2 on the mean of natural scenes, more where a lens is soft.
FALL = 1.5
# A large photo is no sharper than this many pixels: its lens and its noise filter see to that.
SHARPEST = 1000


def make_photo(path: Path, width: int, height: int, seed: int = SEED) -> Path:
    """A JPEG whose amplitudes fall with the frequency, as in photos (Field 1987), with a sensor's noise on top."""
    state = np.random.default_rng(seed)
    shrink = max(1, width // SHARPEST)
    drawn = [fractal(state, width // shrink, height // shrink) for _ in range(3)]
    means, spreads = (BRIGHTNESS, 128, 128), (CONTRAST, COLOUR, COLOUR)
    bands = [to_band(mean + spread * plane) for mean, spread, plane in zip(means, spreads, drawn, strict=True)]
    whole = Image.merge("YCbCr", bands).convert("RGB").resize((width, height), Image.Resampling.BICUBIC)
    noise = NOISE * state.standard_normal((height, width, 1), np.float32)
    Image.fromarray((np.asarray(whole) + noise).clip(0, 255).astype(np.uint8)).save(path, "JPEG", quality=QUALITY)
    return path


def fractal(state: np.random.Generator, width: int, height: int) -> NDArray[np.float64]:
    """Noise whose amplitudes are 1 / frequency ** FALL: (height, width), mean 0, standard deviation 1."""
    frequency = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)) ** FALL
    frequency[0, 0] = np.inf
    found: NDArray[np.float64] = np.fft.irfft2(
        np.fft.rfft2(state.standard_normal((height, width))) / frequency, (height, width)
    )
    found /= found.std()
    return found


def to_band(values: NDArray[np.float64]) -> Image.Image:
    """An image of mode L."""
    return Image.fromarray(values.clip(0, 255).astype(np.uint8))
