"""Golden pictures of the self-test: drawn from a seed with integer arithmetic, so that an artefact carries nobody's."""

from __future__ import annotations

from PIL import Image

from ressq_runtime.inputs.noise import mix

# Cells of these sizes in pixels, one noise on the other: structure at every scale a convolution looks at.
_CELLS = (64, 16, 4)


def golden_picture(seed: int, height: int, width: int) -> Image.Image:
    """A picture of coloured noise for an input of height x width: RGB, the same on every machine.

    Its sides are no multiples of the input's, so that resizing and cropping must round.
    """
    width, height = width * 3 // 2 + 1, height + height // 4 + 1
    rows: list[bytes] = []
    noise = [_Cells(seed * len(_CELLS) + index, cell) for index, cell in enumerate(_CELLS)]
    for y in range(0, height, _CELLS[-1]):
        lines = [cells.row(y, width) for cells in noise]
        row = bytes((2 * coarse + middle + fine) // 4 for coarse, middle, fine in zip(*lines, strict=True))
        rows += [row] * min(_CELLS[-1], height - y)
    return Image.frombytes("RGB", (width, height), b"".join(rows))


class _Cells:
    """A plane of square cells of random colours; cell (column, row) depends on seed and place only."""

    def __init__(self, seed: int, side: int) -> None:
        self.seed = seed
        self.side = side

    def row(self, y: int, width: int) -> list[int]:
        """3 * width values, 0..255, of the pixel row y."""
        values: list[int] = []
        for column in range(-(-width // self.side)):
            state = mix((self.seed << 40) + ((y // self.side) << 20) + column)
            values += [state & 255, state >> 8 & 255, state >> 16 & 255] * self.side
        return values[: 3 * width]
