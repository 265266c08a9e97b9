"""The same samples in two parts: what was learned by heart would be asked."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ressq_edge.data.recordings.reading import Values, stretches_of
from ressq_edge.data.split import PARTS, Split
from ressq_edge.errors import SplitError
from ressq_runtime.inputs.recording import Recording

# Samples in a row, and how many different ones are among them: a switch or a slow sensor repeats itself by chance.
RUN, FEWEST_DIFFERENT = 32, 24


def refuse_overlap(split: Split, recordings: Mapping[str, Recording]) -> None:
    """Raises SplitError where recordings of two parts hold the same samples; certain from 2 * RUN - 1 in a row.

    Shorter recordings are compared as wholes.
    """
    known: dict[bytes, tuple[str, str]] = {}
    for part in PARTS:
        for name, _ in split.samples(part):
            for stretch in stretches_of(recordings[name]):
                run = min(RUN, len(stretch))
                for first in range(0, len(stretch) - run + 1, run):
                    if _tells(stretch[first : first + run]):
                        known.setdefault(stretch[first : first + run].tobytes(), (part, name))
    for part in PARTS:
        for name, _ in split.samples(part):
            for stretch in stretches_of(recordings[name]):
                _compare(stretch, part, name, known)


def _compare(stretch: Values, part: str, name: str, known: Mapping[bytes, tuple[str, str]]) -> None:
    data, row, run = np.ascontiguousarray(stretch).tobytes(), stretch.shape[1] * 4, min(RUN, len(stretch))
    for first in range(len(stretch) - run + 1):
        other = known.get(data[first * row : (first + run) * row])
        if other and other[0] != part:
            raise SplitError(
                f"{name}: found {run} samples in {part} that {other[1]} has in {other[0]}, wanted none in two "
                "parts: what was learned by heart would be asked; keep them together by --group-by, or take one out"
            )


def _tells(block: Values) -> bool:
    """Whether samples like these are the same by no chance."""
    return len(block) > 1 and len(np.unique(block, axis=0)) >= FEWEST_DIFFERENT * len(block) / RUN
