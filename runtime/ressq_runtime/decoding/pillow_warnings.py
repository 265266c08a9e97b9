"""Pillow's warnings while we decode: ignored in the thread that does, and shown as ever in all others.

`warnings.catch_warnings` exchanges the whole process's filters, and threads that overlap put back each other's (before
Python 3.14: python/cpython#128384). Here a filter comes, matches in its own thread alone, and goes.
"""

from __future__ import annotations

import re
import warnings
from _thread import _local
from contextlib import suppress

from PIL import Image

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class _Pillow(_local):
    """What `warnings` takes for the pattern of a module's name. In C throughout: no other thread runs in between."""

    match: Any = "".startswith  # no module's name


_pillow = _Pillow()
_FILTERS: tuple[Any, ...] = (
    # Pillow warns from 89 megapixels on and refuses from 178: phones make 108, so only the refusal counts.
    ("ignore", None, Image.DecompressionBombWarning, _pillow, 0),
    # A damaged EXIF or TIFF tag is no reason to lose the picture; what can't be decoded raises.
    ("ignore", None, UserWarning, _pillow, 0),
)


class Ignored:
    """Within it, this thread hears none of Pillow's warnings."""

    def __enter__(self) -> None:
        self._filters: list[Any] = warnings.filters  # type: ignore[assignment]  # which it is
        self._outside = _pillow.match
        _pillow.match = re.compile(r"PIL\.").match
        for entry in _FILTERS:
            self._filters.insert(0, entry)

    def __exit__(self, *_: object) -> None:
        for entry in _FILTERS:
            with suppress(ValueError):  # the program has set its filters anew meanwhile
                self._filters.remove(entry)
        _pillow.match = self._outside
