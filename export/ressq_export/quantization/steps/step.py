"""One quantization step."""

from collections.abc import Callable
from dataclasses import dataclass

from ressq_export.quantization.quantizer import Candidate, Quantizer


@dataclass(frozen=True)
class QuantizationStep:
    """A way to make int8 more accurate.

    name: in the card and the certificate.
    apply: makes a better candidate of the one before.
    suits: whether it knows the network's layers and has what it needs; the search leaves it out where not.
    weighed: whether it is tried even where the one before suffices, and the better one taken.
    """

    name: str
    apply: Callable[[Candidate, Quantizer], Candidate]
    suits: Callable[[Quantizer], bool] = lambda _quantizer: True
    weighed: Callable[[Quantizer], bool] = lambda _quantizer: False
