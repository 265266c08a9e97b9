"""Golden inputs of the self-test: the seeds whose pictures the network answers most differently."""

from collections.abc import Callable, Sequence

import numpy as np

from ressq_runtime.pixels import PixelSpec, to_pixels
from ressq_runtime.selftest import golden_picture

CASES = 3
_CANDIDATES = 12  # seeds to choose from: enough for three unlike answers, and done in a second


def choose_seeds(score: Callable[[bytes], Sequence[float]], spec: PixelSpec) -> list[int]:
    """CASES seeds, the first with the surest answer, each further one as far as can be from those before.

    Noise looks alike to most networks; a self-test that gets the same answer three times tests once.
    """
    pictures = [to_pixels(golden_picture(seed, spec.size), spec) for seed in range(_CANDIDATES)]
    scores = np.array([score(pixels) for pixels in pictures])
    chosen = [int(scores.max(1).argmax())]
    while len(chosen) < CASES:
        distances = np.abs(scores[:, None] - scores[chosen]).sum(2).min(1)
        distances[chosen] = -1
        chosen.append(int(distances.argmax()))
    return sorted(chosen)
