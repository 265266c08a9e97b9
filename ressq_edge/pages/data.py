"""RUN/data.html: what the pictures are like, before a network learns from them; data.html beside this has the words."""

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ressq_edge.charts.sizes import draw_sizes
from ressq_edge.data.split import PARTS
from ressq_edge.pages.data_findings import list_findings
from ressq_edge.pages.render import render
from ressq_edge.pages.thumbnails import make_thumbnail
from ressq_edge.pages.words import percent
from ressq_edge.reports.data_report import DataReport
from ressq_runtime.errors import PictureError
from ressq_runtime.inputs.picture_spec import PixelSpec

# A page of more pictures than these would be megabytes.
_PER_CLASS = 6
_MOST_SHOWN_CLASSES = 40
_MOST_PAIRS = 24
_MOST_COLOURS = 60  # classes
_MOST_NAMED = 100  # unreadable pictures
_MOST_CAMERAS = 10

_TURNS = {
    2: "mirrored", 3: "upside down", 4: "upside down, mirrored", 5: "on its side, mirrored", 6: "turned to the left",
    7: "on its side, mirrored", 8: "turned to the right",
}  # fmt: skip


def make_data_page(name: str, report: DataReport, spec: PixelSpec, notes: Sequence[str], root: Path | None) -> bytes:
    """The page, UTF-8.

    Args:
        name: of the run.
        report: what is to be said.
        spec: the network's input.
        notes: what was said on the screen; may name files.
        root: the data folder, to show pictures from; None: neither pictures nor their names are shown.
    """
    labels, sides, findings = report.split.labels, report.sides(), list_findings(report, spec)
    pairs = [*report.torn, *sorted(report.kept, key=lambda pair: pair not in report.contradicting)]
    return render(
        "data.html",
        name=name, report=report, spec=spec, notes=notes, named=root is not None, parts=PARTS, findings=findings,
        outcome="lost" if report.torn else "unsure" if findings else "kept", tiles=_tiles(report, spec),
        classes=list(_classes(report)),
        gallery=[] if root is None else [_gallery(report, index, spec, root) for index in _first(labels)],
        smaller=int((sides < min(spec.height, spec.width)).sum()),
        sizes=draw_sizes(sides.tolist(), spec.resize) if len(sides) else None,
        colours=list(_colours(report)), left_out=max(0, len(labels) - _MOST_COLOURS), files=_files(report),
        kept=_count_parts(report), pairs=len(pairs),
        cards=[] if root is None else [_pair(report, pair, spec, root) for pair in pairs[:_MOST_PAIRS]],
        groups=_groups(report), unreadable=list(report.unreadable.values())[:_MOST_NAMED],
    )  # fmt: skip


def _tiles(report: DataReport, spec: PixelSpec) -> list[tuple[str, str, str]]:
    counts, sides = report.split.counts("train"), report.sides()
    pairs = "–" if report.survey.near_duplicates is None else f"{len(report.survey.near_duplicates):,}"
    return [
        ("pictures", f"{report.survey.total:,}", f"{sum(counts):,} to learn from"),
        ("largest to smallest class", f"{report.imbalance:.1f} : 1", f"{max(counts):,} and {min(counts):,} pictures"),
        ("pairs that show the same", pairs, f"{len(report.torn):,} in two parts" if pairs != "–" else "not searched"),
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
    return report.split.labels[index], _show(dict.fromkeys(names), spec, root)


def _show(names: Sequence[str] | dict[str, None], spec: PixelSpec, root: Path) -> list[tuple[str, str]]:
    shown = []
    for name in names:
        try:
            shown.append((name, make_thumbnail(root / name, spec)))
        except PictureError:  # it was read a minute ago; it is told where it is needed
            continue
    return shown


def _colours(report: DataReport) -> Iterator[tuple[str, str, Any]]:
    """Class, part and colours; a class is named once."""
    for index, label in enumerate(report.split.labels[:_MOST_COLOURS]):
        for part in PARTS:
            if (found := report.colours(index, part)) is not None:
                yield label, part, found
                label = ""


def _files(report: DataReport) -> dict[str, Any]:
    """What the files tell besides pixels."""
    turned = {turn: count for turn, count in sorted(report.orientations.items()) if turn > 1}
    cameras, n = report.cameras, int(report.readable.sum())
    return {
        "n": n,
        "turned": sum(turned.values()),
        "turns": ", ".join(f"{count:,} {_TURNS[turn]}" for turn, count in turned.items()),
        "cameras": "; ".join(f"{name} ({count:,})" for name, count in cameras[:_MOST_CAMERAS]),
        "more": max(0, len(cameras) - _MOST_CAMERAS),
        "nameless": n - sum(count for _, count in cameras),
    }


def _count_parts(report: DataReport) -> str:
    """Where the pairs in one part are."""
    found = Counter(report.part(one) for one, _ in report.kept)
    return ", ".join(f"{found[part]:,} in {part}" for part in PARTS if found[part]) or "none"


def _pair(report: DataReport, pair: tuple[str, str], spec: PixelSpec, root: Path) -> dict[str, Any]:
    words = [dict.fromkeys(map(tell, pair)) for tell in (report.part, report.label)]
    heads = [(" and ".join(found), "torn" if len(found) > 1 else "together") for found in words]
    return {"pictures": _show(pair, spec, root), "heads": heads, "names": pair}


def _groups(report: DataReport) -> list[tuple[str, str]]:
    """How many groups there are, and in each part."""
    if not report.groups:
        return []
    sizes = Counter(report.groups.values())
    inside = {part: {report.groups[name] for name, _ in report.split.samples(part)} for part in PARTS}
    head = f"{len(sizes):,}, of {min(sizes.values()):,} to {max(sizes.values()):,} pictures"
    return [("groups", head), *((part, f"{len(found):,} groups") for part, found in inside.items() if found)]
