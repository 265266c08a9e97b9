"""How strong each class swings at which frequency: what a network of windows can tell classes by."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from ressq_edge.data.recordings.windows import Windows

_MOST_WINDOWS = 200  # of a class: a mean over more looks the same


def measure_spectra(windows: Windows) -> tuple[NDArray[np.float64], Mapping[int, NDArray[np.float64]]]:
    """Frequencies in Hz, and class -> amplitude (frequencies, channels), the mean over windows without their means."""
    spec = windows.spec
    frequencies = np.fft.rfftfreq(spec.length, 1 / spec.rate)[1:]
    taper = np.hanning(spec.length)[:, None]
    found: dict[int, NDArray[np.float64]] = {}
    for label in sorted(set(windows.targets)):
        mine = [number for number, target in enumerate(windows.targets) if target == label]
        step = -(-len(mine) // _MOST_WINDOWS)
        values = windows.values(mine[::step]).astype(np.float64)
        values -= values.mean(1, keepdims=True)
        amplitude = np.abs(np.fft.rfft(values * taper, axis=1))[:, 1:] * 2 / taper.sum()
        found[label] = np.sqrt((amplitude**2).mean(0))
    return np.asarray(frequencies, np.float64), found
