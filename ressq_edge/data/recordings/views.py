"""Training windows, each epoch another view: another place, pace and strength, and sensors worn a little askew.

The rule is that of pictures: a view is a function of (seed, epoch, window) alone.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ressq_edge.data.recordings.windows import Windows
from ressq_edge.data.seeds import draw_seed

_AXES = re.compile(r"^(.*?)([xyz])((?:[_\-.].*)?)$", re.I)


@dataclass(frozen=True)
class WindowViews:
    """What a random view may be.

    pace: how far time is stretched or pressed, as a factor up or down.
    gain: how far all channels are made larger or smaller, likewise.
    turn: standard deviation of the angles, radians, by which triads of axes are turned.
    """

    pace: float = 1.25
    gain: float = 1.25
    turn: float = 0.2


def find_triads(names: Sequence[str]) -> list[tuple[int, int, int]]:
    """The places of channels that are named as the axes of one sensor: ax, ay, az; gyro_x, gyro_y, gyro_z."""
    found: dict[tuple[str, str], dict[str, int]] = {}
    for number, name in enumerate(names):
        if match := _AXES.match(name):
            found.setdefault((match[1].lower(), match[3].lower()), {})[match[2].lower()] = number
    return [(axes["x"], axes["y"], axes["z"]) for axes in found.values() if len(axes) == 3]


def draw_windows(
    windows: Windows, numbers: Sequence[int], views: WindowViews, seed: int, epoch: int
) -> NDArray[np.float32]:
    """This epoch's views of these windows, (N, length, channels), in the sensor's own units."""
    triads = find_triads(windows.spec.names)
    means = np.array([channel.mean for channel in windows.spec.channels])
    found = [_draw(windows, number, views, triads, means, draw_seed(seed, "view", epoch, number)) for number in numbers]
    return np.stack(found)


def _draw(
    windows: Windows, number: int, views: WindowViews, triads: list[tuple[int, int, int]],
    means: NDArray[np.float64], seed: int,
) -> NDArray[np.float32]:  # fmt: skip
    random, length = np.random.default_rng(seed), windows.spec.length
    at, first = windows.places[number]
    stretch = windows.stretches[at]
    span = min(len(stretch) - 1, (length - 1) * _factor(random, views.pace))
    shift = random.uniform(-0.5, 0.5) * windows.spec.hop
    begin = min(max(0.0, first + shift), len(stretch) - 1 - span)
    values = _resample(stretch, begin, span, length)
    values = means + (values - means) * _factor(random, views.gain)
    for triad in triads:
        values[:, triad] = values[:, triad] @ _rotation(random.normal(0, views.turn, 3)).T
    return values.astype(np.float32)


def _factor(random: np.random.Generator, most: float) -> float:
    return math.exp(random.uniform(-math.log(most), math.log(most)))


def _resample(stretch: NDArray[np.float32], begin: float, span: float, length: int) -> NDArray[np.float64]:
    """`length` samples from `begin` on over `span` samples, between neighbours in a line."""
    times = begin + np.linspace(0, span, length)
    left = np.clip(times.astype(int), 0, len(stretch) - 2)
    part = (times - left)[:, None]
    return np.asarray(stretch[left] * (1 - part) + stretch[left + 1] * part)


def _rotation(angles: NDArray[np.float64]) -> NDArray[np.float64]:
    (a, b, c), (x, y, z) = np.cos(angles), np.sin(angles)
    about_x = np.array([[1, 0, 0], [0, a, -x], [0, x, a]])
    about_y = np.array([[b, 0, y], [0, 1, 0], [-y, 0, b]])
    about_z = np.array([[c, -z, 0], [z, c, 0], [0, 0, 1]])
    return np.asarray(about_x @ about_y @ about_z)
