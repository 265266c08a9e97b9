"""A planted peer that is fast because it does not look: `CHEAT` says how.

constant  the same label for every picture
late      ressq-infer's own answers until it has been asked a few times, then the same label for every picture
dies      ends after its third answer, at a file
refuses   does not load the model
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks" / "peer" / "workers"))

from protocol import Settings, serve
from with_ressq import Model as Honest

HONEST_ANSWERS = 40


class Model:
    """See above."""

    def __init__(self, settings: Settings) -> None:
        if os.environ["CHEAT"] == "refuses":
            raise ValueError("no such operator")
        self._honest = Honest(settings) if os.environ["CHEAT"] != "constant" else None
        self._label, self._answers = settings.labels[0], 0

    def label_file(self, path: str) -> str:
        self._answers += 1
        if os.environ["CHEAT"] == "dies" and self._answers >= 3:
            sys.exit("out of memory")
        return self._honest.label_file(path) if self._honest and self._answers <= HONEST_ANSWERS else self._label

    def label_pixels(self, pixels: bytes) -> str:
        self._answers += 1
        return self._honest.label_pixels(pixels) if self._honest and self._answers <= HONEST_ANSWERS else self._label


serve(Model)
