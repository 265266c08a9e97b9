"""Runs of pixels outside, inside, outside, ..., and COCO's compressed form of them.

They are unpacked here, with their sum checked: pycocotools reads and writes outside its memory where they do not fit.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def fill_runs(counts: Sequence[int], width: int, height: int, *, by_columns: bool) -> NDArray[np.bool_]:
    """bool (height, width): the pixels inside.

    Raises:
        ValueError: the runs are not of so many pixels.
    """
    if min(counts, default=-1) < 0 or sum(counts) != width * height:
        raise ValueError(f"runs of {sum(counts):,} pixels for {width}x{height}")
    flat = np.repeat(np.arange(len(counts)) % 2 == 1, counts)
    return flat.reshape(width, height).T if by_columns else flat.reshape(height, width)


def unpack_counts(text: str) -> list[int]:
    """The runs of COCO's compressed form: five bits a sign, the lowest first, differences from the last but one.

    Raises:
        ValueError: it ends within a number, or has another sign.
    """
    counts: list[int] = []
    value = shift = 0
    for sign in text:
        bits = ord(sign) - 48
        if not 0 <= bits < 64 or shift > 60:
            raise ValueError("damaged runs")
        value |= (bits & 31) << shift
        shift += 5
        if bits & 32:
            continue
        if bits & 16:
            value -= 1 << shift
        counts.append(value + (counts[-2] if len(counts) > 2 else 0))
        value = shift = 0
    if shift:
        raise ValueError("damaged runs")
    return counts
