"""RUN/data.html: what the pictures are like, before a network learns from them."""

from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from xml.etree.ElementTree import Element

import numpy as np

from ressq_edge.data.image_issues import MANY_BLACK, STRETCH, black_share, tell_blank, tell_long
from ressq_edge.data.split import PARTS
from ressq_edge.pages.data_sections import (
    show_classes,
    show_colours,
    show_exif,
    show_groups,
    show_near_duplicates,
    show_sizes,
    show_unreadable,
)
from ressq_edge.pages.markup import Child, element, label
from ressq_edge.pages.sheet import make_facts, make_header, make_sheet, make_verdict
from ressq_edge.pages.words import percent
from ressq_edge.reports.data_report import FEWEST_OF_A_CLASS, LARGEST_IMBALANCE, DataReport
from ressq_runtime.inputs.picture import PixelSpec

_MANY_SMALL = 0.1  # share of pictures that would have to be enlarged


def make_data_page(name: str, report: DataReport, spec: PixelSpec, notes: Sequence[str], root: Path | None) -> bytes:
    """The page, UTF-8.

    Args:
        name: of the run.
        report: what is to be said.
        spec: the network's input.
        notes: what was said on the screen; may name files.
        root: the data folder, to show pictures from; None: neither pictures nor their names are shown.
    """
    main = element(
        "main", _header(name, report), _verdict(report, spec), show_classes(report, spec, root),
        show_sizes(report, spec), show_colours(report), show_exif(report), show_near_duplicates(report, spec, root),
        show_groups(report), show_unreadable(report, named=root is not None), _notes(notes, named=root is not None),
        _meanings(),
    )  # fmt: skip
    style = (files(__package__) / "data.css").read_text(encoding="utf-8")
    return make_sheet(f"{name}: data", main, style)


def _header(name: str, report: DataReport) -> Element:
    split = report.split
    origin = {"folders": "parts as the folders have them", "seeded": f"parts drawn by seed {split.seed}"}[split.origin]
    line = f"{report.survey.total:,} pictures, {len(split.labels)} classes, {origin}"
    if len(report.survey.names) < report.survey.total:
        line += f"; sizes, colours and EXIF of {len(report.survey.names):,} of them, evenly spread"
    return make_header("ressq-edge data", name, element("p", line, class_="quiet"))


def _verdict(report: DataReport, spec: PixelSpec) -> Element:
    found = _findings(report, spec)
    outcome = "lost" if report.torn else "unsure" if found else "kept"
    headline = {0: "Nothing stands out", 1: "One thing to look at"}.get(len(found), f"{len(found)} things to look at")
    counts = report.split.counts("train")
    alike = "–" if report.survey.alike is None else f"{len(report.survey.alike):,}"
    sides = report.sides()
    tiles = [
        ("pictures", f"{report.survey.total:,}", f"{sum(counts):,} to learn from"),
        ("largest to smallest class", f"{report.imbalance:.1f} : 1", f"{max(counts):,} and {min(counts):,} pictures"),
        ("pairs that show the same", alike, f"{len(report.torn):,} in two parts" if alike != "–" else "not searched"),
        ("shorter side", f"{np.median(sides):,.0f} px" if len(sides) else "–", f"the network takes {spec.size}"),
    ]
    sentences: list[Child] = list(found) or ["No copies in two parts, no unreadable pictures, no positions in files."]
    return make_verdict(outcome, headline, sentences, tiles)


def _findings(report: DataReport, spec: PixelSpec) -> list[Child]:
    """What a person should look at, worst first, a sentence each."""
    split, found = report.split, list[Child]()
    if report.torn:
        found.append(
            f"{len(report.torn):,} pairs of pictures in two parts show the same: figures on val and test will look "
            "better than they are."
        )
    if report.contradicting:
        found.append(
            f"{len(report.contradicting):,} pairs of pictures that show the same are in two classes: one label of each "
            "pair may be wrong."
        )
    if report.survey.alike is None:
        found.append("Pictures that show the same were not searched among so many: --compare-all does it.")
    if report.unreadable:
        found.append(f"{len(report.unreadable):,} pictures cannot be read.")
    found += _oddities(report)
    if report.located:
        found.append(
            f"Privacy: {report.located:,} pictures tell in their EXIF data or GeoTIFF tags where they were taken. No "
            "part of that enters the run or an artefact; remove it before you share the pictures."
        )
    if report.imbalance > LARGEST_IMBALANCE:
        found.append(
            f"The largest class has {report.imbalance:.0f} times as many training pictures as the smallest; weights in "
            "the loss make up for a part of that, more pictures of the rare classes for more."
        )
    rare = [name for name, n in zip(split.labels, split.counts("train"), strict=True) if n < FEWEST_OF_A_CLASS]
    if rare:
        shown = ", ".join(rare[:5]) + (f" and {len(rare) - 5} more" if len(rare) > 5 else "")
        found.append(element("span", f"Fewer than {FEWEST_OF_A_CLASS} training pictures: ", label(shown), "."))
    small = float((report.sides() < spec.size).mean()) if len(report.sides()) else 0.0
    if small > _MANY_SMALL:
        found.append(f"{percent(small, 0)} of the pictures are smaller than the network's input and are enlarged.")
    missing = [part for part in PARTS if not split.samples(part)]
    if missing:
        found.append("There are no test pictures: no figure will be unbiased.")
    return found


def _oddities(report: DataReport) -> list[Child]:
    """What the network sees otherwise than a person."""
    found: list[Child] = []
    if (black := black_share(report.survey)) > MANY_BLACK:
        found.append(f"{percent(black, 0)} of the pictures are nearly black: {STRETCH}.")
    if blank := tell_blank(report.survey, named=False):
        found.append(f"{blank}.")
    if long := tell_long(report.survey):
        found.append(f"{long}.")
    return found


def _notes(notes: Sequence[str], *, named: bool) -> Element | None:
    if not notes:
        return None
    listed = [element("li", label(note)) for note in notes]
    told = element("ul", *listed) if named else element("p", "They may name files: see summary.md.", class_="quiet")
    return element("section", element("h2", "Notes of the run"), told)


def _meanings() -> Element:
    meanings: list[tuple[str, Child]] = [
        ("colours", "of pictures shrunk to 64 × 64 pixels: mean and one standard deviation of each channel, 0 to 255"),
        ("EXIF", "of a picture's file; positions are counted, never kept; pictures are turned upright before all else"),
        ("show the same", "copies, also saved again, scaled or brightened; mirrored and cropped ones are not found"),
        ("shorter side", "of the picture as stored; what is larger than the network's input is shrunk"),
    ]  # fmt: skip
    return element("footer", make_facts(meanings))
