"""How well a segmentation's class maps cover the masks of a folder, with the uncertainty of that figure."""

from __future__ import annotations

import os
import random
from collections import Counter
from dataclasses import asdict, dataclass
from operator import mul
from pathlib import Path
from typing import TYPE_CHECKING

from ressq_runtime.errors import EngineError, FolderError
from ressq_runtime.inputs.names import refuse_locale
from ressq_runtime.inputs.readable import read_all
from ressq_runtime.tasks.segment_counts import read_classes
from ressq_runtime.tasks.segment_masks import IGNORED, list_pairs, read_mask

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from PIL import Image

    from ressq_runtime.model import Model
    from ressq_runtime.tasks.segment import Segment

RESAMPLES, SEED = 1000, 0
_TAIL = 0.025


@dataclass(frozen=True)
class Evaluation:
    """What was measured on one folder, at the size of the class maps; shares are fractions, 0..1.

    n            pictures that were read with their masks
    miou         mean IoU of the classes that truth or answer holds, of all pixels together; low and high: 95 %
                 interval by a bootstrap over pictures
    iou, f1      label -> share; None for a class that neither truth nor answer holds
    pixels       label -> pixels of the class in the masks
    ignored      pixels that the masks leave out
    confusion    rows: the truth, columns: the answer, both in the order of labels; counts of pixels
    faults       pictures or masks that could not be read, each with its reason; they are not in n
    """

    artefact: str
    folder: str
    engine: str
    n: int
    miou: float
    miou_low: float
    miou_high: float
    labels: tuple[str, ...]
    iou: dict[str, float | None]
    f1: dict[str, float | None]
    pixels: dict[str, int]
    ignored: int
    confusion: tuple[tuple[int, ...], ...]
    faults: tuple[str, ...]

    def to_text(self) -> str:
        """The same for a person."""
        width = max(len("class"), *map(len, self.labels))
        lines = [
            f"{self.artefact} on {self.n} pictures of {self.folder} ({self.engine})",
            f"mIoU  {self.miou:6.1%}  95 % interval {self.miou_low:.1%} to {self.miou_high:.1%}",
            "",
            f"{'class':<{width}}     IoU      F1  pixels",
        ]
        for label in self.labels:
            iou, f1 = self.iou[label], self.f1[label]
            found = "  absent in these pictures" if iou is None else f"  {iou:6.1%}  {f1:6.1%}  {self.pixels[label]:,}"
            lines.append(f"{label:<{width}}{found}")
        return "\n".join(lines)

    def to_json(self) -> dict[str, object]:
        """The fields as JSON-able values."""
        return asdict(self)


def evaluate(
    model: Model,
    task: Segment,
    folder: str | os.PathLike[str],
    progress: Callable[[int, int], None] | None = None,
    split: str | os.PathLike[str] | None = None,
) -> Evaluation:
    """Compares the class map of every picture of a folder with its mask; with `split`, those of a run's test part.

    Raises:
        FolderError: no pairs of picture and mask, or not one could be read, or the masks ignore every pixel; or the
            split is none, or of other classes, or has no test part.
    """
    refuse_locale(folder, [str(folder), model.path])
    named, pairs, reading = list_pairs(Path(folder), task, split)
    faults: list[str] = []
    rows: list[list[int]] = []
    confusion = Counter[tuple[int, int]]()

    def read(pair: tuple[str, str]) -> tuple[bytes, Image.Image]:
        data, _, _, size = model.prepare(pair[0])
        return data, read_mask(pair[1], pair[0], size, task, reading)

    for _, _, (data, mask) in read_all([(pair, None) for pair in pairs], read, faults, progress):
        found = Counter(zip(mask.tobytes(), read_classes(model.run(data)), strict=True))
        if (largest := max(answer for _, answer in found)) >= len(task.labels):
            raise EngineError(f"{model.path}: found class {largest} in a class map, wanted a label's; export it again")
        rows.append(_count(found, len(task.labels)))
        confusion += found
    _check_known(named, confusion, task)
    engine = f"{model.engine.name} {model.engine.version}"
    return summarise(model.path, named, engine, task.labels, rows, confusion, faults)


def _check_known(folder: str, confusion: Counter[tuple[int, int]], task: Segment) -> None:
    """Refuses masks that leave out what they should hold.

    Raises:
        FolderError: every pixel is ignored, or all that is not background.
    """
    held = {truth for truth, _ in confusion}
    if held == {IGNORED}:
        raise FolderError(f"{folder}: found 255 alone in the masks, where it is ignored; give masks with classes")
    if held == {0, IGNORED}:
        raise FolderError(
            f"{folder}: found 0 and 255 alone in the masks, where 255 is ignored; write 1 for {task.labels[1]}"
        )


def summarise(
    artefact: str,
    folder: str,
    engine: str,
    labels: Sequence[str],
    rows: Sequence[Sequence[int]],
    confusion: Counter[tuple[int, int]],
    faults: Sequence[str],
) -> Evaluation:
    """The figures of pictures that were compared; rows: of each what `_count` gives."""
    count = len(labels)
    total = [sum(column) for column in zip(*rows, strict=True)]
    ious = class_ious(total)
    f1s = [2 * hit / (t + a) if t + a else None for hit, t, a in _by_class(total)]
    return Evaluation(
        artefact, folder, engine, len(rows), _mean(ious), *bootstrap(rows), tuple(labels),
        dict(zip(labels, ious, strict=True)), dict(zip(labels, f1s, strict=True)),
        dict(zip(labels, total[count : 2 * count], strict=True)),
        sum(n for (truth, _), n in confusion.items() if truth == IGNORED),
        tuple(tuple(confusion[truth, answer] for answer in range(count)) for truth in range(count)), tuple(faults),
    )  # fmt: skip


def bootstrap(rows: Sequence[Sequence[int]]) -> tuple[float, float]:
    """The 95 % interval of the mIoU, by drawing as many pictures again with the same seed."""
    drawn = random.Random(SEED)  # noqa: S311 - a draw that anybody can repeat
    columns, means = list(zip(*rows, strict=True)), []
    for _ in range(RESAMPLES):
        times = Counter(drawn.choices(range(len(rows)), k=len(rows)))
        weights = [times[place] for place in range(len(rows))]
        means.append(_mean(class_ious([sum(map(mul, weights, column)) for column in columns])))
    means.sort()
    return means[round(_TAIL * (RESAMPLES - 1))], means[round((1 - _TAIL) * (RESAMPLES - 1))]


def class_ious(row: Sequence[int]) -> list[float | None]:
    """IoU of each class; None where neither truth nor answer holds it."""
    return [hit / (t + a - hit) if t + a else None for hit, t, a in _by_class(row)]


def _count(found: Counter[tuple[int, int]], count: int) -> list[int]:
    """Pixels of each class that were found, then those in the mask, then those in the answer; ignored ones left out."""
    row = [0] * (3 * count)
    for (truth, answer), n in found.items():
        if truth != IGNORED:
            row[count + truth] += n
            row[2 * count + answer] += n
            row[truth] += n * (truth == answer)
    return row


def _by_class(row: Sequence[int]) -> list[tuple[int, int, int]]:
    count = len(row) // 3
    return list(zip(row[:count], row[count : 2 * count], row[2 * count :], strict=True))


def _mean(ious: Sequence[float | None]) -> float:
    known = [iou for iou in ious if iou is not None]
    return sum(known) / len(known) if known else 0.0
