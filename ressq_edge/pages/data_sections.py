"""What a page of a run's pictures shows whatever is learned from them: files, near duplicates, groups, faults."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ressq_edge.data.split import PARTS
from ressq_edge.pages.thumbnails import make_thumbnail
from ressq_edge.reports.data_report import DataReport
from ressq_runtime.errors import PictureError
from ressq_runtime.inputs.picture_spec import PixelSpec

# A page of more than these would be megabytes.
_MOST_PAIRS = 24
_MOST_NAMED = 100  # unreadable pictures
_MOST_CAMERAS = 10

_TURNS = {
    2: "mirrored", 3: "upside down", 4: "upside down, mirrored", 5: "on its side, mirrored", 6: "turned to the left",
    7: "on its side, mirrored", 8: "turned to the right",
}  # fmt: skip


def list_shared(
    name: str, report: DataReport, spec: PixelSpec, notes: Sequence[str], root: Path | None, findings: Sequence[str]
) -> dict[str, Any]:
    """What the templates of such pages want; arguments as `data.make_data_page`, and what stands out."""
    pairs = [*report.torn, *sorted(report.kept, key=lambda pair: pair not in report.contradicting)]
    return {
        "name": name, "report": report, "spec": spec, "notes": notes, "named": root is not None, "parts": PARTS,
        "findings": findings, "outcome": "lost" if report.torn else "unsure" if findings else "kept",
        "files": _files(report), "kept": _count_parts(report), "pairs": len(pairs),
        "cards": [] if root is None else [_pair(report, pair, spec, root) for pair in pairs[:_MOST_PAIRS]],
        "groups": _groups(report), "unreadable": list(report.unreadable.values())[:_MOST_NAMED],
    }  # fmt: skip


def tile_pairs(report: DataReport) -> tuple[str, str, str]:
    """How many pairs show the same, and how many of those are in two parts."""
    if report.survey.near_duplicates is None:
        return "pairs that show the same", "–", "not searched"
    pairs = len(report.survey.near_duplicates)
    return "pairs that show the same", f"{pairs:,}", f"{len(report.torn):,} in two parts"


def show(names: Sequence[str] | dict[str, None], spec: PixelSpec, root: Path) -> list[tuple[str, str]]:
    """Names and thumbnails of pictures, without those that can't be read any more."""
    shown = []
    for name in names:
        try:
            shown.append((name, make_thumbnail(root / name, spec)))
        except PictureError:  # it was read a minute ago; it is told where it is needed
            continue
    return shown


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
    tells = (report.part,) if report.split.masks else (report.part, report.label)
    words = [dict.fromkeys(map(tell, pair)) for tell in tells]
    heads = [(" and ".join(found), "torn" if len(found) > 1 else "together") for found in words]
    return {"pictures": show(pair, spec, root), "heads": heads, "names": pair}


def _groups(report: DataReport) -> list[tuple[str, str]]:
    """How many groups there are, and in each part."""
    if not report.groups:
        return []
    sizes = Counter(report.groups.values())
    inside = {part: {report.groups[name] for name, _ in report.split.samples(part)} for part in PARTS}
    head = f"{len(sizes):,}, of {min(sizes.values()):,} to {max(sizes.values()):,} pictures"
    return [("groups", head), *((part, f"{len(found):,} groups") for part, found in inside.items() if found)]
