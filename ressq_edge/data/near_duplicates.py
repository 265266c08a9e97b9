"""Pictures that may show the same: a copy, saved again, scaled or brightened, must not be learned and judged by.

Each picture becomes a grey thumbnail; its difference hash (Krawetz 2013: is a pixel brighter than its left
neighbour?) finds candidates without comparing all with all, the correlation of the thumbnails leaves few. Both are
needed: solar cells and X-rays look alike without being copies. Mirrored and cropped copies are not found. What is left
may still differ in a small part: near_duplicate_check.py decides.
"""

import zlib

import numpy as np
from numpy.typing import NDArray

Thumbnails = NDArray[np.uint8]

SIDE = 16  # pixels: 256 comparisons a picture
MOST_BITS = 16  # of 256 that differ; flat areas of a copy differ in some 10
BANDS = 8  # of 32 bits: hashes with up to 7 different bits share a whole band for sure, others mostly
LEAST_CORRELATION = 0.995
LEAST_CONTRAST = 2.0  # grey levels (standard deviation): evenly grey pictures have nothing to compare
CHUNK = 1 << 14  # pictures whose contrast is computed at once
LARGEST_CROWD = 64  # pictures that share a band: of more, as things on a plain ground are, not all pairs are compared
NEIGHBOURS = 16  # but each with so many behind it, in the order of their whole hashes


def find_near_duplicates(thumbnails: Thumbnails) -> list[tuple[int, int]]:
    """Pairs (i, j), i < j, of pictures that may show the same, the most alike first.

    Args:
        thumbnails: uint8 (N, 16, 17), grey.
    """
    parts = [thumbnails[start : start + CHUNK] for start in range(0, len(thumbnails), CHUNK)]
    if not parts:
        return []
    hashes = np.concatenate([_hash(part) for part in parts])
    usable = np.concatenate([part.reshape(len(part), -1).std(1) >= LEAST_CONTRAST for part in parts])
    near = sorted((-_correlate(thumbnails, *pair), *pair) for pair in _candidates(hashes, thumbnails, usable))
    return [(one, other) for correlation, one, other in near if -correlation >= LEAST_CORRELATION]


def checksums(thumbnails: Thumbnails) -> NDArray[np.uint32]:
    """(N,): the same for equal thumbnails, and hardly ever for others."""
    return np.array([zlib.crc32(thumbnail.tobytes()) for thumbnail in thumbnails], np.uint32)


def _hash(thumbnails: Thumbnails) -> NDArray[np.uint8]:
    """(N, 32): 256 bits a picture."""
    brighter = thumbnails[:, :, 1:] > thumbnails[:, :, :-1]
    return np.packbits(brighter.reshape(len(thumbnails), -1), axis=1)


def _candidates(hashes: NDArray[np.uint8], thumbnails: Thumbnails, usable: NDArray[np.bool_]) -> set[tuple[int, int]]:
    """Pairs (i, j), i < j, of usable pictures that share a band of their hashes and most of the rest."""
    bands = np.ascontiguousarray(hashes).view(np.uint32).reshape(len(hashes), BANDS)
    sums = checksums(thumbnails)
    numbers = np.flatnonzero(usable)
    found: set[tuple[int, int]] = set()
    for band in range(BANDS):
        # By this band, then by the others, then by the thumbnail: what is most alike lies side by side.
        keys = [sums[numbers], *(bands[numbers, (band + further) % BANDS] for further in reversed(range(BANDS)))]
        order = numbers[np.lexsort(keys)]
        found.update(_near(order, bands[order, band], hashes))
    return found


def _near(order: NDArray[np.intp], values: NDArray[np.uint32], hashes: NDArray[np.uint8]) -> set[tuple[int, int]]:
    """Pairs of pictures of one value, within NEIGHBOURS of each other or in a small crowd, whose hashes are near.

    order: numbers of pictures.
    values: the band of each, sorted.
    """
    _, crowd, sizes = np.unique(values, return_inverse=True, return_counts=True)
    small = sizes[crowd] <= LARGEST_CROWD
    found: set[tuple[int, int]] = set()
    for away in range(1, min(LARGEST_CROWD, len(order))):
        one, other = order[:-away], order[away:]
        wanted = values[:-away] == values[away:]
        if away > NEIGHBOURS:
            wanted &= small[:-away]
        one, other = one[wanted], other[wanted]
        close = np.bitwise_count(hashes[one] ^ hashes[other]).sum(1) <= MOST_BITS
        pairs = np.sort(np.stack([one[close], other[close]], axis=1), axis=1)
        found.update(map(tuple, pairs.tolist()))
    return found


def _correlate(thumbnails: Thumbnails, one: int, other: int) -> float:
    return float(np.corrcoef(thumbnails[one].ravel(), thumbnails[other].ravel())[0, 1])
