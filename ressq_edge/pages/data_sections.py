"""The sections of the data page: classes, sizes, colours, EXIF, copies, groups and what cannot be read."""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from xml.etree.ElementTree import Element

import numpy as np

from ressq_edge.data.split import PARTS
from ressq_edge.pages.charts import draw_colours, draw_share, draw_sizes
from ressq_edge.pages.markup import Child, element, label
from ressq_edge.pages.sheet import make_facts, table
from ressq_edge.pages.thumbnails import make_thumbnail
from ressq_edge.pages.words import percent
from ressq_edge.reports.data_report import DataReport
from ressq_runtime.errors import PictureError
from ressq_runtime.inputs.picture import PixelSpec

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


def show_classes(report: DataReport, spec: PixelSpec, root: Path | None) -> Element:
    """How many pictures of each class are in each part, and a few of them."""
    split = report.split
    counts = {part: split.counts(part) for part in PARTS}
    most = max(counts["train"])
    total = sum(map(len, map(split.samples, PARTS)))
    rows: list[list[Child]] = []
    for index, name in enumerate(split.labels):
        numbers = [found[index] for found in counts.values()]
        sides = report.sides(index)
        median = f"{np.median(sides):,.0f}" if len(sides) else "–"
        span = f"{sides.min():,} – {sides.max():,}" if len(sides) else "–"
        rows.append([
            label(name), draw_share(numbers[0] / most), *(f"{n:,}" for n in numbers), percent(sum(numbers) / total),
            median, span,
        ])  # fmt: skip
    heads = ["class", "", *PARTS, "share", "shorter side", "from – to"]
    shown = [] if root is None else [_gallery(report, index, spec, root) for index in _first(split.labels)]
    left = len(split.labels) - len(shown)
    note = None
    if root is None:
        note = element(
            "p", "Trained with --no-thumbnails: no picture and no file name is on this page.", class_="quiet"
        )
    elif left:
        note = element("p", f"The other {left} classes are not shown in pictures.", class_="quiet")
    gallery = element("div", *shown, class_="gallery") if shown else None
    return element("section", element("h2", "Classes"), table(heads, rows, "classes stack"), gallery, note)


def _first(labels: tuple[str, ...]) -> range:
    return range(min(len(labels), _MOST_SHOWN_CLASSES))


