"""How faithfully an int8 file answers as fp32 does, on every picture at hand.

For that no label is needed and no unseen picture, so training pictures count too: where validation pictures are too
few to tell a loss, these tell whether there can be one. The bounds are those of docs/decisions/0029.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ressq_export.measurement.paired import Difference
from ressq_export.measurement.scores import Scores
from ressq_export.measurement.stage_comparison import centred_logits
from ressq_runtime.intervals import wilson

# Pictures that are compared, where there are as many; an interval of 1 % is then 0.5 to 1.8 % wide.
MOST_COMPARED = 1000
FAITHFUL, DOUBTFUL, UNFAITHFUL = 2, 1, 0  # grades


@dataclass(frozen=True)
class Bounds:
    """What a file may do before it has another grade.

    changed: share of the answers that are surely changed.
    times: how far the probabilities move, in multiples of what ranges from training pictures cost; usual is up to 1.4.
    moved: how far they may move whatever the multiple is, a share.
    snr_db: least signal to noise of the logits, dB; 20 to 39 is usual, and 16 takes a sixth of what varies.
    """

    changed: float
    times: float
    moved: float
    snr_db: float


# The numbers are those of docs/decisions/0029.
DOUBTS = Bounds(0.02, 2, 0.005, 16)
FAULTS = Bounds(0.05, 3, 0.01, 10)
LARGEST_DB = 200.0  # of files that answer the same to the last bit


@dataclass(frozen=True)
class Fidelity:
    """One int8 file beside fp32, on validation and training pictures.

    n: pictures.
    changed: answers that are not fp32's.
    low, high: 95 % interval of their share, Wilson's.
    moved: how much of a picture's probability goes to other classes than with fp32, on average; 0..1.
    snr_db: of the logits, the signal being what varies from picture to picture.
    usual: `moved` of the file with ranges from training pictures; None where this is that.
    """

    n: int
    changed: int
    low: float
    high: float
    moved: float
    snr_db: float
    usual: float | None = None
    unit: ClassVar[str] = "pictures"

    @property
    def grade(self) -> int:
        """FAITHFUL, DOUBTFUL (it may lose more than labels tell) or UNFAITHFUL (not to be used)."""
        return UNFAITHFUL if self.exceeded(FAULTS) else DOUBTFUL if self.exceeded(DOUBTS) else FAITHFUL

    def exceeded(self, bounds: Bounds) -> tuple[str, ...]:
        """What is beyond the bounds, each as found and wanted."""
        return tuple(self._exceeded(bounds))

    def _exceeded(self, bounds: Bounds) -> Iterator[str]:
        if self.low > bounds.changed:
            yield f"{self.changed} of {self.n:,} answers changed, wanted at most {bounds.changed:.0%}"
        most = max(bounds.moved, bounds.times * self.usual) if self.usual is not None else 1.0
        if not self.moved <= most:  # what is no number is beyond all bounds
            yield (
                f"probabilities {100 * self.moved:.1f} points off on average, wanted at most {100 * most:.1f} (with "
                f"ranges from training pictures: {100 * (self.usual or 0):.1f})"
            )
        if not self.snr_db >= bounds.snr_db:
            yield f"logits {self.snr_db:.0f} dB above the noise of rounding, wanted {bounds.snr_db:g}"


@dataclass(frozen=True)
class Compared:
    """An int8 file beside fp32.

    drop: what the metric lost on the validation split, by the labels.
    fidelity: what every picture at hand says without them.
    """

    drop: Difference
    fidelity: Fidelity


def measure_fidelity(before: Scores, after: Scores) -> Fidelity:
    """From the probabilities (pictures, classes) of fp32 and of int8 to the same pictures."""
    n, changed = len(before), int((before.argmax(1) != after.argmax(1)).sum())
    exact = centred_logits(before.tolist())
    noise = float(np.square(centred_logits(after.tolist()) - exact).sum())
    signal = float(np.square(exact - exact.mean(0)).sum())
    snr_db = LARGEST_DB if noise == 0 else 10 * math.log10(max(signal, 1e-12) / noise)
    moved = float(np.abs(before - after).sum(1).mean()) / 2
    return Fidelity(n, changed, *wilson(changed, n), moved, min(snr_db, LARGEST_DB))
