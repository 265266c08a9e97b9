"""Does decoding a JPEG at a smaller scale cost accuracy? Every picture with and without, as it is and at 12 megapixels.

    python benchmarks/scaled_decoding.py ARTEFACT FOLDER [--json FILE]

FOLDER holds one folder per class. Scaled is what ressq-infer does; full is the same code with the scale left out.
At 12 megapixels: enlarged by Lanczos, saved as a JPEG of quality 92, in memory. Prints Markdown.
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

import numpy as np
from PIL import Image

from ressq_export.evaluation import labelled_folder
from ressq_export.paired import Drop, measure_drop
from ressq_runtime.answer import prepare
from ressq_runtime.classify import Classifier
from ressq_runtime.errors import RessqError
from ressq_runtime.pixels import crop, decode

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
    """Measures, prints, and returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("artefact")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--json", metavar="FILE", type=Path, help="also as JSON")
    arguments = parser.parse_args(argv)
    try:
        classifier = Classifier.load(arguments.artefact)
        labelled = labelled_folder(arguments.folder, classifier.labels)
        comparisons = [
            compare(classifier, labelled, "as they are", Path.read_bytes),
            compare(classifier, labelled, "at 12 megapixels", enlarge),
        ]
    except RessqError as error:
        print(f"scaled_decoding: {error}", file=sys.stderr)
        return 1
    if arguments.json:
        arguments.json.write_text(json.dumps([asdict(found) for found in comparisons], indent=1) + "\n")
    print(markdown(comparisons))
    return 0


def compare(
    classifier: Classifier, labelled: list[tuple[Path, int]], pictures: str, read: Callable[[Path], bytes]
) -> Comparison:
    """Every picture, as `read` gives it, by both ways of decoding."""
    spec, rows = classifier.spec, []
    for path, truth in labelled:
        data = read(path)
        whole = decode(data)
        small = decode(data, spec.resize)
        full, scaled = crop(whole, spec), prepare(data, spec)[0]
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


def markdown(comparisons: list[Comparison]) -> str:
    """The comparisons as a table."""
    lines = [
        "| Pictures | n | Decoded smaller | Top-1, full | scaled | Difference, 95 % | Agreement | Pixels, of 255 |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for found in comparisons:
        low, difference, high = (-100 * share for share in (found.drop.high, found.drop.drop, found.drop.low))
        lines.append(
            f"| {found.pictures} | {found.n} | {found.scaled} | {found.top1_full:.2%} | {found.top1_scaled:.2%} "
            f"| {difference + 0.0:+.2f} ({low:+.2f} to {high:+.2f}) | {found.drop.agreement:.2%} "
            f"| {found.pixels:.2f}, at most {found.largest:.2f} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
