"""What training pictures are like, as numbers: how far a picture lies from them, by its look and by its content.

The look: mean squares over the picture's positions, of each channel in the middle of the network and of a few fixed
filters on the pixels. Their logarithms count, for a channel that is silent is as telling as one that is loud. The
content: what the last layer takes, at unit length. The distance is the larger of the two (docs/decisions/0011, 0031).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ressq_export.errors import ConversionError
from ressq_runtime.artefact.card import OUT_OF_DISTRIBUTION

# The outputs with the features, of a file that is only made to measure them.
LOOK, CONTENT = f"{OUT_OF_DISTRIBUTION}.look", f"{OUT_OF_DISTRIBUTION}.content"

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
# A distance of 1 lies so many standard deviations above the mean of the logarithms of unseen pictures' distances.
# One usual picture in 70 is further by its look and one in 25 by its content, which tells more.
_LOOK_SPREAD, _CONTENT_SPREAD = 2.2, 1.75

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Features:
    """What a file's features are of some pictures, in the same order.

    look: (pictures, features) mean squares, the filters' first, then the channels'.
    content: (pictures, features) what the last layer takes, at unit length: how loud all of it is says less of a
        picture than what is in it.
    """

    look: Floats
    content: Floats


@dataclass(frozen=True)
class Form:
    """A squared distance: weight * [x, components x] ** 2, where x = features - mean.

    mean: (features,) float32.
    components: (k, features) float32, orthonormal rows, each of one group of features alone.
    weight: (features + k,) float32.
    """

    mean: NDArray[np.float32]
    components: NDArray[np.float32]
    weight: NDArray[np.float32]

    def measure(self, features: Floats) -> Floats:
        """(pictures,) distances of (pictures, features)."""
        x = features - self.mean
        found: Floats = np.hstack([x, x @ self.components.T]) ** 2 @ self.weight
        return found


@dataclass(frozen=True)
class TrainingStatistics:
    """Distance = the larger of look(log(features + floor)) and content(features).

    floor: (features,) float32.
    """

    floor: NDArray[np.float32]
    look: Form
    content: Form


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


def make_training_statistics(seen: Features, held: Features, model: str) -> TrainingStatistics:
    """What is typical of pictures that were trained on, scaled so that look and content of others are alike.

    Args:
        seen: of training pictures.
        held: of pictures that were not trained on: a network knows the content of those that were too well.
        model: the file's name, for the error.

    Raises:
        ConversionError: the features of all pictures are the same.
    """
    channels = seen.look[:, FILTERS:]
    silence = (_SILENCE * np.sqrt(channels).mean()) ** 2
    floor = np.repeat([_LEVEL, silence], [FILTERS, channels.shape[1]])
    logs = np.log(seen.look + floor)
    groups = [_measure(part, model) for part in (logs[:, :FILTERS], logs[:, FILTERS:])]
    look = _scale(_join(*groups), np.log(held.look + floor), _LOOK_SPREAD)
    content = _scale(_measure(seen.content, model), held.content, _CONTENT_SPREAD)
    return TrainingStatistics(floor.astype(np.float32), look, content)


def _measure(found: Floats, model: str) -> Form:
    """Mahalanobis distance in the first components, and one variance for all the rest; its mean is 1."""
    if not np.ptp(found, 0).any():
        raise ConversionError(f"{model}: found the same features in all pictures, wanted different pictures")
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
    return Form(*(np.asarray(v, np.float32) for v in (mean, components[:k], weight)))


def _join(one: Form, other: Form) -> Form:
    """Their mean, of the features of both side by side: the filters would drown among hundreds of channels."""
    split = len(one.mean)
    components = np.zeros((len(one.components) + len(other.components), split + len(other.mean)), np.float32)
    components[: len(one.components), :split] = one.components
    components[len(one.components) :, split:] = other.components
    own, shared = zip(*(np.split(form.weight / 2, [len(form.mean)]) for form in (one, other)), strict=True)
    return Form(np.concatenate([one.mean, other.mean]), components, np.concatenate([*own, *shared]))


def _scale(form: Form, held: Floats, spread: float) -> Form:
    """The same form, by which pictures like these lie below 1, but for those beyond the spread."""
    logs = np.log(np.maximum(form.measure(held), 1e-9))
    return Form(form.mean, form.components, form.weight / np.float32(np.exp(logs.mean() + spread * logs.std())))
