"""Whether pictures look like the training pictures, whatever is on them: docs/decisions/0029 has the measurements."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ressq_runtime.intervals import wilson

# How far the means may lie apart, in standard deviations of training pictures. Ordinary pictures reach 1.2 and 1.6,
# those of a camera with other exposure 2.2; dark ones begin at 2.5, and noise at 2.3.
FURTHEST_BRIGHTNESS, FURTHEST_GRAIN = 2.3, 2.0
# Least such deviations, in grey levels and of a logarithm: training pictures of one camera may have hardly any.
_LEVELS, _GRAIN = 30.0, 0.3
# Of training pictures so many may look like negatives at most, or light and dark do not tell these from those.
_MOST_NEGATIVE = 0.3
_FEWEST = 32  # training pictures, to know what goes with light and dark
_SHRINKAGE = 0.1

Floats = NDArray[np.float64]


def tell_other_look(pictures: Sequence[bytes], usual: Sequence[bytes], height: int | None = None) -> str:
    """What they differ in from training pictures, a clause about "them"; empty where they look alike.

    Args:
        pictures: uint8 RGB pixels.
        usual: of training pictures, likewise.
        height: of all of them; None: they are squares.
    """
    (light, grain, signs), (usual_light, usual_grain, usual_signs) = (
        _measure(one, height) for one in (pictures, usual)
    )
    if abs(light.mean() - usual_light.mean()) > FURTHEST_BRIGHTNESS * max(float(usual_light.std()), _LEVELS):
        word = "darker" if light.mean() < usual_light.mean() else "brighter"
        return (
            f"they are much {word} (on average {light.mean():.0f} of 255, training pictures {usual_light.mean():.0f})"
        )
    apart = float(grain.mean() - usual_grain.mean())
    if abs(apart) > FURTHEST_GRAIN * max(float(usual_grain.std()), _GRAIN):
        return f"their neighbouring pixels differ {math.exp(apart):.1f} times as much, for the same contrast"
    if len(usual) < _FEWEST:
        return ""
    side = _direction(usual_signs)
    negatives = int((signs @ side < 0).sum())
    if float((usual_signs @ side < 0).mean()) < _MOST_NEGATIVE and wilson(negatives, len(pictures))[0] > 0.5:
        return f"{negatives / len(pictures):.0%} of them look more like negatives of those"
    return ""


def _measure(pictures: Sequence[bytes], height: int | None) -> tuple[Floats, Floats, Floats]:
    """(pictures,) brightness and grain, and (pictures, 7) what goes with light: a negative has the opposite sign."""
    rows = np.array([_measure_one(pixels, height or math.isqrt(len(pixels) // 3)) for pixels in pictures])
    return rows[:, 0], rows[:, 1], rows[:, 2:]


def _measure_one(pixels: bytes, height: int) -> list[float]:
    rgb = np.frombuffer(pixels, np.uint8).reshape(height, -1, 3).astype(np.float64)
    grey, (red, green, blue) = rgb.mean(2), rgb.mean((0, 1))
    slope = np.abs(np.gradient(grey)).sum(0)
    down, across = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : rgb.shape[1] * 1j]
    light = _standardise(grey, 1.0)
    beside = (light**2, down, down**2 + across**2, slope, np.ptp(rgb, 2))
    together = [float((light * _standardise(one, 1e-3)).mean()) for one in beside]
    grain = math.log((slope.mean() + 1) / (grey.std() + 4))
    return [float(grey.mean()), grain, *together, red - green, blue - green]


def _standardise(values: Floats, least: float) -> Floats:
    found: Floats = (values - values.mean()) / (values.std() + least)
    return found


def _direction(signs: Floats) -> Floats:
    """Weights whose sums are positive for pictures like these and negative for their negatives (Fisher's)."""
    scale = np.sqrt(np.square(signs).mean(0)) + 1e-6
    scaled = signs / scale
    spread = np.cov(scaled.T, bias=True) + _SHRINKAGE * np.eye(len(scale))
    found: Floats = np.linalg.solve(spread, scaled.mean(0)) / scale
    return found
