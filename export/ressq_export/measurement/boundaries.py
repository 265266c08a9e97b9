"""Boundaries between classes: how well they are met, and whether what changed lies at them.

Boundary F is that of Csurka et al., "What is a good evaluation measure for semantic segmentation?", BMVC 2013: of a
class in a picture, precision is the share of its boundary pixels in the answer that lie within REACH of its boundary in
the truth, recall the share of those in the truth that lie within REACH of the answer's, and F = 2 P R / (P + R). A
picture's figure is the mean over the classes that have a boundary in either, and that of many pictures is their mean.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from ressq_edge.findings.iou import IGNORED
from ressq_export.measurement.pixel_counts import Floats

REACH = 3  # pixels, Euclidean; their 0.75 % of the diagonal is 3.0 of 241 x 321
_BITS = 64  # classes that are looked at at once, a bit each

Map = NDArray[np.uint8]
Bits = NDArray[np.uint64]


def find_boundary(classes: Map) -> NDArray[np.bool_]:
    """(H, W): the pixels that have another class than one of their four neighbours; ignored pixels have none."""
    known = classes != IGNORED
    found = np.zeros(classes.shape, bool)
    for one, other in (((slice(1, None),), (slice(-1),)), ((slice(None), slice(1, None)), (slice(None), slice(-1)))):
        differs = (classes[one] != classes[other]) & known[one] & known[other]
        found[one] |= differs
        found[other] |= differs
    return found


def reach(marks: Bits) -> Bits:
    """(H, W): the bits of all pixels within REACH of each pixel, its own among them."""
    widths = {dy: math.isqrt(REACH**2 - dy**2) for dy in range(-REACH, REACH + 1)}
    rows = {0: marks}
    for width in range(1, REACH + 1):
        rows[width] = rows[width - 1] | _shift(marks, width, 1) | _shift(marks, -width, 1)
    found = np.zeros_like(marks)
    for dy, width in widths.items():
        found |= _shift(rows[width], dy, 0)
    return found


def _shift(marks: Bits, by: int, axis: int) -> Bits:
    """What lies `by` pixels on; nothing beyond the edge."""
    if by == 0:
        return marks
    found = np.zeros_like(marks)
    into: Callable[[slice], tuple[slice, ...]] = lambda part: (part,) if axis == 0 else (slice(None), part)  # noqa: E731
    to, of = (slice(-by), slice(by, None)) if by > 0 else (slice(-by, None), slice(by))
    found[into(to)] = marks[into(of)]
    return found


def boundary_fs(answer: Map, truth: Map, classes: int) -> Floats:
    """(classes,): boundary F of each class in a picture, NaN where it has a boundary in neither."""
    answer = np.where(truth == IGNORED, np.uint8(IGNORED), answer)
    found = np.full(classes, np.nan)
    counts = np.array([_count_near(one, other, classes) for one, other in ((answer, truth), (truth, answer))])
    there = counts[:, 0].sum(0) > 0  # (classes,)
    shares = np.divide(counts[:, 1], counts[:, 0], out=np.zeros(counts[:, 0].shape), where=counts[:, 0] > 0)
    both = shares.sum(0)
    found[there] = np.divide(2 * shares.prod(0), both, out=np.zeros(classes), where=both > 0)[there]
    return found


def _count_near(one: Map, other: Map, classes: int) -> NDArray[np.int64]:
    """(2, classes): boundary pixels of `one`, and those within REACH of the same class's boundary in `other`."""
    here, there = find_boundary(one), find_boundary(other)
    of = one[here]
    near = np.zeros(len(of), bool)
    for first in range(0, classes, _BITS):
        marks = np.where(there & (other >= first) & (other < first + _BITS), np.uint64(1), np.uint64(0))
        marks <<= np.where(marks > 0, other - np.uint8(first), 0).astype(np.uint64)
        some = (of >= first) & (of < first + _BITS)
        bits = reach(marks)[here][some]
        near[some] = (bits >> (of[some] - np.uint8(first)).astype(np.uint64)) & np.uint64(1) > 0
    return np.array([np.bincount(of, minlength=classes), np.bincount(of[near], minlength=classes)])


def count_changed(before: Map, after: Map, truth: Map) -> NDArray[np.int64]:
    """(3,): pixels that changed, those of them within REACH of a boundary of the truth or of `before`, all such."""
    marks = (find_boundary(truth) | find_boundary(before)).astype(np.uint64)
    near = reach(marks) > 0
    changed = before != after
    return np.array([changed.sum(), (changed & near).sum(), near.sum()], np.int64)
