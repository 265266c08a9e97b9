"""The self-test: does this device see the workstation's pixels, and answer the workstation's scores?

Golden pictures are drawn from a seed with integer arithmetic, so an artefact carries no picture of anybody's.
"""

from __future__ import annotations

import math
import os
from hashlib import sha256

from PIL import Image

from ressq_runtime.classify import Classifier
from ressq_runtime.errors import ArtefactError
from ressq_runtime.inputs.picture import PixelSpec, to_pixels

# Cells of these sizes in pixels, one noise on the other: structure at every scale a convolution looks at.
_CELLS = (64, 16, 4)

# Float kernels add in another order on another CPU; no log-probability moved by a tenth of this in our trials.
ROUNDING = 1e-3
# Below this a probability says nothing, and its logarithm is all rounding.
SMALLEST_PROBABILITY = 1e-9


def golden_picture(seed: int, size: int) -> Image.Image:
    """A picture of coloured noise for an input of size x size: RGB, wider than high, the same on every machine.

    Its sides are no multiples of the input's, so that resizing and cropping must round.
    """
    width, height = size * 3 // 2 + 1, size + size // 4 + 1
    rows: list[bytes] = []
    noise = [_Cells(seed * len(_CELLS) + index, cell) for index, cell in enumerate(_CELLS)]
    for y in range(0, height, _CELLS[-1]):
        lines = [cells.row(y, width) for cells in noise]
        row = bytes((2 * coarse + middle + fine) // 4 for coarse, middle, fine in zip(*lines, strict=True))
        rows += [row] * min(_CELLS[-1], height - y)
    return Image.frombytes("RGB", (width, height), b"".join(rows))


class _Cells:
    """A plane of square cells of random colours; cell (column, row) depends on seed and place only."""

    def __init__(self, seed: int, side: int) -> None:
        self.seed = seed
        self.side = side

    def row(self, y: int, width: int) -> list[int]:
        """3 * width values, 0..255, of the pixel row y."""
        values: list[int] = []
        for column in range(-(-width // self.side)):
            state = _mix((self.seed << 40) + ((y // self.side) << 20) + column)
            values += [state & 255, state >> 8 & 255, state >> 16 & 255] * self.side
        return values[: 3 * width]


def _mix(value: int) -> int:
    """SplitMix64's finaliser (Steele et al. 2014): 64 well-mixed bits of a counter."""
    mask = 0xFFFFFFFFFFFFFFFF
    value = (value + 0x9E3779B97F4A7C15) & mask
    value = ((value ^ value >> 30) * 0xBF58476D1CE4E5B9) & mask
    value = ((value ^ value >> 27) * 0x94D049BB133111EB) & mask
    return value ^ value >> 31


def make_case(classifier: Classifier, spec: PixelSpec, seed: int) -> dict[str, object]:
    """A self-test case for the card: `seed`, `pixels_sha256`, `scores` of this artefact here.

    spec: the card's; the classifier may be one of a file that has no card yet.
    """
    pixels = to_pixels(golden_picture(seed, spec.size), spec)
    return {"seed": seed, "pixels_sha256": sha256(pixels).hexdigest(), "scores": classifier.scores(pixels)}


def self_test(path: str | os.PathLike[str], engine: str = "auto", threads: int | None = None) -> int:
    """Repeats the artefact's golden cases here; returns how many there were, all of them in agreement.

    Raises:
        ArtefactError: the first seam that differs: hash, pixels or scores; or there is no self-test.
        EngineError: no interpreter, or it refuses the model.
    """
    classifier = Classifier.load(path, engine=engine, threads=threads)
    if classifier.card is None or not classifier.card.self_test:
        raise ArtefactError(f"{classifier.path}: found no self-test inside, wanted an artefact of ressq-export")
    for case in classifier.card.self_test:
        pixels = to_pixels(golden_picture(case.seed, classifier.spec.size), classifier.spec)
        found = sha256(pixels).hexdigest()
        if found != case.pixels_sha256:
            raise ArtefactError(
                f"{classifier.path}: self-test {case.seed}: pixels differ (found {found[:12]}, wanted "
                f"{case.pixels_sha256[:12]}); this Pillow resizes otherwise: install another version of it"
            )
        check_scores(classifier, case.seed, case.scores, classifier.scores(pixels))
    classifier.close()
    return len(classifier.card.self_test)


def check_scores(classifier: Classifier, seed: int, wanted: list[float], found: list[float]) -> None:
    """Compares scores with the card's: within one int8 step of every logit, and rounding.

    One step of each logit moves a log-probability by two steps at most.

    Raises:
        ArtefactError: a score moved by more.
    """
    allowed = 2 * (classifier.card.step if classifier.card else 0.0) + ROUNDING
    moved = [abs(_log(f) - _log(w)) for f, w in zip(found, wanted, strict=True)]
    worst = max(range(len(moved)), key=moved.__getitem__)
    if not moved[worst] <= allowed:
        raise ArtefactError(
            f"{classifier.path}: self-test {seed}: scores differ (found {found[worst]:.6g} for "
            f"{classifier.labels[worst]}, wanted {wanted[worst]:.6g}; log moved {moved[worst]:.3g}, allowed "
            f"{allowed:.3g}); {classifier.engine.name} {classifier.engine.version} computes otherwise: try --engine"
        )


def _log(probability: float) -> float:
    return math.log(max(probability, SMALLEST_PROBABILITY))
