"""How faithfully an int8 file's class maps are fp32's, on every picture at hand; labels are not needed for that."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ressq_edge.findings.intervals import grouped_interval
from ressq_export.measurement.class_map import PixelAnswer
from ressq_export.measurement.fidelity import DOUBTS, FAULTS, LARGEST_DB, Bounds, Fidelity
from ressq_export.measurement.stage_comparison import centred_logits

# Least share of a picture's pixels that have fp32's class; 0.93 and more is usual (docs/decisions/0036).
_WORST = {DOUBTS: 0.85, FAULTS: 0.7}


@dataclass(frozen=True)
class PixelFidelity(Fidelity):
    """One int8 file beside fp32, on validation and training pictures.

    n: pixels, of all pictures.
    changed: pixels that have another class than with fp32.
    low, high: 95 % interval of their share; pixels of one picture change together.
    moved: how much of a cell's probability goes to other classes, on average.
    snr_db: of the logits of cells.
    worst: share of the pixels with fp32's class, in the picture where that is least.
    pictures: how many.
    """

    worst: float = 1.0
    pictures: int = 0
    unit: ClassVar[str] = "pixels"

    def _exceeded(self, bounds: Bounds) -> Iterator[str]:
        yield from super()._exceeded(bounds)
        if not self.worst >= _WORST[bounds]:
            yield (
                f"{self.worst:.1%} of the pixels of the worst of {self.pictures:,} pictures with fp32's class, wanted "
                f"at least {_WORST[bounds]:.0%}"
            )


def measure_pixel_fidelity(before: Sequence[PixelAnswer], after: Sequence[PixelAnswer]) -> PixelFidelity:
    """From what fp32 and int8 say of the same pictures."""
    changed, sizes = [], []
    for exact, found in zip(before, after, strict=True):
        differs = exact.classes.unpack() != found.classes.unpack()
        changed.append(int(differs.sum()))
        sizes.append(differs.size)
    low, high = grouped_interval(changed, sizes)
    one, other = (
        np.concatenate([answer.cells for answer in answers]).astype(np.float64) for answers in (before, after)
    )
    exact_logits, found_logits = centred_logits(one), centred_logits(other)
    noise = float(np.square(found_logits - exact_logits).sum())
    signal = float(np.square(exact_logits - exact_logits.mean(0)).sum())
    snr_db = LARGEST_DB if noise == 0 else 10 * math.log10(max(signal, 1e-12) / noise)
    moved = float(np.abs(one - other).sum(1).mean()) / 2
    worst = 1 - max(some / size for some, size in zip(changed, sizes, strict=True))
    total, pixels = sum(changed), sum(sizes)
    return PixelFidelity(pixels, total, low, high, moved, min(snr_db, LARGEST_DB), None, worst, len(sizes))
