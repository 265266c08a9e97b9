"""Which damaged pictures are answered all the same, and what does looking for damage cost?

    python benchmarks/damaged_jpegs.py FOLDER [--count 60] [--seed 0] [--json FILE] [--out bench]

Every JPEG below FOLDER is read as it is: none should be named. COUNT of them, drawn by the seed, are damaged in the
data of their scans, as they are and saved again in other ways. Wrong is a picture with more than a tenth of its pixels
off by more than 16 of 255. Where simplejpeg is installed, it is told of which of those libjpeg has no warning either.
The workstation and a device read by the same code.
"""

from __future__ import annotations

import argparse
import io
import json
import random
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from time import process_time
from typing import Any

import numpy as np
import PIL
from PIL import Image, _imaging, features

from circumstances import describe_call, say_call
from damage.ways import DAMAGES, SAVED, data_start
from page.command import publish
from page.content import Page, Section, Table
from ressq_runtime.decoding.upright import BROKEN
from ressq_runtime.errors import FolderError, PictureError
from ressq_runtime.inputs.picture import decode

WRONG = 16  # of 255: more than this, in any channel
MANY_WRONG = 0.1  # of the pixels
INPUT = 224  # what a photo is decoded for
ROUNDS = 7
TWELVE_MEGAPIXELS, QUALITY = 12_000_000, 92


@dataclass(frozen=True)
class Named:
    """What became of some pictures with one kind of damage.

    saved, damage   how they were saved, and what was done to them
    n               pictures
    plain           of them refused by Pillow alone
    wrong           of the others those with more than a tenth of the pixels wrong
    answered        of those not named
    silent          of those without a warning of libjpeg; None where simplejpeg is not installed
    """

    saved: str
    damage: str
    n: int
    plain: int
    wrong: int
    answered: int
    silent: int | None


