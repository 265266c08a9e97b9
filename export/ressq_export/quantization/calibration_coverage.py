"""Whether --calibration's pictures show what the training pictures show, as far as the network's answers tell."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ressq_export.convert import Pictures
from ressq_export.measurement.scores import scorer_of
from ressq_runtime.engines import load_engine

# How much more often one answer comes than with training pictures, a share. Sixteen ordinary pictures of ten classes
# give none half as much more; pictures of one class of two, 0.5; dark ones, or noise, mostly one answer.
MOST_MORE = 0.4


def tell_one_sided(model: Path, pictures: Pictures, labels: Sequence[str]) -> tuple[str, ...]:
    """A note where one answer prevails among pictures that --calibration named and not among training pictures.

    Args:
        model: a float model file.
        pictures: both.
        labels: in the order of the scores.
    """
    if not pictures.others:
        return ()
    engine = load_engine(str(model))
    score = scorer_of(engine)
    try:
        both = pictures.calibration, pictures.others
        here, usual = (_shares([score(one) for one in pixels]) for pixels in both)
    finally:
        engine.close()
    most = int((here - usual).argmax())
    if here[most] - usual[most] < MOST_MORE:
        return ()
    return (
        f"--calibration: fp32 answers {labels[most]} to {here[most]:.0%} of these pictures and to {usual[most]:.0%} of "
        "the training pictures: they are of one class, or show something else; leave it out, or give ordinary ones",
    )


def _shares(scores: Sequence[Sequence[float]]) -> NDArray[np.float64]:
    """How often each class is the answer."""
    found = np.asarray(scores)
    return np.bincount(found.argmax(1), minlength=found.shape[1]) / len(found)
