"""What a person is told of masks: lines, notes, and a table of the pixels of each class in each part."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

from ressq_edge.data.masks.classes import IGNORED
from ressq_edge.data.masks.matching import count, name_some
from ressq_edge.data.masks.reading import MaskClasses, show
from ressq_edge.data.masks.scan import MaskScan
from ressq_edge.data.masks.steps import note_steps
from ressq_edge.data.split import PARTS, Split

_SHOWN = 12  # values or sizes in a line
_RARE = 0.001  # share of the pixels: such a class is hard to learn


def tell_scan(scan: MaskScan) -> list[str]:
    """Pairs, kinds of files, values and sizes, a line each."""
    parts = Counter(one.pair.part for one in scan.scanned if one.pair.part)
    by_part = ", ".join(f"{number:,} {part}" for part, number in parts.items())
    lines = [f"{count(len(scan.scanned), 'pair')} of pictures and masks{f': {by_part}' if by_part else ''}"]
    kinds = Counter(one.look.kind for one in scan.scanned)
    lines.append("masks: " + "; ".join(f"{number:,} {kind}" for kind, number in kinds.most_common()))
    reading = scan.classes.reading if scan.classes else "index"
    values: set[int] = set()
    for one in scan.scanned:
        values |= set((one.look.indices if reading == "index" else None) or one.look.colours)
    shown = [show(value, reading) for value in sorted(values)]
    what = "values" if reading == "index" else "colours"
    lines.append(f"{what}: {_list(shown)}" + _name_reading(scan))
    sizes = Counter("{}x{}".format(*one.look.size) for one in scan.scanned)
    lines.append(f"sizes: {_list([f'{size} ({number:,})' for size, number in sizes.most_common()])}")
    return lines


def _name_reading(scan: MaskScan) -> str:
    if scan.classes is None:
        return ""
    ignored = [show(v, scan.classes.reading) for v, target in scan.classes.targets if target == IGNORED]
    return f"; read by {scan.classes.reading}, {', '.join(ignored) or 'none'} ignored, names from {scan.classes.source}"


def _list(items: list[str]) -> str:
    separator = "; " if any("," in item for item in items) else ", "
    more = len(items) - _SHOWN
    return separator.join(items[:_SHOWN]) + (f" and {more:,} more" if more > 0 else "")


def note_scan(scan: MaskScan) -> list[str]:
    """What a person should know although it is trained, a note each."""
    if scan.classes is None:
        return []
    notes = []
    total = scan.pixels.sum(0)[:-1]
    shares = total / max(1, total.sum())
    rare = [
        f"{label} ({share:.2%})" for label, share in zip(scan.classes.labels, shares, strict=True) if 0 < share < _RARE
    ]
    if rare:
        notes.append(f"rare classes, by their pixels: {', '.join(rare)}")
    if scan.classes.reading == "index":
        notes += note_steps([(one.pair.mask, one.look.steps) for one in scan.scanned], _name_values(scan.classes))
    if scan.classes.source == "the values":
        notes.append("the classes have no names; classes.csv, with the header index,name,r,g,b, gives them some")
    both = [
        one.pair.picture
        for one in scan.scanned
        if one.picture.orientation != one.look.orientation
        and (one.picture.orientation in (2, 3, 4) or one.look.size[0] == one.look.size[1])
    ]
    if both:
        notes.append(
            f"{count(len(both), 'picture')} turned by EXIF whose mask would fit unturned, too ({name_some(both)}): "
            "both are taken as they are seen upright; look whether they agree"
        )
    return notes


def _name_values(classes: MaskClasses) -> dict[int, str]:
    return {value: classes.labels[target] for value, target in classes.targets if target != IGNORED}


def note_absent(split: Split) -> list[str]:
    """A class that a part lacks: it cannot be measured there, which is not 0."""
    notes = []
    for part in PARTS:
        counts = split.counts(part)
        absent = [label for label, number in zip(split.labels, counts, strict=True) if not number]
        if absent and split.samples(part):
            told = "learned" if part == "train" else "measured"
            notes.append(f"no pixel of {', '.join(absent)} in {part}: it cannot be {told} there")
    return notes


def tabulate_classes(split: Split, weights: Sequence[float] = ()) -> Table:
    """Share of the pixels and number of pictures of each class, part by part, and its loss weights where given."""
    parts = [part for part in PARTS if split.samples(part)]
    table = Table(title="Classes: share of the pixels (pictures that hold it)", title_justify="left")
    table.add_column("class")
    for part in parts:
        table.add_column(part, justify="right")
    if weights:
        table.add_column("loss weight", justify="right")
    pixels = {part: split.pixel_counts(part) for part in parts}
    counts = {part: split.counts(part) for part in parts}
    for column, label in enumerate((*split.labels, "ignored")):
        shares = {part: pixels[part][column] / max(1, sum(pixels[part])) for part in parts}
        holders = {part: f" ({counts[part][column]:,})" if column < len(split.labels) else "" for part in parts}
        weight = [f"{weights[column]:.2f}"] if column < len(weights) else []
        table.add_row(Text(label), *(f"{shares[part]:.2%}{holders[part]}" for part in parts), *weight)
    return table
