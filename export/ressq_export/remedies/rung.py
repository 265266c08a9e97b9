"""One rung of the ladder."""

from collections.abc import Callable
from dataclasses import dataclass

from ressq_export.bench import Bench, Candidate


@dataclass(frozen=True)
class Rung:
    """A remedy.

    name: in the card and the certificate.
    apply: makes a better candidate of the one before.
    """

    name: str
    apply: Callable[[Candidate, Bench], Candidate]
