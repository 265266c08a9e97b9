"""RUN/data.html: what the pictures are like, before a network learns from them; data.html beside this has the words."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ressq_edge.charts.sizes import draw_sizes
from ressq_edge.data.split import PARTS
from ressq_edge.pages.data_findings import list_findings
from ressq_edge.pages.data_sections import list_shared, show, tile_pairs
from ressq_edge.pages.render import render
from ressq_edge.pages.words import percent
from ressq_edge.reports.data_report import DataReport
from ressq_runtime.inputs.picture_spec import PixelSpec

# A page of more pictures than these would be megabytes.
_PER_CLASS = 6
_MOST_SHOWN_CLASSES = 40
_MOST_COLOURS = 60  # classes


def make_data_page(name: str, report: DataReport, spec: PixelSpec, notes: Sequence[str], root: Path | None) -> bytes:
    """The page, UTF-8.

    Args:
        name: of the run.
        report: what is to be said.
        spec: the network's input.
        notes: what was said on the screen; may name files.
        root: the data folder, to show pictures from; None: neither pictures nor their names are shown.
    """
    labels, sides = report.split.labels, report.sides()
    return render(
        "data.html",
        **list_shared(name, report, spec, notes, root, list_findings(report, spec)),
        tiles=_tiles(report, spec), classes=list(_classes(report)),
        gallery=[] if root is None else [_gallery(report, index, spec, root) for index in _first(labels)],
        smaller=int((sides < min(spec.height, spec.width)).sum()),
        sizes=draw_sizes(sides.tolist(), spec.resize) if len(sides) else None,
        colours=list(_colours(report)), left_out=max(0, len(labels) - _MOST_COLOURS),
    )  # fmt: skip


def _tiles(report: DataReport, spec: PixelSpec) -> list[tuple[str, str, str]]:
    counts, sides = report.split.counts("train"), report.sides()
    return [
        ("pictures", f"{report.survey.total:,}", f"{sum(counts):,} to learn from"),
        ("largest to smallest class", f"{report.imbalance:.1f} : 1", f"{max(counts):,} and {min(counts):,} pictures"),
        tile_pairs(report),
        (
            "shorter side",
            f"{np.median(sides):,.0f} px" if len(sides) else "–",
            f"the network takes {min(spec.height, spec.width)}",
        ),
    ]


def _classes(report: DataReport) -> Iterator[dict[str, Any]]:
    """How many pictures of each class are in each part, and how large they are."""
    counts = [report.split.counts(part) for part in PARTS]
    most, total = max(counts[0]), sum(map(sum, counts))
    for index, (label, *numbers) in enumerate(zip(report.split.labels, *counts, strict=True)):
        sides = report.sides(index)
        yield {
            "label": label,
            "length": numbers[0] / most,
            "counts": [f"{n:,}" for n in numbers],
            "share": percent(sum(numbers) / total),
            "median": f"{np.median(sides):,.0f}" if len(sides) else "–",
            "span": f"{sides.min():,} – {sides.max():,}" if len(sides) else "–",
        }


def _first(labels: tuple[str, ...]) -> range:
    return range(min(len(labels), _MOST_SHOWN_CLASSES))


def _gallery(report: DataReport, index: int, spec: PixelSpec, root: Path) -> tuple[str, list[tuple[str, str]]]:
    """A class, and names and thumbnails of a few of its training pictures, evenly spread over its files."""
    mine = [name for name, label_index in report.split.train if label_index == index and name not in report.unreadable]
    names = [mine[number * len(mine) // _PER_CLASS] for number in range(_PER_CLASS)] if mine else []
    return report.split.labels[index], show(dict.fromkeys(names), spec, root)


def _colours(report: DataReport) -> Iterator[tuple[str, str, Any]]:
    """Class, part and colours; a class is named once."""
    for index, label in enumerate(report.split.labels[:_MOST_COLOURS]):
        for part in PARTS:
            if (found := report.colours(index, part)) is not None:
                yield label, part, found
                label = ""
