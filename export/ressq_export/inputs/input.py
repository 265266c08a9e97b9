"""What goes into a network, as all others know it: how samples are read."""

from __future__ import annotations

from typing import Any, Protocol


class Input(Protocol):
    """A kind of samples."""

    def read(self, sample: Any) -> bytes:
        """What the network takes of a sample.

        Raises:
            RessqError: it cannot be read.
        """
