"""One rung of the ladder."""

from collections.abc import Callable
from dataclasses import dataclass

from ressq_export.bench import Bench, Candidate
from ressq_export.network import DeployedNetwork


@dataclass(frozen=True)
class Rung:
    """A remedy.

    name: in the card and the certificate.
    apply: makes a better candidate of the one before.
    suits: whether it knows a network's layers; the ladder leaves it out where it does not.
    """

    name: str
    apply: Callable[[Candidate, Bench], Candidate]
    suits: Callable[[DeployedNetwork], bool] = lambda _network: True
