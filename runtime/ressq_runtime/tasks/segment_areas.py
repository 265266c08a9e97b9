"""What a segmentation says of a picture: how much of it each class covers.

The text needs neither Pillow nor numpy.
"""

from __future__ import annotations

from ressq_runtime.tasks.segment_counts import UNSURE, count_pixels

TYPE_CHECKING = False
if TYPE_CHECKING:
    from PIL import Image

    from ressq_runtime.tasks.segment import Segment

UNSURE_LABEL = "unsure"
DIGITS = 6  # of a share in a table


class Areas:
    """What the network saw of a picture.

    Fields: labels; colours, (r, g, b) of each; classes, the class map, bytes row by row; shape, its (height, width);
    size, (width, height) of the picture; pixels, of the picture that each class covers, and behind them those of
    UNSURE where the task has a threshold; mask, the path of the file that holds it, if it was written.
    """

    __slots__ = ("_top_k", "_values", "classes", "colours", "labels", "mask", "pixels", "shape", "size")

    def __init__(self, task: Segment, classes: bytes, size: tuple[int, int]) -> None:
        self.labels = [*task.labels, UNSURE_LABEL] if task.threshold else task.labels
        self.colours, self.shape, self._top_k = task.colours, task.shape, task.top_k
        self.classes, self.size, self.mask = classes, size, ""
        self._values = [*range(len(task.labels)), UNSURE][: len(self.labels)]
        self.pixels = count_pixels(classes, self.shape, size, self._values)

    @property
    def shares(self) -> list[float]:
        """Of the picture, 0..1, in the order of labels."""
        width, height = self.size
        return [count / (width * height) for count in self.pixels]

    def to_text(self) -> str:
        """A line a class, the largest first."""
        width = max(map(len, self.labels))
        return "\n".join(f"{label:<{width}}  {share:6.1%}" for label, share in self._ranked())

    def to_line(self) -> str:
        """The classes that are there, the largest first."""
        return ", ".join(f"{label} {share:.1%}" for label, share in self._ranked() if share)

    def to_json(self) -> dict[str, object]:
        """The keys of docs/json.md."""
        from ressq_runtime.tasks.segment_boxes import find_boxes

        width, height = self.size
        boxes = find_boxes(self.classes, self.shape, self.size)
        rows = zip(self.labels, self.shares, self.pixels, self._values, strict=True)
        areas = [
            {"label": label, "share": round(share, 7), "pixels": count, "box": boxes.get(value)}
            for label, share, count, value in rows
        ]
        written = {"mask": self.mask} if self.mask else {}
        return {"width": width, "height": height, "areas": areas, **written}

    def to_cells(self) -> list[str]:
        """The share of each class, in the order of labels."""
        return [f"{share:.{DIGITS}f}" for share in self.shares]

    def draw_over(self, picture: Image.Image) -> Image.Image:
        """The picture under the classes' colours."""
        from ressq_runtime.tasks.segment_pictures import draw_overlay

        return draw_overlay(self, picture)

    def _ranked(self) -> list[tuple[str, float]]:
        ranked = sorted(zip(self.labels, self.shares, strict=True), key=lambda pair: -pair[1])
        return ranked[: self._top_k]
