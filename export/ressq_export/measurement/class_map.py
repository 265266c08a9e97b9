"""A class map as it is kept: packed, with the probabilities of a few cells. Of 1,000 pictures that is some megabytes.

Probabilities lie on the head's own grid, whose cells are coarser than pixels. A cell's truth is that of the pixel in
its middle; which cells are kept is drawn by a seed that is the picture's own, so that all files keep the same ones.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ressq_edge.data.masks.reading import MaskClasses, read_target
from ressq_edge.findings.iou import IGNORED

Map = NDArray[np.uint8]  # (H, W)
_MOST_CELLS, _MOST_VALUES = 64, 1024  # of a picture; cells times classes


class Packed:
    """A class map, packed to a fiftieth or so.

    Fields: shape, its height and width.
    """

    __slots__ = ("_data", "shape")

    def __init__(self, classes: Map) -> None:
        self.shape = classes.shape
        self._data = zlib.compress(np.ascontiguousarray(classes).tobytes(), 1)

    def unpack(self) -> Map:
        """uint8 (H, W)."""
        return np.frombuffer(zlib.decompress(self._data), np.uint8).reshape(self.shape)

    @property
    def nbytes(self) -> int:
        """Bytes that it takes."""
        return len(self._data)


class Truth:
    """The mask of a picture, read when it is wanted for the first time."""

    def __init__(self, path: Path, classes: MaskClasses, size: tuple[int, int], order: Sequence[int] = ()) -> None:
        """A mask that is brought to `size`, height and width.

        order: the network's class for each class of the mask; none: they are the same.
        """
        self.path = path
        self._classes, self._size, self._order = classes, size, order
        self._packed: Packed | None = None

    def unpack(self) -> Map:
        """uint8 (H, W), 255 where nobody knows.

        Raises:
            PictureError, MaskError: it can't be read, or holds a value that the scan did not see.
        """
        if self._packed is None:
            found = read_target(self.path, self._classes, self._size)
            if self._order:
                table = np.full(256, IGNORED, np.uint8)
                table[: len(self._order)] = self._order
                found = table[found]
            self._packed = Packed(found)
        return self._packed.unpack()


class PixelAnswer:
    """What one file says of one picture.

    Fields: classes, its class map; places, int (cells,), the pixel in the middle of each cell that is kept, row by row;
    cells, float32 (cells, classes), their probabilities, or logits.
    """

    __slots__ = ("_counts", "cells", "classes", "places")

    def __init__(self, classes: Map, cells: NDArray[np.float32], pixels: bytes) -> None:
        """Of a class map (H, W), the values (h, w, classes) of every cell, and the picture's pixels."""
        height, width = classes.shape
        self.classes = Packed(classes)
        self.cells, self.places = sample_cells(cells, pixels, (height, width))
        self._counts: NDArray[np.int64] | None = None

    def count(self, truth: Truth, labels: int) -> NDArray[np.int64]:
        """`pixel_counts.count` against the picture's truth; the second time it is known."""
        if self._counts is None:
            from ressq_export.measurement.pixel_counts import count

            self._counts = count(self.classes.unpack(), truth.unpack(), labels)
        return self._counts


def sample_cells(
    cells: NDArray[np.float32], pixels: bytes, size: tuple[int, int]
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Some cells of (h, w, classes), and the pixel of a picture of `size` that lies in the middle of each."""
    rows, columns, classes = cells.shape
    kept = max(1, min(_MOST_CELLS, _MOST_VALUES // classes))
    chosen = np.random.default_rng(zlib.crc32(pixels)).integers(0, rows * columns, kept)
    row, column = np.divmod(chosen, columns)
    height, width = size
    places = (2 * row + 1) * height // (2 * rows) * width + (2 * column + 1) * width // (2 * columns)
    return np.array(cells.reshape(-1, classes)[chosen], np.float32), places


def gather_cells(
    answers: Sequence[PixelAnswer], truths: Iterable[Truth]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """The kept cells of all pictures whose truth is known: values (cells, classes), and the class of each."""
    values, known = [np.zeros((0, answers[0].cells.shape[1]))], [np.zeros(0, np.int64)]
    for answer, truth in zip(answers, truths, strict=True):
        right = truth.unpack().reshape(-1)[answer.places].astype(np.int64)
        values.append(answer.cells[right != IGNORED].astype(np.float64))
        known.append(right[right != IGNORED])
    return np.concatenate(values), np.concatenate(known)
