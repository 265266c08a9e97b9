"""Pictures that may show the same: a copy, saved again, scaled or brightened, must not be learned and judged by.

Each picture becomes a grey thumbnail; its difference hash (Krawetz 2013: is a pixel brighter than its left
neighbour?) finds candidates without comparing all with all, the correlation of the thumbnails leaves few. Both are
needed: solar cells and X-rays look alike without being copies. Mirrored and cropped copies are not found. What is left
may still differ in a small part: second_look.py decides.
"""

from itertools import combinations, pairwise

import numpy as np
from numpy.typing import NDArray

Thumbnails = NDArray[np.uint8]

SIDE = 16  # pixels: 256 comparisons a picture
MOST_BITS = 16  # of 256 that differ; flat areas of a copy differ in some 10
BANDS = 8  # of 32 bits: hashes with up to 7 different bits share a whole band for sure, others mostly
LEAST_CORRELATION = 0.995
LEAST_CONTRAST = 2.0  # grey levels (standard deviation): evenly grey pictures have nothing to compare
CHUNK = 1 << 14  # pictures whose contrast is computed at once
LARGEST_CROWD = 64  # pictures in one band: above it only neighbours are compared, all of them copies or nearly


def find_alike(thumbnails: Thumbnails) -> list[tuple[int, int]]:
    """Pairs (i, j), i < j, of pictures that may show the same, the most alike first.

    Args:
        thumbnails: uint8 (N, 16, 17), grey.
    """
    parts = [thumbnails[start : start + CHUNK] for start in range(0, len(thumbnails), CHUNK)]
    if not parts:
        return []
    hashes = np.concatenate([_hash(part) for part in parts])
    usable = np.concatenate([part.reshape(len(part), -1).std(1) >= LEAST_CONTRAST for part in parts])
    pairs = (pair for pair in _candidates(hashes, usable) if _count_bits(hashes, *pair) <= MOST_BITS)
    near = sorted((-_correlate(thumbnails, *pair), *pair) for pair in pairs)
    return [(one, other) for correlation, one, other in near if -correlation >= LEAST_CORRELATION]


def _hash(thumbnails: Thumbnails) -> NDArray[np.uint8]:
    """(N, 32): 256 bits a picture."""
    brighter = thumbnails[:, :, 1:] > thumbnails[:, :, :-1]
    return np.packbits(brighter.reshape(len(thumbnails), -1), axis=1)


def _candidates(hashes: NDArray[np.uint8], usable: NDArray[np.bool_]) -> set[tuple[int, int]]:
    """Pairs of pictures that share a band of their hashes."""
    bands = np.ascontiguousarray(hashes).view(np.uint32).reshape(len(hashes), BANDS)
    numbers = np.flatnonzero(usable)
    found: set[tuple[int, int]] = set()
    for band in range(BANDS):
        values = bands[numbers, band]
        order = np.argsort(values, kind="stable")
        ends = np.flatnonzero(np.diff(values[order])) + 1
        for crowd in np.split(numbers[order], ends):
            if len(crowd) > 1:
                members = [int(number) for number in crowd]
                found.update(combinations(members, 2) if len(members) <= LARGEST_CROWD else pairwise(members))
    return found


def _count_bits(hashes: NDArray[np.uint8], one: int, other: int) -> int:
    return int(np.bitwise_count(hashes[one] ^ hashes[other]).sum())


def _correlate(thumbnails: Thumbnails, one: int, other: int) -> float:
    return float(np.corrcoef(thumbnails[one].ravel(), thumbnails[other].ravel())[0, 1])
