"""Pictures beside their masks and what the network answers, in the classes' colours."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ressq_edge.atomic import write_bytes
from ressq_edge.charts.canvas import INK, draw

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLUMN_INCHES = 3.2
UNUSED = ((255, 255, 255), (0, 0, 0), (128, 128, 128), (255, 0, 255))  # for ignored pixels: one is no class's
_IGNORED = 255
_MOST_NAMED = 40  # classes

Colours = Sequence[tuple[int, int, int]]


@dataclass(frozen=True)
class Shown:
    """A picture and its two masks.

    picture: uint8 (H, W, 3) RGB.
    truth, answer: uint8 (H, W), classes; 255 is ignored.
    iou: the mIoU of this picture.
    """

    picture: NDArray[np.uint8]
    truth: NDArray[np.uint8]
    answer: NDArray[np.uint8]
    iou: float


def draw_masks(path: Path, shown: Sequence[Shown], colours: Colours, labels: Sequence[str]) -> None:
    """A row for each: picture, truth, answer; below them the colours of the classes.

    Raises:
        OutputError: the file cannot be written.
    """
    height, width = shown[0].truth.shape if shown else (1, 1)
    row = COLUMN_INCHES * min(2.0, height / width) + 0.3
    legend = 0.3 * (1 + min(len(labels), _MOST_NAMED) // 6)

    def paint(figure: "Figure") -> None:
        _paint(figure, shown, colours, labels)

    with warnings.catch_warnings(action="ignore"):  # on letters that the font lacks: boxes will do
        content = draw(paint, (3 * COLUMN_INCHES, row * max(1, len(shown)) + legend), "png", "masks")
    write_bytes(path, content)


def _paint(figure: "Figure", shown: Sequence[Shown], colours: Colours, labels: Sequence[str]) -> None:
    from matplotlib.patches import Patch

    grid = figure.subplots(max(1, len(shown)), 3, squeeze=False)
    for axes in grid.flat:
        axes.set_axis_off()
    for cells, one in zip(grid, shown, strict=False):
        images = (one.picture, colour_mask(one.truth, colours), colour_mask(one.answer, colours))
        for axes, image, title in zip(cells, images, ("picture", "mask", f"answer: mIoU {one.iou:.1%}"), strict=True):
            axes.imshow(image, interpolation="nearest")
            axes.set_title(title, fontsize=9, color=INK, fontweight="normal", pad=4)
    named = [*zip(colours, labels, strict=True)][:_MOST_NAMED]
    if any((one.truth == _IGNORED).any() for one in shown):
        named.append((choose_unused(colours), "ignored"))
    patches = [
        Patch(facecolor=(red / 255, green / 255, blue / 255), edgecolor=INK, linewidth=0.4, label=label)
        for (red, green, blue), label in named
    ]
    figure.legend(handles=patches, loc="outside lower center", ncols=6, fontsize=8, frameon=False)


def colour_mask(mask: NDArray[np.uint8], colours: Colours) -> NDArray[np.uint8]:
    """uint8 (H, W) classes -> uint8 (H, W, 3) RGB."""
    table = np.full((_IGNORED + 1, 3), choose_unused(colours), np.uint8)
    table[: len(colours)] = np.array(colours, np.uint8).reshape(-1, 3)
    found: NDArray[np.uint8] = table[mask]
    return found


def choose_unused(colours: Sequence[Sequence[int]]) -> tuple[int, int, int]:
    """A colour for ignored pixels: of a few, the one that is farthest from every class's."""

    def distance(one: tuple[int, int, int]) -> int:
        return min((sum(abs(a - b) for a, b in zip(one, other, strict=True)) for other in colours), default=0)

    return max(UNUSED, key=distance)