def main(argv: list[str] | None = None) -> int:
    """Measures, writes and prints; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, default=60, help="photos to damage (default: 60)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", metavar="FILE", type=Path, help="the report here, too")
    parser.add_argument("--out", type=Path, metavar="FOLDER", default=Path("bench"), help="default: bench")
    arguments = parser.parse_args(argv)
    report = publish(
        "damaged_jpegs.py", lambda: measure(arguments.folder, arguments.count, arguments.seed), to_page, arguments.out
    )
    if report and arguments.json:
        arguments.json.write_text(json.dumps(report, indent=1) + "\n")
    return 0 if report else 1


def measure(folder: Path, count: int, seed: int) -> dict[str, Any]:
    """The report.

    Raises:
        FolderError: there are fewer whole JPEGs than are to be damaged.
    """
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in (".jpg", ".jpeg"))
    answered = [path for path in paths if is_answered(path)]
    if len(answered) < count:
        raise FolderError(f"{folder}: found {len(answered)} whole JPEGs, wanted at least {count}; lower --count")
    state = random.Random(seed)
    photos = [path.read_bytes() for path in state.sample(answered, count)]
    kinds = [saved for saved in SAVED if saved != "AVIF" or features.check("avif")]
    return {
        "benchmark": "damaged_jpegs",
        "data": str(Path(*folder.parts[-2:])),
        "whole": {"n": len(paths), "named": len(paths) - len(answered)},
        "damaged": [asdict(damage_all(saved, way, photos, state)) for saved in kinds for way in DAMAGES],
        "milliseconds": {"as they are": time_both(photos), "at 12 megapixels": time_both([enlarge(photos[0])])},
        "versions": {"pillow": PIL.__version__},
        **describe_call(),
    }


def damage_all(saved: str, way: str, photos: list[bytes], state: random.Random) -> Named:
    """Damages each photo once; one that is too short is left out."""
    broken = [(content, DAMAGES[way](content, data_start(content), state)) for content in map(SAVED[saved], photos)]
    pairs = [(content, damaged) for content, damaged in broken if damaged is not None]
    shown = [(content, damaged, read_plain(damaged)) for content, damaged in pairs]
    wrong = [
        damaged
        for content, damaged, pixels in shown
        if pixels is not None and share_wrong(pixels, read_plain(content)) > MANY_WRONG
    ]
    warned = [is_warned_of(damaged) for damaged in wrong]
    return Named(
        saved,
        way,
        len(pairs),
        sum(pixels is None for *_, pixels in shown),
        len(wrong),
        sum(map(is_answered, wrong)),
        None if None in warned else warned.count(False),
    )


def is_answered(picture: Path | bytes) -> bool:
    """Whether a picture is answered."""
    try:
        decode(picture)
    except PictureError:
        return False
    return True


def is_warned_of(content: bytes) -> bool | None:
    """Whether libjpeg warns of a JPEG; None: simplejpeg is missing, or it is none."""
    try:
        import simplejpeg
    except ImportError:
        return None
    if content[:2] != b"\xff\xd8":
        return None
    try:
        simplejpeg.decode_jpeg(content, "GRAY", min_height=1, min_width=1, min_factor=8, strict=True)
    except ValueError:
        return True
    return False


def read_plain(content: bytes) -> np.ndarray[Any, Any] | None:
    """What Pillow alone makes of it, int (H, W, 3); None: it is refused."""
    try:
        with Image.open(io.BytesIO(content)) as image:
            return np.asarray(image.convert("RGB")).astype(int)
    except BROKEN:
        return None


def share_wrong(one: np.ndarray[Any, Any], other: np.ndarray[Any, Any] | None) -> float:
    """Of the pixels; all of a picture of another size."""
    if other is None or one.shape != other.shape:
        return 1.0
    return float((np.abs(one - other).max(2) > WRONG).mean())


def time_both(photos: list[bytes]) -> dict[str, float]:
    """Milliseconds of processor time a photo for decoding it, in turn: the median of ROUNDS."""
    spent: dict[str, list[float]] = {"checked": [], "unchecked": []}
    version = _imaging.PILLOW_VERSION
    for _ in range(ROUNDS):
        for way, found in spent.items():
            _imaging.PILLOW_VERSION = version if way == "checked" else "unknown"  # Pillow's own way is taken
            started = process_time()
            for photo in photos:
                decode(photo, INPUT)
            found.append((process_time() - started) * 1000 / len(photos))
    _imaging.PILLOW_VERSION = version
    return {way: round(median(found), 3) for way, found in spent.items()}


def enlarge(photo: bytes) -> bytes:
    """The photo at 12 megapixels."""
    packed = io.BytesIO()
    with Image.open(io.BytesIO(photo)) as image:
        scale = (TWELVE_MEGAPIXELS / (image.width * image.height)) ** 0.5
        size = round(image.width * scale), round(image.height * scale)
        image.resize(size, Image.Resampling.LANCZOS).save(packed, "JPEG", quality=QUALITY)
    return packed.getvalue()


def to_page(report: dict[str, Any]) -> Page:
    """A row for each way of saving and damaging."""
    whole, rows = report["whole"], report["damaged"]
    head = ("Saved", "Damage", "n", "Refused by Pillow", "Wrong", "Answered", "Without a warning")
    keys = ("saved", "damage", "n", "plain", "wrong", "answered", "silent")
    cells = [["" if row[key] is None else str(row[key]) for key in keys] for row in rows]
    times = [[name, f"{ms['unchecked']:.2f}", f"{ms['checked']:.2f}"] for name, ms in report["milliseconds"].items()]
    zeros = rows[0]
    verdict = (
        f"Of {zeros['wrong']} photos with more than a tenth of the pixels wrong behind {zeros['damage']}, "
        f"{zeros['answered']} are answered all the same; of {whole['n']:,} whole ones {whole['named']} are named"
    )
    text = [f"{report['data']}, damaged in the data of their scans; Pillow {report['versions']['pillow']}."]
    sections = [
        Section("Which are answered all the same", text, Table(head, cells)),
        Section(
            "What it costs",
            ["Processor time for decoding a photo for an input of 224, in turn."],
            Table(("Photo", "Pillow's way, ms", "with the check, ms"), times),
        ),
    ]
    return Page("damaged_jpegs", "Damaged pictures", verdict, [], sections, [say_call(report)])


if __name__ == "__main__":
    sys.exit(main())
