"""Pixels whose class is not probable enough: what a threshold makes of a class map."""

from __future__ import annotations

from PIL import Image, ImageChops

from ressq_runtime.artefact.card import SCORES
from ressq_runtime.tasks.segment_counts import UNSURE, read_classes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from ressq_runtime.engines.tensor import Tensor

_STEEP = 1e6  # a probability this part above the threshold is above it


def mark_unsure(outputs: Mapping[str, Tensor], shape: tuple[int, int], threshold: float) -> bytes:
    """The class map with UNSURE where the pixel's class has a probability below the threshold.

    The probability of a pixel lies between those of the scores' cells around it, as MediaPipe resizes them: on the line
    between two classes that are sure, neither is.
    """
    height, width = shape
    classes = Image.frombytes("L", (width, height), read_classes(outputs))
    scores = outputs[SCORES]
    _, rows, columns, count = scores.shape
    values = memoryview(scores.data).cast("f")
    sure = Image.new("L", (width, height))
    for index in range(count):
        here = classes.point([255 * (index == other) for other in range(256)])
        if here.getbbox() is None:
            continue
        plane = Image.frombytes("F", (columns, rows), values[index::count].tobytes(), "raw", "F;32NF")
        above: Any = lambda value: value * _STEEP + (1 - threshold * _STEEP)  # noqa: E731 - Pillow reads scale, offset
        large = plane.resize((width, height), Image.Resampling.BILINEAR).point(above).convert("L")
        sure = ImageChops.lighter(sure, ImageChops.darker(here, large.point([0] + [255] * 255)))
    return Image.composite(classes, Image.new("L", (width, height), UNSURE), sure).tobytes()
