"""RUN/data.html of pictures with masks: the masks laid over their pictures; masks.html beside this has the words."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from ressq_edge.data.split import PARTS, Split
from ressq_edge.pages.data_findings import list_shared_findings
from ressq_edge.pages.data_sections import list_shared, tile_pairs
from ressq_edge.pages.overlays import Overlay, draw_overlay
from ressq_edge.pages.render import bdi, render
from ressq_edge.pages.words import percent
from ressq_edge.reports.data_report import DataReport
from ressq_runtime.errors import RessqError
from ressq_runtime.inputs.picture_spec import PixelSpec

_MOST_SHOWN = 24  # pictures; a page of more would be megabytes
_PER_CLASS = 3
_RARE = 0.001  # share of the pixels
_MANY_IGNORED = 0.5  # share of the pixels
_MANY_SMALL = 0.1  # share of pictures that would have to be enlarged

# Name, colour as CSS or None for what is ignored, and a cell for each part.
Row = tuple[str, str | None, list[str]]


def make_mask_page(name: str, report: DataReport, spec: PixelSpec, notes: Sequence[str], root: Path | None) -> bytes:
    """The page, UTF-8; arguments as `data.make_data_page`."""
    held = [part for part in PARTS if report.split.samples(part)]
    return render(
        "masks.html",
        **list_shared(name, report, spec, notes, root, _list_findings(report, spec)),
        held=held, tiles=_tiles(report), classes=list(_rows(report.split, held)),
        gallery=[] if root is None else list(_gallery(report, root)),
        colours=[("", part, found) for part in PARTS if (found := report.colours(None, part))], left_out=0,
    )  # fmt: skip


def _list_findings(report: DataReport, spec: PixelSpec) -> list[str]:
    """A sentence each, worst first; names in them are marked up."""
    split, found = report.split, list_shared_findings(report, cropped=False)
    for part in PARTS:
        lacking = [label for label, n in zip(split.labels, split.counts(part), strict=True) if not n]
        if lacking and split.samples(part):
            found.append(f"Without a pixel in {part}, so that it cannot be measured there: " + bdi(", ".join(lacking)))
    pixels = np.array(split.pixel_counts("train"), np.float64)
    shares = pixels[:-1] / max(1.0, pixels[:-1].sum())
    if rare := [label for label, share in zip(split.labels, shares, strict=True) if 0 < share < _RARE]:
        found.append(f"Less than {percent(_RARE)} of the training pixels: " + bdi(", ".join(rare)))
    if (ignored := pixels[-1] / max(1.0, pixels.sum())) > _MANY_IGNORED:
        found.append(f"{percent(ignored, 0)} of the training pixels are ignored: nothing is learned from them.")
    sizes = report.survey.sizes()
    small = sum(height < spec.height or width < spec.width for height, width in sizes)
    if small > _MANY_SMALL * len(sizes):
        found.append(
            f"{percent(small / len(sizes), 0)} of the pictures are smaller than the network's input and are enlarged."
        )
    if not split.test:
        found.append("There are no test pictures: no figure will be unbiased.")
    return found


def _tiles(report: DataReport) -> list[tuple[str, str, str]]:
    split = report.split
    pixels = np.array(split.pixel_counts("train"), np.float64)
    shares = pixels[:-1] / max(1.0, pixels[:-1].sum())
    rarest = int(shares.argmin())
    ignored = percent(pixels[-1] / max(1.0, pixels.sum()))
    return [
        ("pictures", f"{report.survey.total:,}", f"{len(split.train):,} to learn from"),
        ("rarest class", percent(float(shares[rarest]), 2), "of the pixels: " + bdi(split.labels[rarest])),
        ("ignored", ignored, "of the training pixels"),
        tile_pairs(report),
    ]


def _rows(split: Split, held: Sequence[str]) -> Iterator[Row]:
    """Each class, and what is ignored, with its share of the pixels and the pictures that hold it in each part."""
    pixels = {part: split.pixel_counts(part) for part in held}
    counts = {part: split.counts(part) for part in held}
    colours = ["#{:02x}{:02x}{:02x}".format(*colour) for colour in split.colours or ()]
    for index, (label, colour) in enumerate(zip(split.labels, colours, strict=True)):
        yield label, colour, [_cell(pixels[part], index, counts[part][index]) for part in held]
    if any(found[-1] for found in pixels.values()):
        yield "ignored", None, [percent(pixels[part][-1] / max(1, sum(pixels[part])), 2) for part in held]


def _cell(pixels: Sequence[int], index: int, holders: int) -> str:
    return f"{percent(pixels[index] / max(1, sum(pixels)), 2)} ({holders:,})" if holders else "absent"


def _gallery(report: DataReport, root: Path) -> Iterator[Overlay]:
    """Training pictures with their masks laid over them, so that each class is seen, the rare ones first."""
    split, masks = report.split, report.split.masks
    if masks is None:
        return
    mask_of = dict(split.train)
    for name in _choose(split, report):
        try:
            yield draw_overlay(root, name, mask_of[name], masks)
        except RessqError:  # it was read a minute ago; it is told where it is needed
            continue


def _choose(split: Split, report: DataReport) -> list[str]:
    """Names of training pictures: some of each class, then any."""
    pixels = dict(split.pixels)
    names = [name for name, _ in split.train if name in pixels and name not in report.unreadable]
    counts = split.counts("train")
    chosen: dict[str, None] = {}
    for index in sorted(range(len(split.labels)), key=lambda index: counts[index]):
        holders = [name for name in names if pixels[name][index]]
        most = sorted(holders, key=lambda name: -pixels[name][index])[: max(_PER_CLASS, len(holders) // 4)]
        each = max(1, min(_PER_CLASS, _MOST_SHOWN // len(split.labels)))
        chosen |= dict.fromkeys(most[number * len(most) // each] for number in range(each) if most)
    chosen |= dict.fromkeys(names[number * len(names) // _MOST_SHOWN] for number in range(_MOST_SHOWN) if names)
    return list(chosen)[:_MOST_SHOWN]
