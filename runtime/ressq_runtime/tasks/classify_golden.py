"""The self-test's scores: how far those of another machine may lie from the workstation's."""

from __future__ import annotations

import math

from ressq_runtime.errors import ArtefactError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from ressq_runtime.tasks.classify import Classify

# Float kernels add in another order on another CPU; no log-probability moved by a tenth of this in our trials.
ROUNDING = 1e-3
# Below this a probability says nothing, and its logarithm is all rounding.
SMALLEST_PROBABILITY = 1e-9


def check_scores(task: Classify, case: str, wanted: Sequence[float], found: Sequence[float], by: str) -> None:
    """Compares scores that `by` computed with the card's: within one int8 step of every logit, and rounding.

    One step of each logit moves a log-probability by two steps at most. Errors begin with `case`.

    Raises:
        ArtefactError: a score moved by more.
    """
    allowed = 2 * task.step + ROUNDING
    moved = [abs(_log(f) - _log(w)) for f, w in zip(found, wanted, strict=True)]
    worst = max(range(len(moved)), key=moved.__getitem__)
    if not moved[worst] <= allowed:
        raise ArtefactError(
            f"{case}: scores differ (found {found[worst]:.6g} for {task.labels[worst]}, wanted {wanted[worst]:.6g}; "
            f"log moved {moved[worst]:.3g}, allowed {allowed:.3g}); {by} computes otherwise: try --engine"
        )


def _log(probability: float) -> float:
    return math.log(max(probability, SMALLEST_PROBABILITY))
