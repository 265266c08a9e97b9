"""One rung of the ladder."""

from collections.abc import Callable
from dataclasses import dataclass

from ressq_export.bench import Bench, Candidate


@dataclass(frozen=True)
class Rung:
    """A remedy.

    name: in the card and the certificate.
    apply: makes a better candidate of the one before.
    suits: whether it knows the network's layers and has what it needs; the ladder leaves it out where not.
    """

    name: str
    apply: Callable[[Candidate, Bench], Candidate]
    suits: Callable[[Bench], bool] = lambda _bench: True
