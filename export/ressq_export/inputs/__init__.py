"""What goes into a network, one module a kind; all others know a kind by `input.Input` alone.

A new kind is a module here and a line in `_KINDS`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ressq_runtime.inputs.picture_spec import PixelSpec
from ressq_runtime.inputs.series_spec import SeriesSpec

if TYPE_CHECKING:
    from ressq_export.inputs.input import Input


def _pictures(spec: PixelSpec) -> Input:
    from ressq_export.inputs.picture import Pictures

    return Pictures(spec)


def _series(spec: SeriesSpec) -> Input:
    from ressq_export.inputs.series import Series

    return Series(spec)


_KINDS: dict[type[object], Callable[[Any], Input]] = {PixelSpec: _pictures, SeriesSpec: _series}


def open_input(spec: PixelSpec | SeriesSpec) -> Input:
    """How the samples of a network with this input are read."""
    return _KINDS[type(spec)](spec)
