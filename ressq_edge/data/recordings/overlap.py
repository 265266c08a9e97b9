"""The same samples in two parts: what was learned by heart would be asked."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ressq_edge.data.recordings.reading import Values, stretches_of
from ressq_edge.data.split import PARTS, Split
from ressq_edge.errors import SplitError
from ressq_runtime.inputs.recording import Recording

RUN = 16  # samples in a row that are the same by no chance


def refuse_overlap(split: Split, recordings: Mapping[str, Recording]) -> None:
    """Raises SplitError where recordings of two parts hold the same samples, RUN or more in a row."""
    known: dict[bytes, tuple[str, str]] = {}
    for part in PARTS:
        for name, _ in split.samples(part):
            for stretch in stretches_of(recordings[name]):
                for first in range(0, len(stretch) - RUN + 1, RUN):
                    if _changes(stretch[first : first + RUN]):
                        known.setdefault(stretch[first : first + RUN].tobytes(), (part, name))
    for part in PARTS:
        for name, _ in split.samples(part):
            for stretch in stretches_of(recordings[name]):
                _compare(stretch, part, name, known)


def _compare(stretch: Values, part: str, name: str, known: Mapping[bytes, tuple[str, str]]) -> None:
    data, row = np.ascontiguousarray(stretch).tobytes(), stretch.shape[1] * 4
    for first in range(len(stretch) - RUN + 1):
        other = known.get(data[first * row : (first + RUN) * row])
        if other and other[0] != part:
            raise SplitError(
                f"{name}: found {RUN} samples in {part} that {other[1]} has in {other[0]}, wanted none in two "
                "parts: what was learned by heart would be asked; keep them together by --group-by, or take one out"
            )


def _changes(block: Values) -> bool:
    return bool((block != block[0]).any())
