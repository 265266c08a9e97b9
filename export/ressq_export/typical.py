"""What training pictures are like, as numbers: how far a picture lies from them, by its textures and its colours.

Two kinds of features, all of them mean squares over the picture's positions: of each channel in the middle of the
network, and of a few fixed filters on the pixels. Their logarithms count, for a channel that is silent is as telling as
one that is loud. Which, and why: docs/decisions/0011.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ressq_export.errors import ConversionError
from ressq_runtime.classify import DISTANCE

# The output with the features, of a file that is only made to measure them.
FEATURES = f"{DISTANCE}.features"

# Principal components with a variance of their own, at most; all others share one.
COMPONENTS = 16
# Of each variance this share is the mean of all: few pictures know little of the small ones.
SHRINKAGE = 0.1
# Under the logarithm: what is less than this share of the root mean square of usual channels is silence.
_SILENCE = 0.05
# One grey level, squared: what lies below is JPEG's noise.
_LEVEL = 1.0
# The filters look at one 2x2 square in so many pixels each way: a sixteenth of all tells as much as a quarter.
STRIDE = 8


@dataclass(frozen=True)
class Typical:
    """Distance = weight * [x, components x] ** 2, where x = log(features + floor) - mean.

    floor, mean: (features,) float32.
    components: (k, features) float32, orthonormal rows, each of one group of features alone.
    weight: (features + k,) float32.
    """

    floor: NDArray[np.float32]
    mean: NDArray[np.float32]
    components: NDArray[np.float32]
    weight: NDArray[np.float32]


def make_filters() -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Weights (12, 2, 2, 3) and offsets (12,) on pixels 0..255.

    R, G and B and what they lack of white, so that mean and contrast are both known; the three differences of colours;
    the slopes of brightness, across, down and crossed.
    """
    flat, colours = np.full((2, 2), 0.25), np.eye(3)
    slopes = np.array([[[1, -1], [1, -1]], [[1, 1], [-1, -1]], [[1, -1], [-1, 1]]]) / 2
    mixes = [*colours, *-colours, *(colours - np.roll(colours, 1, 1))]
    weights = [*(flat[..., None] * mix for mix in mixes), *(slope[..., None] / 3 for slope in slopes)]
    shape = (2, 2, 3)
    offsets = np.repeat([0, 255, 0], [3, 3, 6])
    return np.stack([np.broadcast_to(w, shape) for w in weights]).astype(np.float32), offsets.astype(np.float32)


FILTERS = len(make_filters()[1])


def make_typical(features: NDArray[np.float64], model: str) -> Typical:
    """What is typical of these pictures; they lie at a distance of 1 on average.

    Args:
        features: (pictures, features) mean squares, the filters' first, then the channels'.
        model: the file's name, for the error.

    Raises:
        ConversionError: the features of all pictures are the same.
    """
    filters, channels = features[:, :FILTERS], features[:, FILTERS:]
    silence = (_SILENCE * np.sqrt(channels).mean()) ** 2
    groups = [_measure(filters, _LEVEL, model), _measure(channels, silence, model)]
    # Each group counts for half: the filters would drown among hundreds of channels.
    own, shared = zip(*(np.split(group.weight / 2, [len(group.mean)]) for group in groups), strict=True)
    rows = [len(group.components) for group in groups]
    components = np.zeros((sum(rows), features.shape[1]), np.float32)
    components[: rows[0], :FILTERS], components[rows[0] :, FILTERS:] = (group.components for group in groups)
    floor, mean = (np.concatenate([getattr(group, name) for group in groups]) for name in ("floor", "mean"))
    return Typical(floor, mean, components, np.concatenate([*own, *shared]))


def _measure(features: NDArray[np.float64], floor: float, model: str) -> Typical:
    """Mahalanobis distance in the first components, and one variance for all the rest; its mean is 1."""
    if not np.ptp(features, 0).any():
        raise ConversionError(f"{model}: found the same features in all pictures, wanted different pictures")
    found = np.log(features + floor)
    count, width = found.shape
    mean = found.mean(0)
    _, size, components = np.linalg.svd(found - mean, full_matrices=False)
    k = min(COMPONENTS, count // 4, width // 2)
    variance = size**2 / count
    shrunk = SHRINKAGE * variance.sum() / width
    own = (1 - SHRINKAGE) * variance[:k] + shrunk
    rest = (1 - SHRINKAGE) * variance[k:].sum() / (width - k) + shrunk
    weight = np.concatenate([np.full(width, 1 / rest), 1 / own - 1 / rest])
    squares = np.hstack([found - mean, (found - mean) @ components[:k].T]) ** 2
    weight /= (squares @ weight).mean()
    return Typical(*(np.asarray(v, np.float32) for v in (np.full(width, floor), mean, components[:k], weight)))
