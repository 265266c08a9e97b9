"""Does decoding a JPEG at a smaller scale cost accuracy? Every picture with and without, as it is and at 12 megapixels.

    python benchmarks/scaled_decoding.py ARTEFACT FOLDER [--json FILE] [--out bench]

FOLDER holds one folder per class. Scaled is what ressq-infer does; full is the same code with the scale left out.
At 12 megapixels: enlarged by Lanczos, saved as a JPEG of quality 92, in memory.
"""

from __future__ import annotations

import argparse
import io
import json
import math
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

sys.path.append(str(Path(__file__).resolve().parents[1] / "export"))


from circumstances import describe_call, say_call
from matched_pairs.answers import label_pictures
from page.command import publish
from page.content import Bars, Page, Section, Table
from ressq_export.measurement.paired import Drop, measure_drop
from ressq_runtime.classifier import Classifier
from ressq_runtime.inputs.picture import crop, decode

TWELVE_MEGAPIXELS = 12_000_000
QUALITY = 92


@dataclass(frozen=True)
class Comparison:
    """Scaled decoding against full decoding on the same pictures.

    pictures     which: as they are, or at 12 megapixels
    n            how many
    scaled       of them decoded at a smaller scale; on the others there is nothing to compare
    top1_full    share that is answered right after full decoding, 0..1
    top1_scaled  likewise after scaled decoding
    drop         what scaled decoding loses, in pairs; positive where it answers worse
    pixels       mean absolute difference of what the network is given, of 255
    largest      the same of the picture in which it is largest
    """

    pictures: str
    n: int
    scaled: int
    top1_full: float
    top1_scaled: float
    drop: Drop
    pixels: float
    largest: float


def main(argv: list[str] | None = None) -> int:
    """Measures, writes and prints; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("artefact")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--json", metavar="FILE", type=Path, help="the report here, too")
    parser.add_argument("--out", type=Path, metavar="FOLDER", default=Path("bench"), help="default: bench")
    arguments = parser.parse_args(argv)
    report = publish(
        "scaled_decoding.py", lambda: measure(arguments.artefact, arguments.folder), to_page, arguments.out
    )
    if report and arguments.json:
        arguments.json.write_text(json.dumps(report, indent=1) + "\n")
    return 0 if report else 1


def measure(artefact: str, folder: Path) -> dict[str, Any]:
    """The report: the pictures as they are, and at 12 megapixels.

    Raises:
        RessqError: the folder's classes are not the labels, or a picture can't be read.
    """
    classifier = Classifier.load(artefact)
    labelled = label_pictures(folder, classifier.labels)
    comparisons = [
        compare(classifier, labelled, "as they are", Path.read_bytes),
        compare(classifier, labelled, "at 12 megapixels", enlarge),
    ]
    about = {"benchmark": "scaled_decoding", "data": str(Path(*folder.parts[-2:]))}
    return {**about, "comparisons": [asdict(found) for found in comparisons], **describe_call()}


def compare(
    classifier: Classifier, labelled: list[tuple[Path, int]], pictures: str, read: Callable[[Path], bytes]
) -> Comparison:
    """Every picture, as `read` gives it, by both ways of decoding."""
    spec, rows = classifier.spec, []
    for path, truth in labelled:
        data = read(path)
        whole = decode(data)
        small = decode(data, spec.resize)
        full, scaled = crop(whole, spec), spec.prepare(data)[0]
        difference = np.frombuffer(scaled, np.uint8).astype(int) - np.frombuffer(full, np.uint8)
        best = [int(np.argmax(classifier.scores(pixels))) for pixels in (full, scaled)]
        rows.append((truth, *best, small.size != whole.size, np.abs(difference).mean()))
    truths, full_best, scaled_best, smaller, differences = (np.array(column) for column in zip(*rows, strict=True))
    return Comparison(
        pictures,
        len(rows),
        int(smaller.sum()),
        float((full_best == truths).mean()),
        float((scaled_best == truths).mean()),
        measure_drop(full_best, scaled_best, truths),
        float(differences.mean()),
        float(differences.max()),
    )


def enlarge(path: Path) -> bytes:
    """The picture at 12 megapixels, as a JPEG."""
    image, packed = decode(str(path)), io.BytesIO()
    scale = math.sqrt(TWELVE_MEGAPIXELS / (image.width * image.height))
    size = round(image.width * scale), round(image.height * scale)
    image.resize(size, Image.Resampling.LANCZOS).save(packed, "JPEG", quality=QUALITY)
    return packed.getvalue()


def to_page(report: dict[str, Any]) -> Page:
    """A row for each size of the pictures."""
    found = report["comparisons"]
    head = (
        *("Pictures", "n", "Decoded smaller", "Top-1, full", "scaled", "Difference, 95 %", "Agreement"),
        "Pixels, of 255",
    )
    wrong = {way: [100 * (1 - row[f"top1_{way}"]) for row in found] for way in ("full", "scaled")}
    plot = Bars("Pictures answered wrong", "% of the pictures", [row["pictures"] for row in found], wrong)
    text = [f"Top-1 on {report['data']}; what scaled decoding wins, in pairs; what the network is given, of 255."]
    large = found[-1]
    verdict = (
        f"Decoding at a smaller scale changes top-1 by {_change(large)} points on {large['n']:,} pictures "
        f"{large['pictures']}, and {1 - large['drop']['agreement']:.1%} of the answers"
    )
    section = Section("Each picture both ways", text, Table(head, [_row(row) for row in found]), [plot])
    return Page("scaled_decoding", "Scaled decoding", verdict, [], [section], [say_call(report)])


def _row(row: dict[str, Any]) -> list[str]:
    return [
        row["pictures"], str(row["n"]), str(row["scaled"]), f"{row['top1_full']:.2%}", f"{row['top1_scaled']:.2%}",
        _change(row), f"{row['drop']['agreement']:.2%}", f"{row['pixels']:.2f}, at most {row['largest']:.2f}",
    ]  # fmt: skip


def _change(row: dict[str, Any]) -> str:
    """`+0.27 (-1.02 to +1.70)`: points won."""
    return "{:+.2f} ({:+.2f} to {:+.2f})".format(*(0.0 - 100 * row["drop"][key] for key in ("drop", "high", "low")))


if __name__ == "__main__":
    sys.exit(main())