def _gallery(report: DataReport, index: int, spec: PixelSpec, root: Path) -> Element:
    """A few training pictures of a class, evenly spread over its files."""
    mine = [name for name, label_index in report.split.train if label_index == index and name not in report.unreadable]
    names = [mine[number * len(mine) // _PER_CLASS] for number in range(_PER_CLASS)] if mine else []
    images = [image for name in dict.fromkeys(names) if (image := _image(root, name, spec)) is not None]
    caption = element("figcaption", label(report.split.labels[index]))
    return element("figure", caption, element("div", *images))


def _image(root: Path, name: str, spec: PixelSpec) -> Element | None:
    try:
        return element("img", src=make_thumbnail(root / name, spec), alt=name, title=name, width="72", height="72")
    except PictureError:  # it was read a minute ago; it is told where it is needed
        return None


def show_sizes(report: DataReport, spec: PixelSpec) -> Element | None:
    """How large the pictures are."""
    sides = report.sides()
    if not len(sides):
        return None
    smaller = int((sides < spec.size).sum())
    text = (
        f"Pixels of the shorter side. The network takes {spec.size} × {spec.size}, cut out of pictures shrunk to "
        f"{spec.resize} (the line); {smaller:,} pictures have fewer than {spec.size} and are enlarged."
    )
    return element("section", element("h2", "Sizes"), element("p", text), draw_sizes(sides.tolist(), spec.resize))


def show_colours(report: DataReport) -> Element:
    """Mean and standard deviation of the channels, of each class in each part."""
    rows: list[list[Child]] = []
    for index, name in enumerate(report.split.labels[:_MOST_COLOURS]):
        head: Child = label(name)
        for part in PARTS:
            found = report.colours(index, part)
            if found is not None:
                told = (f"{mean:.0f} ± {sd:.0f}" for mean, sd in zip(found.mean, found.deviation, strict=True))
                rows.append([head, part, *told, draw_colours(found.mean, found.deviation)])
                head = None  # a class is named once
    text = (
        "A class that differs from the others in brightness or colour alone can be told by that, and the network may. "
        "A part that differs from the others measures something else."
    )
    left = len(report.split.labels) - _MOST_COLOURS
    note = element("p", f"The other {left} classes are left out.", class_="quiet") if left > 0 else None
    shown = table(["class", "part", "red", "green", "blue", "0 to 255"], rows, "channels")
    return element("section", element("h2", "Colours"), element("p", text), shown, note)


def show_exif(report: DataReport) -> Element:
    """What the files tell besides pixels."""
    n = int(report.readable.sum())
    turned = {turn: count for turn, count in sorted(report.orientations.items()) if turn > 1}
    how = ", ".join(f"{count:,} {_TURNS[turn]}" for turn, count in turned.items())
    cameras = report.cameras
    by = "; ".join(f"{name} ({count:,})" for name, count in cameras[:_MOST_CAMERAS])
    more = f"; {len(cameras) - _MOST_CAMERAS} more" if len(cameras) > _MOST_CAMERAS else ""
    without = n - sum(count for _, count in cameras)
    located = f"{report.located:,} pictures: a privacy risk for whoever gets the files" if report.located else "in none"
    facts: list[tuple[str, Child]] = [
        ("where it was taken", element("strong", located) if report.located else located),
        ("stored turned", f"{sum(turned.values()):,} of {n:,} pictures" + (f" ({how})" if how else "")),
        ("cameras", element("span", label(by), f"{more}; {without:,} name none" if by else f"none of {n:,} names one")),
    ]
    return element("section", element("h2", "What the files tell"), make_facts(facts))


def show_near_duplicates(report: DataReport, spec: PixelSpec, root: Path | None) -> Element | None:
    """Pairs of pictures that show the same: those in two parts first, then those in two classes."""
    if report.survey.alike is None:
        return None
    parts = Counter(report.part(one) for one, _ in report.kept)
    kept = ", ".join(f"{parts[part]:,} in {part}" for part in PARTS if parts[part])
    text = (
        f"Pairs in one part, kept together: {kept or 'none'}. Pairs in two parts, as the given folders have them: "
        f"{len(report.torn):,}."
    )
    kept_pairs = sorted(report.kept, key=lambda pair: pair not in report.contradicting)
    pairs = [*report.torn, *kept_pairs]
    cards = [] if root is None else [_pair(report, pair, spec, root) for pair in pairs[:_MOST_PAIRS]]
    left = len(pairs) - len(cards)
    note = element("p", f"{left:,} further pairs are not shown.", class_="quiet") if cards and left else None
    shown = element("div", *cards, class_="cards") if cards else None
    return element("section", element("h2", "Pictures that show the same"), element("p", text), shown, note)


def _pair(report: DataReport, pair: tuple[str, str], spec: PixelSpec, root: Path) -> Element:
    images = (_image(root, name, spec) for name in pair)
    parts = dict.fromkeys(report.part(name) for name in pair)
    classes = dict.fromkeys(report.label(name) for name in pair)
    heads = [
        element("p", label(" and ".join(words)), class_="torn" if len(words) > 1 else "together")
        for words in (parts, classes)
    ]
    names = (element("small", label(name)) for name in pair)
    return element("article", *images, element("div", *heads, *names))


def show_groups(report: DataReport) -> Element | None:
    """How many groups are in each part."""
    if not report.groups:
        return None
    sizes = Counter(report.groups.values())
    inside = {part: {report.groups[name] for name, _ in report.split.samples(part)} for part in PARTS}
    facts: list[tuple[str, Child]] = [
        ("groups", f"{len(sizes):,}, of {min(sizes.values()):,} to {max(sizes.values()):,} pictures"),
        *((part, f"{len(found):,} groups") for part, found in inside.items() if found),
    ]
    text = "Each group, of a patient, a site or a thing, is in one part."
    return element("section", element("h2", "Groups"), element("p", text), make_facts(facts))


def show_unreadable(report: DataReport, *, named: bool) -> Element | None:
    """What could not be decoded, and why."""
    if not report.unreadable:
        return None
    head = element("h2", "Unreadable", element("small", f"{len(report.unreadable):,} pictures"))
    if not named:
        return element("section", head, element("p", "The screen told of them.", class_="quiet"))
    return element("section", head, element("ul", *_list(report.unreadable.values())))


def _list(reasons: Iterable[str]) -> list[Element]:
    told = list(reasons)
    shown = [element("li", label(reason)) for reason in told[:_MOST_NAMED]]
    if len(told) > _MOST_NAMED:
        shown.append(element("li", f"and {len(told) - _MOST_NAMED:,} more"))
    return shown
